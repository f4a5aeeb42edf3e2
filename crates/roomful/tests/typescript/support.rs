//! A socket for any type, and what is generated for it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::marker::PhantomData;

use roomful::{Deny, Framework, Rooms, Socket, SocketChannel, TS, Upgrade};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What has a name of its own in TypeScript where a client sends `T`, or why there is no TypeScript.
pub(crate) fn incoming<T: TS + DeserializeOwned + Send>() -> Result<String, String> {
    generated::<T, ()>()
}

/// The same where the server sends it.
pub(crate) fn outgoing<T: TS + Serialize>() -> Result<String, String> {
    generated::<(), T>()
}

/// The same where both do.
pub(crate) fn both<T: TS + Serialize + DeserializeOwned + Send>() -> Result<String, String> {
    generated::<T, T>()
}

/// What is written where the server sends `T`.
pub(crate) fn inline<T: TS + Serialize>() -> String {
    let text = file::<(), T>().unwrap();
    let from = text.find("outgoing: ").unwrap() + "outgoing: ".len();
    let rest = &text[from..];
    let end = rest.find(";\n  }>(").or_else(|| rest.find(" }>(")).unwrap();
    rest[..end].to_owned()
}

/// Where the bigints are in what the server sends: what is said of its types, and what of itself.
pub(crate) fn plans<T: TS + Serialize>() -> (String, String) {
    let text = file::<(), T>().unwrap();
    let from = text.find("const bigints = ").unwrap();
    let types = &text[from..text.find("\n\nexport const").unwrap()];
    let (_, used) = text.rsplit_once("    bigints,\n").unwrap();
    (types.to_owned(), used.lines().next().unwrap().trim().trim_end_matches(',').to_owned())
}

/// Why there is no TypeScript for it.
pub(crate) fn refusal(generated: Result<String, String>) -> String {
    generated.unwrap_err()
}

#[track_caller]
pub(crate) fn writes<T: Serialize>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
}

#[track_caller]
pub(crate) fn reads<T: DeserializeOwned>(json: &[&str]) {
    for json in json {
        let read: Result<T, _> = serde_json::from_str(json);
        assert!(read.is_ok(), "{json}: {}", read.err().unwrap());
    }
}

#[track_caller]
pub(crate) fn does_not_read<T: DeserializeOwned>(json: &[&str]) {
    for json in json {
        assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
    }
}

fn generated<I: TS + DeserializeOwned + Send, O: TS + Serialize>() -> Result<String, String> {
    let text = file::<I, O>()?;
    let (_, text) = text.split_once("\n\n").unwrap();
    let (declarations, _) = text.split_once("export const").unwrap();
    let declarations = declarations.split_once("const bigints").map_or(declarations, |(before, _)| before);
    Ok(declarations.trim().to_owned())
}

fn file<I: TS + DeserializeOwned + Send, O: TS + Serialize>() -> Result<String, String> {
    let says = || Says(PhantomData::<fn() -> (I, O)>);
    let rooms = Rooms::new().module("m", |m| m.socket("s", says())).build().unwrap();
    rooms.typescript(Framework::None).map(|text| text.to_string()).map_err(|error| error.to_string())
}

struct Key<I, O>(PhantomData<fn() -> (I, O)>);

impl<I, O> Clone for Key<I, O> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<I: TS + DeserializeOwned + Send, O: TS + Serialize> SocketChannel for Key<I, O> {
    const PATTERN: &'static str = "";
    type Incoming = I;
    type Outgoing = O;

    fn from_params(_: &roomful::__private::Params) -> Result<Self, roomful::__private::KeyError> {
        Ok(Self(PhantomData))
    }

    fn to_params(&self) -> roomful::__private::Params {
        std::iter::empty::<(&str, &str)>().collect()
    }

    fn describe(types: &mut roomful::__private::TypeSink) {
        roomful::__describe_socket!(types, Incoming = I, Outgoing = O);
    }
}

struct Says<I, O>(PhantomData<fn() -> (I, O)>);

impl<I: TS + DeserializeOwned + Send, O: TS + Serialize> Socket for Says<I, O> {
    type Channel = Key<I, O>;
    type Data = ();

    async fn data(&self, _: &Upgrade<Self::Channel>) -> Result<(), Deny> {
        Ok(())
    }
}
