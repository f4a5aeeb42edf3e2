//! A socket for any type, and what is generated for it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::cell::Cell;

use roomful::__private::{KeyError, Params, TypeSink};
use roomful::{Deny, Framework, Rooms, Socket, SocketChannel, TS, Upgrade};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What has a name of its own in TypeScript where a client sends `T`, or why there is no TypeScript.
pub(crate) fn incoming<T: TS + DeserializeOwned>() -> Result<String, String> {
    generated::<T, ()>()
}

/// The same where the server sends it.
pub(crate) fn outgoing<T: TS + Serialize>() -> Result<String, String> {
    generated::<(), T>()
}

/// The same where both do.
pub(crate) fn both<T: TS + Serialize + DeserializeOwned>() -> Result<String, String> {
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

fn generated<I: TS + DeserializeOwned, O: TS + Serialize>() -> Result<String, String> {
    let text = file::<I, O>()?;
    let (_, text) = text.split_once("\n\n").unwrap();
    let (declarations, _) = text.split_once("export const").unwrap();
    let declarations = declarations.split_once("const bigints").map_or(declarations, |(before, _)| before);
    Ok(declarations.trim().to_owned())
}

fn file<I: TS + DeserializeOwned, O: TS + Serialize>() -> Result<String, String> {
    DESCRIBE.set(describe::<I, O>);
    let rooms = Rooms::new().module("m", |m| m.socket("s", Says)).build().unwrap();
    rooms.typescript(Framework::None).map(|text| text.to_string()).map_err(|error| error.to_string())
}

/// Says what a client sends and what the server does.
type Describe = fn(&mut TypeSink);

thread_local! {
    /// What the socket says of itself. Were its types its own, all that a socket is made of would be compiled for each pair of them.
    static DESCRIBE: Cell<Describe> = const { Cell::new(describe::<(), ()>) };
}

fn describe<I: TS + DeserializeOwned, O: TS + Serialize>(types: &mut TypeSink) {
    roomful::__describe_socket!(types, Incoming = I, Outgoing = O);
}

#[derive(Clone)]
struct Key;

impl SocketChannel for Key {
    const PATTERN: &'static str = "";
    type Incoming = ();
    type Outgoing = ();

    fn from_params(_: &Params) -> Result<Self, KeyError> {
        Ok(Self)
    }

    fn to_params(&self) -> Params {
        std::iter::empty::<(&str, &str)>().collect()
    }

    fn describe(types: &mut TypeSink) {
        DESCRIBE.get()(types);
    }
}

struct Says;

impl Socket for Says {
    type Channel = Key;
    type Data = ();

    async fn data(&self, _: &Upgrade<Self::Channel>) -> Result<(), Deny> {
        Ok(())
    }
}
