//! One type, and what can be done with it.

use std::cell::RefCell;
use std::collections::VecDeque;

use roomful::__private::{KeyError, Params, TypeSink};
use roomful::{Deny, Framework, ModuleBuilder, Rooms, Socket, SocketChannel, TS, Upgrade};
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
    /// The directions in which it can be said; `None` where there is none.
    describe: Option<Describe>,
}

pub(crate) fn case<T: TS + Serialize + DeserializeOwned>(name: &'static str, values: fn() -> Vec<T>) -> Case {
    let said = |describe| typescript_of([(name, describe)]).map(|_| ());
    let (incoming, outgoing) = (said(describe::<T, ()> as Describe), said(describe::<(), T>));
    let written = if outgoing.is_ok() { values().iter().map(write).collect() } else { Vec::new() };
    let describe: Option<Describe> = match (&incoming, &outgoing) {
        (Ok(()), Ok(())) => Some(describe::<T, T>),
        (Ok(()), Err(_)) => Some(describe::<T, ()>),
        (Err(_), Ok(())) => Some(describe::<(), T>),
        (Err(_), Err(_)) => None,
    };
    Case { name, incoming, outgoing, values: written, read: read::<T>, describe }
}

/// The file for all of them, each in the directions in which it can be said.
pub(crate) fn typescript(cases: &[Case]) -> Result<String, String> {
    typescript_of(cases.iter().filter_map(|case| Some((case.name, case.describe?))))
}

/// The file with a socket of each name, for the types that are described.
fn typescript_of(sockets: impl IntoIterator<Item = (&'static str, Describe)>) -> Result<String, String> {
    let (names, describe): (Vec<_>, VecDeque<_>) = sockets.into_iter().unzip();
    DESCRIBE.set(describe);
    let says = |module: ModuleBuilder| names.iter().fold(module, |module, name| module.socket(name, Says));
    let rooms = Rooms::new().module("m", says).build().map_err(|error| error.to_string())?;
    rooms.typescript(Framework::None).map(|text| text.to_string()).map_err(|error| error.to_string())
}

fn write<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn read<T: Serialize + DeserializeOwned>(json: &str) -> Result<Result<String, String>, String> {
    serde_json::from_str::<T>(json).map(|value| write(&value)).map_err(|error| error.to_string())
}

/// Says what a client sends and what the server does.
type Describe = fn(&mut TypeSink);

thread_local! {
    /// Of each socket that there is, in their order. Were its types its own, all that a socket is made of would be compiled for each.
    static DESCRIBE: RefCell<VecDeque<Describe>> = const { RefCell::new(VecDeque::new()) };
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
        let next = DESCRIBE.with_borrow_mut(|sockets| {
            sockets.rotate_left(1.min(sockets.len()));
            sockets.back().copied()
        });
        if let Some(describe) = next {
            describe(types);
        }
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
