//! From the bytes of one WebSocket message to what the client wants.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Dialect;

/// One frame from a client. The payload is checked JSON, but not yet checked against the room's types.
#[derive(Debug, Clone, Copy)]
pub struct ClientFrame<'a> {
    /// What it asks for.
    pub body: Body<'a>,
    /// The client wants an `ack` or an `error` with this number (v1).
    pub id: Option<u64>,
}

/// The frames that a client may send.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// A message for the room's handler; `None` when the frame had no `msg`.
    Message(Option<&'a RawValue>),
    /// The member's new state; `None` when the frame had no `state`.
    Presence(Option<&'a RawValue>),
    /// Are you there (v1).
    Ping,
    /// Leaving on purpose (v1).
    Bye,
    /// New credentials (v1).
    Credentials(GivenCredentials<'a>),
}

/// What a client proves with who it is. It is no text before it is asked for, so that it is printed nowhere.
#[derive(Clone, Copy)]
pub struct GivenCredentials<'a>(&'a RawValue);

impl GivenCredentials<'_> {
    /// Their text.
    #[must_use]
    pub fn text(self) -> Option<String> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl fmt::Debug for GivenCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenCredentials")
    }
}

/// What was not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadFrame {
    /// The frame's number, where that much could be read.
    pub id: Option<u64>,
    /// What was wrong with it.
    pub reason: &'static str,
}

/// Reads one WebSocket message, text or binary.
///
/// ```
/// use roomful_core::{Dialect, frame::{Body, decode}};
///
/// let frame = decode(br#"{"t":"msg","msg":{"x":1},"id":7}"#, Dialect::V1)?;
/// assert!(matches!(frame.body, Body::Message(Some(msg)) if msg.get() == r#"{"x":1}"#));
/// assert_eq!(frame.id, Some(7));
/// assert!(decode(b"null", Dialect::Plain).is_err());
/// # Ok::<(), roomful_core::frame::BadFrame>(())
/// ```
///
/// # Errors
///
/// [`BadFrame`] for everything that is not a JSON object with a `t` of this dialect, and for a key given twice: two
/// readers that disagree about which one counts is how a check is walked around.
pub fn decode(message: &[u8], dialect: Dialect) -> Result<ClientFrame<'_>, BadFrame> {
    let bad = |reason| BadFrame { id: None, reason };
    let text = std::str::from_utf8(message).map_err(|_| bad("not UTF-8"))?;
    let parts: Parts<'_> = serde_json::from_str(text).map_err(|_| bad("not a JSON object"))?;
    parts.interpret(dialect)
}

/// The keys of a frame, before they mean anything.
#[derive(Default)]
struct Parts<'a> {
    t: Option<&'a RawValue>,
    msg: Option<&'a RawValue>,
    state: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    credentials: Option<&'a RawValue>,
    key_twice: bool,
}

impl<'a> Parts<'a> {
    fn interpret(self, dialect: Dialect) -> Result<ClientFrame<'a>, BadFrame> {
        let id = match (dialect, self.id) {
            (Dialect::Plain, _) | (_, None) => None,
            (Dialect::V1, Some(raw)) => Some(
                serde_json::from_str(raw.get())
                    .map_err(|_| BadFrame { id: None, reason: "`id` is not a whole number from 0" })?,
            ),
        };
        let bad = |reason| BadFrame { id, reason };
        if self.key_twice {
            return Err(bad("a key is given twice"));
        }
        let t = self.t.ok_or(bad("`t` is missing"))?;
        let t: Cow<'_, str> = serde_json::from_str(t.get()).map_err(|_| bad("`t` is not a string"))?;
        let body = match (&*t, dialect) {
            ("msg", _) => Body::Message(self.msg),
            ("presence", _) => Body::Presence(self.state),
            ("ping", Dialect::V1) => Body::Ping,
            ("bye", Dialect::V1) => Body::Bye,
            ("auth", Dialect::V1) => {
                let given = self.credentials.map(GivenCredentials).filter(|given| given.text().is_some());
                Body::Credentials(given.ok_or(bad("`credentials` is not a text"))?)
            }
            _ => return Err(bad("`t` is not known")),
        };
        Ok(ClientFrame { body, id })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parts = Parts::default();
        let mut others = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let part = match key.as_str() {
                "t" => &mut parts.t,
                "msg" => &mut parts.msg,
                "state" => &mut parts.state,
                "id" => &mut parts.id,
                "credentials" => &mut parts.credentials,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    parts.key_twice |= !others.insert(key);
                    continue;
                }
            };
            parts.key_twice |= part.replace(map.next_value()?).is_some();
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Plain, V1};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// Objects of the keys that matter and some that do not, with values of every kind.
    fn object() -> impl Strategy<Value = Map<String, Value>> {
        let key = prop::sample::select(vec!["t", "msg", "state", "id", "from", "op"]);
        let value = prop::sample::select(vec![
            json!("msg"),
            json!("presence"),
            json!("ping"),
            json!("bye"),
            json!(null),
            json!(7),
            json!(-1),
            json!(0.5),
            json!({ "a": [1, "\u{1F600}"] }),
            json!([]),
        ]);
        prop::collection::vec((key, value), 0..6)
            .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    proptest! {
        /// Whatever the bytes are, there is an answer.
        #[test]
        fn nothing_a_client_sends_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..64), v1: bool) {
            let _either_way = decode(&bytes, if v1 { V1 } else { Plain });
        }

        /// The frame read in one pass is the one that reading the JSON first would give.
        #[test]
        fn a_frame_means_what_its_json_says(object in object(), v1: bool) {
            let dialect = if v1 { V1 } else { Plain };
            let text = Value::Object(object.clone()).to_string();
            let known = match object.get("t").and_then(Value::as_str) {
                Some("msg" | "presence") => true,
                Some("ping" | "bye") => v1,
                _ => false,
            };
            let numbered = !v1 || object.get("id").is_none_or(Value::is_u64);
            match decode(text.as_bytes(), dialect) {
                Err(_) => prop_assert!(!known || !numbered, "{text}"),
                Ok(frame) => {
                    prop_assert!(known && numbered, "{}", text);
                    prop_assert_eq!(frame.id, if v1 { object.get("id").and_then(Value::as_u64) } else { None });
                    let (name, payload) = match frame.body {
                        Body::Message(msg) => ("msg", msg.map(|raw| ("msg", raw))),
                        Body::Presence(state) => ("presence", state.map(|raw| ("state", raw))),
                        Body::Ping => ("ping", None),
                        Body::Bye => ("bye", None),
                        Body::Credentials(_) => ("auth", None),
                    };
                    prop_assert_eq!(object["t"].as_str(), Some(name));
                    if let Some((key, raw)) = payload {
                        prop_assert_eq!(&serde_json::from_str::<Value>(raw.get()).unwrap(), &object[key]);
                    }
                }
            }
        }
    }

    fn reason(message: &[u8], dialect: Dialect) -> &'static str {
        decode(message, dialect).unwrap_err().reason
    }

    #[test]
    fn what_is_not_a_frame() {
        for (message, why) in [
            (&b"{oops"[..], "not a JSON object"),
            (b"", "not a JSON object"),
            (b"undefined", "not a JSON object"),
            (b"null", "not a JSON object"),
            (b"[]", "not a JSON object"),
            (br#"[{"t":"msg"}]"#, "not a JSON object"),
            (b"5", "not a JSON object"),
            (b"\"msg\"", "not a JSON object"),
            (b"{\"t\":\"msg\",\"msg\":1", "not a JSON object"),
            (b"{\"t\":\"msg\",\"msg\":1} 2", "not a JSON object"),
            ("\u{feff}{\"t\":\"msg\",\"msg\":1}".as_bytes(), "not a JSON object"),
            (b"\xff\xfe\0\x01", "not UTF-8"),
            (br#"{"msg":1}"#, "`t` is missing"),
            (br#"{"t":1,"msg":1}"#, "`t` is not a string"),
            (br#"{"t":["msg"],"msg":1}"#, "`t` is not a string"),
            (br#"{"t":"MSG","msg":1}"#, "`t` is not known"),
            (br#"{"t":"snapshot","self":"x","members":[]}"#, "`t` is not known"),
            (br#"{"t":"msg","msg":1,"msg":2}"#, "a key is given twice"),
            (br#"{"t":"msg","t":"msg","msg":2}"#, "a key is given twice"),
            (br#"{"t":"msg","msg":2,"x":1,"y":2,"x":3}"#, "a key is given twice"),
        ] {
            assert_eq!(reason(message, Plain), why, "{}", String::from_utf8_lossy(message));
            assert_eq!(reason(message, V1), why, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn the_payload_is_carried_as_it_is() {
        let frame = decode(br#" {"msg": {"b":1, "a":[2]} ,"t":"msg","from":"spoof","self":true}"#, Plain).unwrap();
        let Body::Message(Some(msg)) = frame.body else { panic!("{frame:?}") };
        assert_eq!(msg.get(), r#"{"b":1, "a":[2]}"#);
    }

    #[test]
    fn null_is_a_value_and_absent_is_none() {
        let null = decode(br#"{"t":"presence","state":null}"#, Plain).unwrap();
        assert!(matches!(null.body, Body::Presence(Some(state)) if state.get() == "null"));
        let absent = decode(br#"{"t":"presence"}"#, Plain).unwrap();
        assert!(matches!(absent.body, Body::Presence(None)));
        let message = decode(br#"{"t":"msg"}"#, Plain).unwrap();
        assert!(matches!(message.body, Body::Message(None)));
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let frame = decode(br#"{"\u0074":"\u006dsg","msg":1}"#, Plain).unwrap();
        assert!(matches!(frame.body, Body::Message(Some(_))));
    }

    #[test]
    fn only_v1_has_numbers_pings_and_byes() {
        assert_eq!(decode(br#"{"t":"msg","msg":1,"id":3}"#, V1).unwrap().id, Some(3));
        assert_eq!(decode(br#"{"t":"msg","msg":1,"id":"3"}"#, Plain).unwrap().id, None);
        assert_eq!(reason(br#"{"t":"msg","msg":1,"id":"3"}"#, V1), "`id` is not a whole number from 0");
        assert_eq!(reason(br#"{"t":"msg","msg":1,"id":-3}"#, V1), "`id` is not a whole number from 0");
        assert!(matches!(decode(br#"{"t":"ping"}"#, V1).unwrap().body, Body::Ping));
        assert!(matches!(decode(br#"{"t":"bye"}"#, V1).unwrap().body, Body::Bye));
        assert_eq!(reason(br#"{"t":"ping"}"#, Plain), "`t` is not known");
        assert_eq!(reason(br#"{"t":"bye"}"#, Plain), "`t` is not known");
        assert_eq!(decode(br#"{"t":"nope","id":9}"#, V1).unwrap_err().id, Some(9));
    }

    #[test]
    fn new_credentials_are_a_text_that_is_never_printed() {
        let frame = decode(br#"{"t":"auth","credentials":"h\u0075sh","id":3}"#, V1).unwrap();
        let Body::Credentials(given) = frame.body else { panic!("{frame:?}") };
        assert_eq!((given.text().as_deref(), frame.id), (Some("hush"), Some(3)));
        assert!(!format!("{frame:?}").contains("sh\""), "{frame:?}");
        for wrong in [
            "",
            r#","credentials":null"#,
            r#","credentials":5"#,
            r#","credentials":{"a":1}"#,
            r#","credentials":"\ud800""#,
        ] {
            assert_eq!(
                reason(format!(r#"{{"t":"auth"{wrong}}}"#).as_bytes(), V1),
                "`credentials` is not a text",
                "{wrong}"
            );
        }
        assert_eq!(reason(br#"{"t":"auth","credentials":"a","credentials":"b"}"#, V1), "a key is given twice");
        assert_eq!(reason(br#"{"t":"auth","credentials":"a"}"#, Plain), "`t` is not known");
    }

    #[test]
    fn deep_nesting_does_not_end_the_process() {
        let deep = format!(r#"{{"t":"msg","msg":{}1{}}}"#, "[".repeat(60_000), "]".repeat(60_000));
        let _either_way = decode(deep.as_bytes(), Plain);
    }
}
