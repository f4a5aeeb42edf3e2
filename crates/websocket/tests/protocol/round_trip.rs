//! What is sent is what arrives, in both directions.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use roomful_websocket::deflate::{Deflater, Inflater};
use roomful_websocket::{CloseFrame, Event, Opcode, encode};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::oracle::decode;
use crate::streams::{MAX_MESSAGE, cut, streams};

proptest! {
    /// Whatever a client says, in whatever frames, and wherever the network cuts it.
    #[test]
    fn a_stream_says_the_same_however_it_is_cut(stream in streams(true), cuts in vec(any::<Index>(), 0..20)) {
        let bytes = stream.to_bytes();
        for parts in [cut(&bytes, &cuts), bytes.chunks(1).collect()] {
            let outcome = decode(parts, MAX_MESSAGE, true);
            prop_assert_eq!(outcome.error, None);
            prop_assert_eq!(&outcome.events, &stream.events);
        }
    }

    /// The same holds for what is not legal: where it is cut changes neither what comes out nor which rule was broken.
    #[test]
    fn an_error_is_the_same_however_the_stream_is_cut(
        stream in streams(true),
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let mut bytes = stream.to_bytes();
        for (at, octet) in damage.into_iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] ^= octet;
        }
        let whole = decode([&bytes[..]], MAX_MESSAGE, true);
        prop_assert_eq!(&decode(cut(&bytes, &cuts), MAX_MESSAGE, true), &whole);
        prop_assert_eq!(&decode(bytes.chunks(1), MAX_MESSAGE, true), &whole);
    }

    /// A client reads what the encoder wrote.
    #[test]
    fn what_is_encoded_is_what_a_client_reads(
        text in "\\PC{0,300}",
        data in prop_oneof![vec(any::<u8>(), 0..300), vec(any::<u8>(), 65_530..65_540)],
        control in vec(any::<u8>(), 0..=125),
        reason in "\\PC{0,40}",
    ) {
        let mut bytes = Vec::new();
        encode::push_message(&mut bytes, Opcode::Text, text.as_bytes());
        encode::push_ping(&mut bytes, &control);
        encode::push_message(&mut bytes, Opcode::Binary, &data);
        encode::push_pong(&mut bytes, &control);
        encode::push_close(&mut bytes, 1001, &reason);
        let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(bytes), Role::Client, None);
        let mut next = || client.read().map_err(|error| TestCaseError::fail(error.to_string()));
        prop_assert_eq!(next()?, Message::text(text));
        prop_assert_eq!(next()?, Message::Ping(control.clone().into()));
        prop_assert_eq!(next()?, Message::binary(data));
        prop_assert_eq!(next()?, Message::Pong(control.into()));
        let Message::Close(Some(close)) = next()? else { return Err(TestCaseError::fail("no close")) };
        prop_assert_eq!(u16::from(close.code), 1001);
        prop_assert_eq!(close.reason.as_str(), reason);
    }

    /// A message is compressed to what is smaller and the same again, or it is left alone.
    #[test]
    fn what_is_deflated_is_inflated_again(payload in "([a-f]{0,40}|\\PC{0,40}){0,30}") {
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
        if let Some(compressed) = deflater.deflate(payload.as_bytes()) {
            prop_assert!(compressed.len() < payload.len());
            prop_assert_eq!(inflater.inflate(compressed, payload.len()), Ok(payload.as_bytes()));
        }
    }
}

#[test]
fn an_inflater_serves_the_next_message_after_one_that_was_refused() {
    let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    let payload = b"presence ".repeat(100);
    let compressed = deflater.deflate(&payload).unwrap();
    assert!(inflater.inflate(&compressed[..compressed.len() / 2], 10_000).is_err());
    assert!(inflater.inflate(compressed, 10).is_err());
    assert_eq!(inflater.inflate(compressed, 10_000), Ok(&payload[..]));
}

#[test]
fn a_close_is_owned_once_it_was_copied() {
    let event = Event::Close(Some(CloseFrame { code: 1000, reason: "done".into() }));
    assert_eq!(event.clone().into_owned(), event);
}
