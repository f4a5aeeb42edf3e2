//! The cases of the Autobahn suite (<https://github.com/crossbario/autobahn-testsuite>), written out: what its client
//! sends, and what a strict server makes of it.
//!
//! Every case is tried however the network may cut it: whole, frame by frame, octet by octet and in odd parts. Sizes and
//! counts of categories 9, 12 and 13 are scaled down; nothing else is.

mod close;
mod compression;
mod fragmentation;
mod framing;
mod limits;
mod utf8;

use roomful_websocket::{CloseFrame, Event};

use crate::client::Frame;
use crate::oracle::decode;

/// The most that a message may have here: as large as the largest case.
const MAX_MESSAGE: usize = 256 * 1024;

/// A case of the suite.
struct Case {
    id: String,
    frames: Vec<Frame>,
    compressed: bool,
    expected: Vec<Event<'static>>,
    fails_with: Option<u16>,
}

impl Case {
    fn new(id: impl Into<String>, frames: impl IntoIterator<Item = Frame>) -> Self {
        Self {
            id: id.into(),
            frames: frames.into_iter().collect(),
            compressed: false,
            expected: Vec::new(),
            fails_with: None,
        }
    }

    /// What is to come out, before the failure if there is one.
    fn gives(self, events: impl IntoIterator<Item = Event<'static>>) -> Self {
        Self { expected: events.into_iter().collect(), ..self }
    }

    fn fails(self, code: u16) -> Self {
        Self { fails_with: Some(code), ..self }
    }

    fn compressed(self) -> Self {
        Self { compressed: true, ..self }
    }

    fn check(self) {
        let frames: Vec<Vec<u8>> = self.frames.iter().map(Frame::to_bytes).collect();
        let stream = frames.concat();
        self.check_cut("whole", [&stream[..]]);
        self.check_cut("frame by frame", frames.iter().map(Vec::as_slice));
        for size in [1, 997, 1300] {
            self.check_cut(&format!("in parts of {size}"), stream.chunks(size));
        }
    }

    fn check_cut<'a>(&self, how: &str, parts: impl IntoIterator<Item = &'a [u8]>) {
        let outcome = decode(parts, MAX_MESSAGE, self.compressed);
        let code = outcome.error.map(|error| error.close_code());
        assert_eq!(code, self.fails_with, "case {} {how}: {:?}", self.id, outcome.error);
        assert!(outcome.events == self.expected, "case {} {how}", self.id);
    }
}

fn check(cases: impl IntoIterator<Item = Case>) {
    cases.into_iter().for_each(Case::check);
}

fn text(text: impl Into<String>) -> Event<'static> {
    Event::Text(text.into().into())
}

fn binary(data: impl Into<Vec<u8>>) -> Event<'static> {
    Event::Binary(data.into().into())
}

fn ping(data: impl Into<Vec<u8>>) -> Event<'static> {
    Event::Ping(data.into().into())
}

fn pong(data: impl Into<Vec<u8>>) -> Event<'static> {
    Event::Pong(data.into().into())
}

fn close(code: u16, reason: impl Into<String>) -> Event<'static> {
    Event::Close(Some(CloseFrame { code, reason: reason.into().into() }))
}
