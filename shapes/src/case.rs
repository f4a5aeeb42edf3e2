//! One type, and what can be done with it.

use std::marker::PhantomData;

use roomful::__private::{KeyError, Params, TypeSink};
use roomful::{Deny, Framework, Rooms, RoomsBuilder, Socket, SocketChannel, TS, TypescriptError, Upgrade};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type with values of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Whether there is TypeScript for what is read, or why not.
    pub(crate) incoming: Result<(), String>,
    /// The same for what is written.
    pub(crate) outgoing: Result<(), String>,
    /// As they are written.
    pub(crate) values: Vec<Result<String, String>>,
    /// Reads JSON, and writes anew what was read.
    pub(crate) read: fn(&str) -> Result<Result<String, String>, String>,
    add: fn(RoomsBuilder, &'static str, bool, bool) -> RoomsBuilder,
}

pub(crate) fn case<T: TS + Serialize + DeserializeOwned + Send>(name: &'static str, values: fn() -> Vec<T>) -> Case {
    let said = |incoming, outgoing| {
        let rooms = add::<T>(Rooms::new(), name, incoming, outgoing).build().map_err(|error| error.to_string())?;
        rooms.typescript(Framework::None).map(|_| ()).map_err(|error| error.to_string())
    };
    let (incoming, outgoing) = (said(true, false), said(false, true));
    let written = if outgoing.is_ok() { values().iter().map(write).collect() } else { Vec::new() };
    Case { name, incoming, outgoing, values: written, read: read::<T>, add: add::<T> }
}

/// The file for all of them, each in the directions in which it can be said.
pub(crate) fn typescript(cases: &[Case]) -> Result<String, Box<dyn std::error::Error>> {
    let add = |rooms, case: &Case| (case.add)(rooms, case.name, case.incoming.is_ok(), case.outgoing.is_ok());
    let rooms = cases.iter().fold(Rooms::new(), add).build()?;
    let text: Result<_, TypescriptError> = rooms.typescript(Framework::None);
    Ok(text?.to_string())
}

fn write<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn read<T: Serialize + DeserializeOwned>(json: &str) -> Result<Result<String, String>, String> {
    serde_json::from_str::<T>(json).map(|value| write(&value)).map_err(|error| error.to_string())
}

fn add<T: TS + Serialize + DeserializeOwned + Send>(
    rooms: RoomsBuilder,
    name: &'static str,
    incoming: bool,
    outgoing: bool,
) -> RoomsBuilder {
    match (incoming, outgoing) {
        (true, true) => rooms.module("m", |m| m.socket(name, Says::<T, T>::new())),
        (true, false) => rooms.module("m", |m| m.socket(name, Says::<T, ()>::new())),
        (false, true) => rooms.module("m", |m| m.socket(name, Says::<(), T>::new())),
        (false, false) => rooms,
    }
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

    fn from_params(_: &Params) -> Result<Self, KeyError> {
        Ok(Self(PhantomData))
    }

    fn to_params(&self) -> Params {
        std::iter::empty::<(&str, &str)>().collect()
    }

    fn describe(types: &mut TypeSink) {
        roomful::__describe_socket!(types, Incoming = I, Outgoing = O);
    }
}

struct Says<I, O>(PhantomData<fn() -> (I, O)>);

impl<I, O> Says<I, O> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<I: TS + DeserializeOwned + Send, O: TS + Serialize> Socket for Says<I, O> {
    type Channel = Key<I, O>;
    type Data = ();

    async fn data(&self, _: &Upgrade<Self::Channel>) -> Result<(), Deny> {
        Ok(())
    }
}
