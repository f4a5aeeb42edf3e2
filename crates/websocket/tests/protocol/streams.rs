//! Streams of clients, made by chance.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use roomful_websocket::{CloseFrame, Event};

use crate::client::{BINARY, CLOSE, COMPRESSED, CONTINUATION, Frame, PING, PONG, TEXT, close_payload, deflate};

/// The most that a message has in a stream that is legal.
pub(crate) const MAX_MESSAGE: usize = 70_000;

/// A stream, and what it says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    pub(crate) frames: Vec<Frame>,
    pub(crate) events: Vec<Event<'static>>,
}

impl Stream {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.frames.iter().flat_map(Frame::to_bytes).collect()
    }
}

/// Legal streams, with compressed messages among the others where `compressed` says so.
pub(crate) fn streams(compressed: bool) -> impl Strategy<Value = Stream> {
    let piece = prop_oneof![4 => messages(compressed), 1 => controls()];
    (vec(piece, 0..6), proptest::option::of(closes())).prop_map(|(pieces, close)| {
        let mut stream = Stream::default();
        for piece in pieces.into_iter().chain(close) {
            stream.frames.extend(piece.frames);
            stream.events.extend(piece.events);
        }
        stream
    })
}

/// Where a stream of so many bytes is cut.
pub(crate) fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// One message in frames of its own, with pings and pongs between them.
fn messages(may_be_compressed: bool) -> impl Strategy<Value = Stream> {
    let message = prop_oneof![
        texts().prop_map(|text| Event::Text(text.into())),
        octets().prop_map(|data| Event::Binary(data.into()))
    ];
    let between = vec(proptest::option::of(controls()), 0..5);
    (message, any::<bool>(), between, vec(any::<Index>(), 4), any::<[u8; 4]>()).prop_map(
        move |(message, compressed, between, cuts, key)| {
            let (opcode, payload) = match &message {
                Event::Text(text) => (TEXT, text.as_bytes()),
                Event::Binary(data) => (BINARY, &data[..]),
                other => panic!("{other:?} is no message"),
            };
            let compressed = compressed && may_be_compressed;
            let payload = if compressed { deflate(payload) } else { payload.to_vec() };
            let mut stream = Stream::default();
            let parts = cut(&payload, &cuts[..between.len().saturating_sub(1)]);
            for (at, part) in parts.iter().enumerate() {
                let opcode = if at == 0 { opcode } else { CONTINUATION };
                let reserved = if at == 0 && compressed { COMPRESSED } else { 0 };
                let fin = at == parts.len() - 1;
                stream.frames.push(Frame { fin, ..Frame::new(opcode, *part).key(key).reserved(reserved) });
                if let Some(Some(control)) = between.get(at).filter(|_| !fin) {
                    stream.frames.extend(control.frames.clone());
                    stream.events.extend(control.events.clone());
                }
            }
            stream.events.push(message);
            stream
        },
    )
}

fn controls() -> impl Strategy<Value = Stream> {
    (any::<bool>(), vec(any::<u8>(), 0..=125), any::<[u8; 4]>()).prop_map(|(is_ping, payload, key)| Stream {
        frames: vec![Frame::new(if is_ping { PING } else { PONG }, payload.clone()).key(key)],
        events: vec![if is_ping { Event::Ping(payload.into()) } else { Event::Pong(payload.into()) }],
    })
}

fn closes() -> impl Strategy<Value = Stream> {
    let code = prop_oneof![1000u16..=1003, 1007u16..=1014, 3000u16..=4999];
    let frame = (code, "\\PC{0,30}").prop_map(|(code, reason)| CloseFrame { code, reason: reason.into() });
    (proptest::option::of(frame), any::<[u8; 4]>()).prop_map(|(close, key)| {
        let payload = close.as_ref().map(|close| close_payload(close.code, close.reason.as_bytes()));
        Stream {
            frames: vec![Frame::new(CLOSE, payload.unwrap_or_default()).key(key)],
            events: vec![Event::Close(close)],
        }
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "\\PC{0,80}",
        4 => "[ -~]{100,300}",
        1 => (1usize..3000).prop_map(|times| "Grüße aus 東京 🦀 ".repeat(times)),
    ]
    .prop_filter("within the limit", |text| text.len() <= MAX_MESSAGE)
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..300),
        1 => (any::<u8>(), 65_400usize..MAX_MESSAGE).prop_map(|(octet, length)| vec![octet; length]),
    ]
}
