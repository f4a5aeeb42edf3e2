//! The frames of an endpoint that a client only listens to: a feed of events, or a live value.
//!
//! # Server to client
//!
//! ```text
//! {"t":"feed","seq":N,"epoch":E,"session":TOKEN,"resumed":BOOL,"heartbeat":MS,"limits":{"frame":BYTES}}  first, v1 only
//! {"t":"event","event":E,"seq":N}        a feed: each thing that was published, in order
//! {"t":"value","value":V,"seq":N}        a live value: the latest. Values between two may be skipped
//! {"t":"error","code":"handler_failed","reason":TEXT}   v1: the value cannot be loaded now; the last one stays
//! ```
//!
//! Plain clients get `event` and `value` without `seq`, and nothing else.
//!
//! # Client to server
//!
//! A v1 client may send `ping`, `bye` and `auth`. Whatever else comes is `bad_frame`; of a plain client it is ignored.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::Deserialize;

use super::fanout::{PerDialect, Spoken};
use super::{BadFrame, Body, ClientFrame, encode};
use crate::session::Token;
use crate::{Dialect, ErrorCode, Json, Limits};

/// What a listener hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heard {
    /// A thing that was published.
    Event,
    /// What a live value is now.
    Value,
}

/// What the first v1 frame says.
#[derive(Debug, Clone, Copy)]
pub struct FirstFacts<'a> {
    /// The last number that was given.
    pub seq: u64,
    /// Which run of numbers `seq` belongs to. It needs no escapes.
    pub epoch: &'a str,
    /// What to present to go on from here.
    pub session: Token,
    /// Whether nothing is missing between what the client has seen and what follows.
    pub resumed: bool,
    /// For `heartbeat` and the frame limit.
    pub limits: &'a Limits,
}

/// Where a listener is, as the first v1 frame says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Greeting {
    /// As [`FirstFacts::epoch`].
    pub epoch: String,
    /// As [`FirstFacts::seq`].
    pub seq: u64,
    /// As [`FirstFacts::resumed`].
    pub resumed: bool,
}

impl Greeting {
    /// Reads a frame that [`first`] has written; `None`: it is another.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        serde_json::from_slice(frame).ok()
    }
}

impl Heard {
    /// Its word on the wire, which is also the key of what is heard.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Value => "value",
        }
    }
}

/// Reads one WebSocket message, text or binary, of a client that listens.
///
/// ```
/// use roomful_core::{Dialect, frame::{Body, feed}};
///
/// let frame = feed::decode(br#"{"t":"ping"}"#, Dialect::V1)?;
/// assert!(matches!(frame.body, Body::Ping));
/// assert!(feed::decode(br#"{"t":"msg","msg":1}"#, Dialect::V1).is_err());
/// # Ok::<(), roomful_core::frame::BadFrame>(())
/// ```
///
/// # Errors
///
/// [`BadFrame`] for everything but a v1 client's `ping`, `bye` and `auth`.
pub fn decode(message: &[u8], dialect: Dialect) -> Result<ClientFrame<'_>, BadFrame> {
    let frame = super::decode(message, dialect)?;
    match frame.body {
        Body::Ping | Body::Bye | Body::Credentials(_) => Ok(frame),
        Body::Message(_) | Body::Presence(_) => Err(BadFrame { id: frame.id, reason: "a client only listens here" }),
    }
}

/// The first frame (v1).
#[must_use]
pub fn first(FirstFacts { seq, epoch, session, resumed, limits }: FirstFacts<'_>) -> Bytes {
    let bounds = encode::bounds(limits);
    format!(r#"{{"t":"feed","seq":{seq},"epoch":"{epoch}","session":"{session}","resumed":{resumed}{bounds}}}"#).into()
}

/// What is heard, in each dialect that somebody who listens speaks.
#[must_use]
pub fn heard(what: Heard, payload: &Json, seq: u64, spoken: Spoken) -> PerDialect {
    PerDialect {
        plain: spoken.plain.then(|| frame(what, payload, None)),
        v1: spoken.v1.then(|| frame(what, payload, Some(seq))),
    }
}

/// The value cannot be loaded now (v1).
#[must_use]
pub fn failing() -> Bytes {
    encode::error(None, ErrorCode::HandlerFailed, "the value could not be loaded")
}

fn frame(what: Heard, payload: &Json, seq: Option<u64>) -> Bytes {
    let word = what.as_str();
    let around = r#"{"t":"","":}"#.len() + 2 * word.len();
    let seq_bytes = seq.map_or(0, |seq| r#","seq":"#.len() + seq.checked_ilog10().unwrap_or(0) as usize + 1);
    // To the byte, or `Bytes` would allocate once more.
    let mut frame = String::with_capacity(around + payload.size() + seq_bytes);
    frame.push_str(r#"{"t":""#);
    frame.push_str(word);
    frame.push_str(r#"",""#);
    frame.push_str(word);
    frame.push_str(r#"":"#);
    frame.push_str(payload.as_str());
    if let Some(seq) = seq {
        // A string takes whatever is written.
        let _infallible = write!(frame, r#","seq":{seq}"#);
    }
    frame.push('}');
    frame.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;

    const BOTH: Spoken = Spoken { plain: true, v1: true };

    #[test]
    fn the_exact_bytes() {
        let limits = Limits::default().heartbeat_ms(Some(25_000)).frame_bytes(65_536);
        let facts = FirstFacts {
            seq: 7,
            epoch: "e1",
            session: Token::new(NodeId(0xabc), 0xdef),
            resumed: true,
            limits: &limits,
        };
        assert_eq!(
            first(facts),
            concat!(
                r#"{"t":"feed","seq":7,"epoch":"e1","#,
                r#""session":"0000000000000abc-00000000000000000000000000000def","resumed":true,"#,
                r#""heartbeat":25000,"limits":{"frame":65536}}"#
            )
        );
        let greeting = Greeting { epoch: "e1".into(), seq: 7, resumed: true };
        assert_eq!((Greeting::read(&first(facts)), Greeting::read(&failing())), (Some(greeting), None));
        let payload = Json::encode(&[1]).unwrap();
        for (what, seq, plain, v1) in [
            (Heard::Event, 0, r#"{"t":"event","event":[1]}"#, r#"{"t":"event","event":[1],"seq":0}"#),
            (Heard::Value, 10, r#"{"t":"value","value":[1]}"#, r#"{"t":"value","value":[1],"seq":10}"#),
        ] {
            let frames = heard(what, &payload, seq, BOTH);
            assert_eq!((frames.plain.unwrap(), frames.v1.unwrap()), (plain.into(), v1.into()));
        }
        assert_eq!(
            heard(Heard::Event, &payload, 1, Spoken { plain: false, v1: true }).plain,
            None,
            "what nobody speaks is not written"
        );
        assert_eq!(failing(), r#"{"t":"error","code":"handler_failed","reason":"the value could not be loaded"}"#);
    }

    #[test]
    fn what_a_client_may_say() {
        for (text, v1) in [
            (r#"{"t":"ping"}"#, Ok(())),
            (r#"{"t":"bye"}"#, Ok(())),
            (r#"{"t":"auth","credentials":"new","id":3}"#, Ok(())),
            (r#"{"t":"auth"}"#, Err(None)),
            (r#"{"t":"msg","msg":1,"id":4}"#, Err(Some(4))),
            (r#"{"t":"presence","state":1}"#, Err(None)),
            (r#"{"t":"event","event":1}"#, Err(None)),
            ("null", Err(None)),
            ("[]", Err(None)),
        ] {
            let read = decode(text.as_bytes(), Dialect::V1).map(drop).map_err(|bad| bad.id);
            assert_eq!(read, v1, "{text}");
            assert!(decode(text.as_bytes(), Dialect::Plain).is_err(), "{text}: a plain client has nothing to say");
        }
    }

    proptest! {
        #[test]
        fn a_frame_is_json_of_the_size_that_was_reserved(text in ".{0,20}", seq: u64) {
            let payload = Json::encode(&text).unwrap();
            for frame in [frame(Heard::Event, &payload, Some(seq)), frame(Heard::Value, &payload, None)] {
                let read: serde_json::Value = serde_json::from_slice(&frame).unwrap();
                let key = read["t"].as_str().unwrap();
                prop_assert_eq!(read[key].as_str(), Some(&*text));
            }
        }
    }
}
