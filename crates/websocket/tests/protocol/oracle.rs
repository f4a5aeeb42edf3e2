//! What becomes of a client's bytes: here, and in tungstenite, and where the two may differ.

use std::io::{self, Read, Write};

use roomful_websocket::deflate::Inflater;
use roomful_websocket::{CloseFrame, DecodeError, Decoder, Event};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

/// What a decoder made of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome<E> {
    pub(crate) events: Vec<Event<'static>>,
    pub(crate) error: Option<E>,
}

/// What our decoder makes of a stream that comes in these parts. That a fragment came is nothing that others tell.
pub(crate) fn decode<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
    max_message: usize,
    deflate: bool,
) -> Outcome<DecodeError> {
    let (mut decoder, mut inflater) = (Decoder::new(max_message, deflate), Inflater::new());
    let mut events = Vec::new();
    for part in parts {
        let mut bytes = part.to_vec();
        let mut input = &mut bytes[..];
        loop {
            match decoder.next(&mut input, &mut inflater) {
                Ok(Some(Event::Fragment(_))) => {}
                Ok(Some(event)) => events.push(event.into_owned()),
                Ok(None) => break,
                Err(error) => return Outcome { events, error: Some(error) },
            }
        }
        assert!(input.is_empty(), "all of a part is taken");
        let bound = max_message + max_message / 1024 + 64 + 125;
        assert!(decoder.kept_bytes() <= bound, "{} bytes are kept", decoder.kept_bytes());
    }
    Outcome { events, error: None }
}

/// What tungstenite makes of a stream.
pub(crate) fn decode_with_tungstenite(bytes: &[u8], max_message: usize) -> Outcome<Error> {
    let config =
        WebSocketConfig::default().max_message_size(Some(max_message)).max_frame_size(Some(max_message.max(125)));
    let mut socket = WebSocket::from_raw_socket(Peer(bytes), Role::Server, Some(config));
    let mut events = Vec::new();
    let error = loop {
        match socket.read() {
            Ok(message) => events.extend(to_event(message)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break None,
            Err(Error::ConnectionClosed) => break None,
            Err(error) => break Some(error),
        }
    };
    Outcome { events, error }
}

/// Checks that both make the same of a stream without compression, save for the differences that are meant.
pub(crate) fn assert_agreement(bytes: &[u8], max_message: usize) {
    let (ours, theirs) = (decode([bytes], max_message, false), decode_with_tungstenite(bytes, max_message));
    let context = || format!("\nours: {ours:?}\ntheirs: {theirs:?}\nof {bytes:02x?}");
    match (&ours.error, &theirs.error) {
        (None, None) => assert_same_events(&ours.events, &theirs.events, &context),
        // We insist on the shortest form of a length (RFC 6455 §5.2), which tungstenite does not: it goes on, in a control
        // frame too, and comes to whatever stands behind.
        (Some(DecodeError::LengthNotMinimal | DecodeError::LongControl), _) => {
            assert!(theirs.events.starts_with(&ours.events), "{}", context());
        }
        (Some(error), Some(other)) => {
            assert_same_events(&ours.events, &theirs.events, &context);
            assert!(same_code(error, other), "{}", context());
        }
        // To us a code that must not be sent is an error; tungstenite tells it as a close with 1002.
        (Some(DecodeError::CloseCode(_)), None) => {
            let expected: Vec<_> = ours.events.iter().cloned().chain([protocol_violation()]).collect();
            assert_same_events(&expected, &theirs.events, &context);
        }
        // We fail as early as the bytes show it, tungstenite where the frame has come whole.
        (Some(_), None) => assert_fails_once_whole(&ours, bytes, max_message, &context),
        (None, Some(_)) => panic!("{}", context()),
    }
}

/// Lets a frame that is cut off end, and the one behind it be illegal.
fn assert_fails_once_whole(
    ours: &Outcome<DecodeError>,
    bytes: &[u8],
    max_message: usize,
    context: &dyn Fn() -> String,
) {
    let padded = [bytes, &vec![0; max_message.max(125) + 14]].concat();
    let theirs = decode_with_tungstenite(&padded, max_message);
    match (&ours.error, &theirs.error) {
        (Some(DecodeError::CloseCode(_)), None) => {}
        (_, error) => assert!(error.is_some(), "{}", context()),
    }
    assert_same_events(&ours.events, &theirs.events, context);
}

fn assert_same_events(ours: &[Event<'_>], theirs: &[Event<'_>], context: &dyn Fn() -> String) {
    let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same_event(ours, theirs));
    assert!(same, "{}", context());
}

fn same_event(ours: &Event<'_>, theirs: &Event<'_>) -> bool {
    // IANA has given 1014 a meaning since; tungstenite tells it as a close with 1002.
    let is_newer_code = matches!(ours, Event::Close(Some(CloseFrame { code: 1014, .. })));
    ours == theirs || (is_newer_code && *theirs == protocol_violation())
}

/// Whether both would close with the same code. Where a frame breaks two rules, each names the one that it checks first.
fn same_code(ours: &DecodeError, theirs: &Error) -> bool {
    let code = match theirs {
        Error::Utf8(_) => 1007,
        Error::Capacity(_) => 1009,
        _ => 1002,
    };
    let sizes_first = code == 1009 && ours.close_code() == 1002;
    let reasons_first = code == 1007 && matches!(ours, DecodeError::CloseCode(_));
    ours.close_code() == code || sizes_first || reasons_first
}

fn protocol_violation() -> Event<'static> {
    Event::Close(Some(CloseFrame { code: 1002, reason: "Protocol violation".into() }))
}

fn to_event(message: Message) -> Option<Event<'static>> {
    Some(match message {
        Message::Text(text) => Event::Text(text.as_str().to_owned().into()),
        Message::Binary(data) => Event::Binary(data.to_vec().into()),
        Message::Ping(data) => Event::Ping(data.to_vec().into()),
        Message::Pong(data) => Event::Pong(data.to_vec().into()),
        Message::Close(frame) => Event::Close(
            frame.map(|frame| CloseFrame { code: frame.code.into(), reason: frame.reason.as_str().to_owned().into() }),
        ),
        Message::Frame(_) => return None,
    })
}

/// A peer that has sent these bytes and no more, and reads everything.
struct Peer<'a>(&'a [u8]);

impl Read for Peer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
