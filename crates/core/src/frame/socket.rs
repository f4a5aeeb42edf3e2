//! The frames of a typed socket: a private channel to one client. Its messages are bare JSON, each a WebSocket message
//! of its own, because there is no roster to tell of and nobody to name as the sender.
//!
//! # Plain
//!
//! ```text
//! M          client to server: one message. A text frame, or a binary one, read as UTF-8
//! M          server to client: one message. A text frame
//! ```
//!
//! # `roomful.v1`
//!
//! The same, and a text that begins with exactly `{"t":` is the protocol's. A message whose own JSON begins so is sent
//! with one space before it, in both directions: JSON readers ignore the space, so no message can be taken for the
//! protocol's, whatever it says.
//!
//! ```text
//! {"t":"open","heartbeat":MS,"limits":{"frame":BYTES}}  server to client: first, always; before `open` runs
//! {"t":"ack","id":N}                                    the handler took message N
//! {"t":"error","id":N?,"code":CODE,"reason":TEXT}       it did not, or what came was no message
//! {"t":"auth"}                                          the credentials are about to expire: send new ones
//! {"t":"pong"}                                          the answer to a ping, these exact bytes
//!
//! {"t":"msg","msg":M,"id":N?}                           client to server: a message; with `id` it asks for an `ack`
//! {"t":"ping"}                                          these exact bytes, every `heartbeat` ms
//! {"t":"auth","credentials":TEXT,"id":N?}               new credentials
//! {"t":"bye"}                                           leaving on purpose; a socket has no grace, so nothing follows
//! ```
//!
//! # What does not fit
//!
//! | input | plain | v1 |
//! |---|---|---|
//! | not JSON; not UTF-8 in a binary frame | ignored, counted | `error` `bad_frame` |
//! | begins with `{"t":` and is no frame of the above; a key given twice in it | is a message | `error` `bad_frame` |
//! | a message, or an absent `msg`, that does not fit its type | ignored, counted | `error` `bad_message` |
//! | more than the rate limit | ignored, counted | `error` `rate_limited` |
//! | a frame over the limit | close 1009 | same |
//! | too many bad frames | | close 4400 |
//!
//! Selectors, params, guards, denials, close codes and heartbeats are a room's.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{BadFrame, Body, ClientFrame, encode};
use crate::{Dialect, Json, Limits};

/// What a v1 text begins with that is the protocol's. Spaces count: a message is told from it by one.
const PROTOCOLS: &[u8] = br#"{"t":"#;

/// Reads one WebSocket message, text or binary, of a socket's client.
///
/// ```
/// use roomful_core::{Dialect, frame::{Body, socket}};
///
/// let frame = socket::decode(br#"{"x":1}"#, Dialect::V1)?;
/// assert!(matches!(frame.body, Body::Message(Some(msg)) if msg.get() == r#"{"x":1}"#));
/// # Ok::<(), roomful_core::frame::BadFrame>(())
/// ```
///
/// # Errors
///
/// [`BadFrame`] for everything that is not JSON, and in v1 for what begins as a frame of the protocol's and is none.
pub fn decode(message: &[u8], dialect: Dialect) -> Result<ClientFrame<'_>, BadFrame> {
    if dialect == Dialect::V1 && is_protocol_frame(message) {
        let frame = super::decode(message, dialect)?;
        return match frame.body {
            Body::Presence(_) => Err(BadFrame { id: frame.id, reason: "`t` is not known" }),
            Body::Message(_) | Body::Ping | Body::Bye | Body::Credentials(_) => Ok(frame),
        };
    }
    let bad = |reason| BadFrame { id: None, reason };
    let text = std::str::from_utf8(message).map_err(|_| bad("not UTF-8"))?;
    let msg: &RawValue = serde_json::from_str(text).map_err(|_| bad("not JSON"))?;
    Ok(ClientFrame { body: Body::Message(Some(msg)), id: None })
}

/// The first frame (v1).
#[must_use]
pub fn open(limits: &Limits) -> Bytes {
    format!(r#"{{"t":"open"{}}}"#, encode::bounds(limits)).into()
}

/// A message, in either direction.
#[must_use]
pub fn message(dialect: Dialect, msg: &Json) -> Bytes {
    if dialect == Dialect::V1 && is_protocol_frame(msg.as_bytes()) {
        return format!(" {}", msg.as_str()).into();
    }
    msg.to_bytes()
}

/// Whether a text is the protocol's (v1), and no message.
#[must_use]
pub fn is_protocol_frame(text: &[u8]) -> bool {
    text.starts_with(PROTOCOLS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Plain, V1};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// What a message came to: its JSON, or what it asks for.
    fn read(message: &[u8], dialect: Dialect) -> Result<(String, Option<u64>), &'static str> {
        let ClientFrame { body, id } = decode(message, dialect).map_err(|bad| bad.reason)?;
        let said = match body {
            Body::Message(Some(msg)) => msg.get().to_owned(),
            Body::Message(None) => "absent".to_owned(),
            Body::Presence(_) => panic!("a socket has no presence"),
            Body::Ping => "ping".to_owned(),
            Body::Bye => "bye".to_owned(),
            Body::Credentials(given) => format!("auth {}", given.text().unwrap()),
        };
        Ok((said, id))
    }

    #[test]
    fn what_is_not_a_message() {
        for (message, why) in [
            (&b"{oops"[..], "not JSON"),
            (b"", "not JSON"),
            (b" ", "not JSON"),
            (b"undefined", "not JSON"),
            (b"NaN", "not JSON"),
            (b"'x'", "not JSON"),
            (b"{\"x\":1", "not JSON"),
            (b"{\"x\":1} 2", "not JSON"),
            (b"1 2", "not JSON"),
            (b"[1,]", "not JSON"),
            (b"\"\x01\"", "not JSON"),
            ("\u{feff}1".as_bytes(), "not JSON"),
            (b"\xff\xfe\0\x01", "not UTF-8"),
            (b"\"\xff\"", "not UTF-8"),
        ] {
            for dialect in [Plain, V1] {
                assert_eq!(read(message, dialect), Err(why), "{dialect:?} {}", String::from_utf8_lossy(message));
            }
        }
    }

    #[test]
    fn any_json_is_a_message() {
        for text in
            ["null", "5", "\"\"", "[]", "{}", r#"{"T":1}"#, r#"{"\u0074":"ping"}"#, r#"[{"t":"ping"}]"#, r#""{\"t\":""#]
        {
            for dialect in [Plain, V1] {
                assert_eq!(read(text.as_bytes(), dialect), Ok((text.to_owned(), None)), "{dialect:?}");
            }
        }
        assert_eq!(read(b" \n[1, 2] ", V1), Ok(("[1, 2]".to_owned(), None)));
    }

    #[test]
    fn what_begins_as_the_protocols_is_the_protocols_in_v1_alone() {
        for (text, v1) in [
            (r#"{"t":"ping"}"#, Ok(("ping", None))),
            (r#"{"t":"bye"}"#, Ok(("bye", None))),
            (r#"{"t":"auth","credentials":"new","id":8}"#, Ok(("auth new", Some(8)))),
            (r#"{"t":"msg","msg":{"t":"ping"},"id":7}"#, Ok((r#"{"t":"ping"}"#, Some(7)))),
            (r#"{"t":"msg","msg":null}"#, Ok(("null", None))),
            (r#"{"t":"msg","id":0}"#, Ok(("absent", Some(0)))),
            (r#"{"t":"msg","msg":1,"id":"7"}"#, Err("`id` is not a whole number from 0")),
            (r#"{"t":"msg","msg":1,"msg":2}"#, Err("a key is given twice")),
            (r#"{"t":"presence","state":1}"#, Err("`t` is not known")),
            (r#"{"t":"open"}"#, Err("`t` is not known")),
            (r#"{"t":1}"#, Err("`t` is not a string")),
        ] {
            assert_eq!(read(text.as_bytes(), Plain), Ok((text.to_owned(), None)), "{text}");
            assert_eq!(read(text.as_bytes(), V1), v1.map(|(said, id)| (said.to_owned(), id)), "{text}");
            let spaced = format!(" {text}");
            assert_eq!(read(spaced.as_bytes(), V1), Ok((text.to_owned(), None)), "one space makes it a message");
        }
        assert_eq!(read(br#"{"t":"msg""#, V1), Err("not a JSON object"));
        assert_eq!(decode(br#"{"t":"presence","id":9}"#, V1).unwrap_err().id, Some(9));
    }

    #[test]
    fn the_exact_bytes() {
        let limits = Limits::default().heartbeat_ms(Some(25_000)).frame_bytes(65_536);
        assert_eq!(open(&limits), r#"{"t":"open","heartbeat":25000,"limits":{"frame":65536}}"#);
        assert_eq!(open(&limits.heartbeat_ms(None)), r#"{"t":"open","limits":{"frame":65536}}"#);
        let said = |dialect, value: Value| message(dialect, &Json::encode(&value).unwrap());
        assert_eq!(said(V1, json!({ "t": "ping" })), r#" {"t":"ping"}"#);
        assert_eq!(said(Plain, json!({ "t": "ping" })), r#"{"t":"ping"}"#);
        assert_eq!(said(V1, json!([{ "t": 1 }])), r#"[{"t":1}]"#);
    }

    #[test]
    fn deep_nesting_does_not_end_the_process() {
        let deep = format!("{}1{}", "[".repeat(60_000), "]".repeat(60_000));
        assert!(decode(deep.as_bytes(), Plain).is_ok());
    }

    proptest! {
        /// Whatever the bytes are, there is an answer.
        #[test]
        fn nothing_a_client_sends_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..64), v1: bool) {
            let _either_way = decode(&bytes, if v1 { V1 } else { Plain });
        }

        /// No message is taken for anything else, whatever its keys are.
        #[test]
        fn what_one_side_writes_the_other_reads(key in "[tT x]?", value in "[a-z\"\\\\]{0,4}", v1: bool) {
            let dialect = if v1 { V1 } else { Plain };
            let msg = Json::encode(&json!({ key: value })).unwrap();
            let read = read(&message(dialect, &msg), dialect);
            prop_assert_eq!(read, Ok((msg.as_str().to_owned(), None)));
        }
    }
}
