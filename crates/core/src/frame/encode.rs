//! From what happened to the bytes that say so.
//!
//! Frames are written by hand, key by key, because their payloads are already JSON and are copied as they are.

use std::fmt::{self, Write as _};

use bytes::Bytes;

use super::listed::V1Only;
use super::text::{push_id, push_optional};
use crate::room::Change;
use crate::session::{Seal, Token};
use crate::{Dialect, ErrorCode, Json, Limits, MemberId};

/// The answer to a v1 ping, byte for byte, so that a platform can give it without waking the room.
pub const PONG: &[u8] = br#"{"t":"pong"}"#;

/// The credentials of a v1 client are about to expire: it is to send new ones.
pub const AUTH: &[u8] = br#"{"t":"auth"}"#;

/// What a v1 snapshot says beside the roster.
#[derive(Debug, Clone)]
pub struct SnapshotFacts<'a> {
    /// The last number given to a message of this room.
    pub seq: u64,
    /// Which run of numbers `seq` belongs to.
    pub epoch: &'a str,
    /// For `heartbeat` and the frame limit.
    pub limits: &'a Limits,
    /// Where the receiver has a session.
    pub session: Option<SessionFacts>,
}

/// What a v1 snapshot says of its receiver's session.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// What to present for it next.
    pub token: Token,
    /// What stands behind the token, for a process that does not know it.
    pub seal: Option<Seal>,
    /// Whether each message follows that the client has not seen.
    pub resumed: bool,
    /// The highest id received of the client's own messages; `None`: nobody knows it any more.
    pub acked: Option<u64>,
}

/// As further keys of a snapshot. Neither a token nor a seal needs an escape.
impl fmt::Display for SessionFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, seal, resumed, acked } = self;
        write!(f, r#","session":"{token}"#)?;
        seal.as_ref().map_or(Ok(()), |seal| write!(f, "-{seal}"))?;
        write!(f, r#"","resumed":{resumed}"#)?;
        acked.map_or(Ok(()), |acked| write!(f, r#","acked":{acked}"#))
    }
}

/// The first frame of every connection. `list` is everybody, as [`Listing`](crate::roster::Listing) has it for this
/// dialect.
#[must_use]
pub fn snapshot(dialect: Dialect, own: &MemberId, list: &[u8], facts: SnapshotFacts<'_>) -> Bytes {
    let tail = match dialect {
        Dialect::Plain => "]}".to_owned(),
        Dialect::V1 => {
            let SnapshotFacts { seq, epoch, limits, session } = facts;
            let (epoch, bounds) = (serde_json::Value::from(epoch), bounds(limits));
            let session = session.map(|facts| facts.to_string()).unwrap_or_default();
            format!(r#"],"seq":{seq},"epoch":{epoch}{session}{bounds}}}"#)
        }
    };
    let head = [r#"{"t":"snapshot","self":""#, own.as_str(), r#"","members":["#];
    let head_bytes: usize = head.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(head_bytes + list.len() + tail.len());
    head.iter().for_each(|part| frame.extend_from_slice(part.as_bytes()));
    frame.extend_from_slice(list);
    frame.extend_from_slice(tail.as_bytes());
    frame.into()
}

/// What a client has to keep to, as more keys of its first frame. Where nobody is pinged, a client is not to ping either.
pub(super) fn bounds(limits: &Limits) -> String {
    let heartbeat = limits.heartbeat_ms.map(|ms| format!(r#","heartbeat":{ms}"#)).unwrap_or_default();
    format!(r#"{heartbeat},"limits":{{"frame":{}}}"#, limits.frame_bytes)
}

/// Who came, went, lost or found its socket. `None` where this dialect does not say that.
#[must_use]
pub fn change(change: &Change, dialect: Dialect) -> Option<Bytes> {
    let v1 = dialect == Dialect::V1;
    match change {
        Change::Joined { member, number, user, info, state } if v1 => {
            let v1_only = V1Only::of(*number, user.as_ref(), false, info.as_ref());
            Some(presence(member, "join", &v1_only.write(), state.as_ref()))
        }
        Change::Joined { member, state, .. } => Some(presence(member, "join", "", state.as_ref())),
        Change::Left { member } => Some(presence(member, "leave", "", None)),
        Change::Away { member } => v1.then(|| presence(member, "away", "", None)),
        Change::Back { member, state } => v1.then(|| update(member, state.as_ref())),
    }
}

/// A member's state is now this. What v1 is told of a tick is in [`updates`](super::updates).
#[must_use]
pub fn update(member: &MemberId, state: Option<&Json>) -> Bytes {
    presence(member, "update", "", state)
}

/// A member's state is this, and what the server says of it has changed (v1). `null`: it says nothing any more.
#[must_use]
pub fn informing_update(member: &MemberId, info: Option<&Json>, state: Option<&Json>) -> Bytes {
    let info = format!(r#","info":{}"#, info.map_or("null", Json::as_str));
    presence(member, "update", &info, state)
}

/// How long [`update`] is.
#[must_use]
pub fn update_bytes(member: &MemberId, state: Option<&Json>) -> usize {
    presence_bytes(member, "update", "", state)
}

/// A message; `from` is empty when no member said it, `seq` is there in v1 alone.
#[must_use]
pub fn message(from: &str, msg: &Json, seq: Option<u64>) -> Bytes {
    let around = r#"{"from":"","t":"msg","msg":}"#.len();
    let seq_bytes = seq.map_or(0, |seq| r#","seq":"#.len() + seq.checked_ilog10().unwrap_or(0) as usize + 1);
    // To the byte, or `Bytes` would allocate once more.
    let mut frame = String::with_capacity(around + from.len() + msg.size() + seq_bytes);
    frame.push_str(r#"{"from":"#);
    push_id(&mut frame, from);
    frame.push_str(r#","t":"msg","msg":"#);
    frame.push_str(msg.as_str());
    if let Some(seq) = seq {
        // A string takes whatever is written.
        let _infallible = write!(frame, r#","seq":{seq}"#);
    }
    frame.push('}');
    frame.into()
}

/// The same message with another number. `None`: it is no [`message`] that has one.
#[must_use]
pub fn renumbered(frame: &[u8], seq: u64) -> Option<Bytes> {
    const BEFORE: &[u8] = br#","seq":"#;
    let digits = frame.strip_suffix(b"}")?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let up_to = frame.len().checked_sub(1 + digits).filter(|_| digits > 0)?;
    let before = frame.get(..up_to).filter(|before| before.ends_with(BEFORE))?;
    let mut renumbered = before.to_vec();
    renumbered.extend(seq.to_string().into_bytes());
    renumbered.push(b'}');
    Some(renumbered.into())
}

/// Messages were handled (v1): where the client has a session all up to `id`, but for those that an [`error`] told of, and
/// everything up to number `seq` was sent before this; without a session this one alone.
#[must_use]
pub fn ack(id: u64, seq: Option<u64>) -> Bytes {
    let seq = seq.map(|seq| format!(r#","seq":{seq}"#)).unwrap_or_default();
    format!(r#"{{"t":"ack","id":{id}{seq}}}"#).into()
}

/// Messages may be missing, and what comes goes on from this number (v1).
#[must_use]
pub fn gap(epoch: &str, seq: u64) -> Bytes {
    let epoch = serde_json::Value::from(epoch);
    format!(r#"{{"t":"gap","epoch":{epoch},"seq":{seq}}}"#).into()
}

/// A frame was not handled (v1).
#[must_use]
pub fn error(id: Option<u64>, code: ErrorCode, reason: &str) -> Bytes {
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    let reason = serde_json::Value::from(reason);
    format!(r#"{{"t":"error",{id}"code":"{}","reason":{reason}}}"#, code.as_str()).into()
}

/// Several frames in one WebSocket message (v1), in order.
#[must_use]
pub fn batch<'a>(frames: impl Iterator<Item = &'a Bytes> + Clone) -> Bytes {
    let size = frames.clone().map(|frame| frame.len() + 1).sum::<usize>() + 1;
    let mut batch = Vec::with_capacity(size);
    batch.push(b'[');
    for (i, frame) in frames.enumerate() {
        if i > 0 {
            batch.push(b',');
        }
        batch.extend_from_slice(frame);
    }
    batch.push(b']');
    batch.into()
}

/// `v1_only` is further keys, each with a comma before it.
fn presence(member: &MemberId, op: &str, v1_only: &str, state: Option<&Json>) -> Bytes {
    // To the byte, or `Bytes` would allocate once more for each frame of a tick.
    let mut frame = String::with_capacity(presence_bytes(member, op, v1_only, state));
    frame.push_str(r#"{"from":"#);
    push_id(&mut frame, member.as_str());
    frame.push_str(r#","t":"presence","op":""#);
    frame.push_str(op);
    frame.push('"');
    frame.push_str(v1_only);
    push_optional(&mut frame, "state", state);
    frame.push('}');
    frame.into()
}

fn presence_bytes(member: &MemberId, op: &str, v1_only: &str, state: Option<&Json>) -> usize {
    let around = r#"{"from":"","t":"presence","op":""}"#.len() + op.len() + v1_only.len();
    around + member.text_len() + state.map_or(0, |state| r#","state":"#.len() + state.size())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::number::Number;

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn json(text: &str) -> Json {
        Json::encode(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
    }

    #[test]
    fn a_message_is_given_another_number_and_nothing_else_is() {
        for msg in ["1", r#"{"seq":3}"#, r#"",\"seq\":9""#, "[]"] {
            let msg = json(msg);
            for (before, after) in [(0, u64::MAX), (9, 10), (u64::MAX, 0)] {
                let renumbered = renumbered(&message("ann", &msg, Some(before)), after);
                assert_eq!(renumbered, Some(message("ann", &msg, Some(after))), "{msg:?}");
            }
        }
        for none in ["", "}", r#"{"seq":3}"#, r#"{"a":1,"seq":}"#, r#"{"a":1,"seq":3"#] {
            assert_eq!(renumbered(none.as_bytes(), 1), None, "{none}");
        }
        assert_eq!(renumbered(&message("ann", &json("[1]"), None), 1), None);
    }

    #[test]
    fn a_snapshot_in_both_dialects() {
        let limits = Limits::default();
        let facts = SnapshotFacts { seq: 4, epoch: "e1", limits: &limits, session: None };
        assert_eq!(
            snapshot(Dialect::Plain, &id("b"), br#"{"id":"a","state":null},{"id":"b"}"#, facts.clone()),
            r#"{"t":"snapshot","self":"b","members":[{"id":"a","state":null},{"id":"b"}]}"#
        );
        assert_eq!(
            snapshot(Dialect::V1, &id("b"), br#"{"id":"b"}"#, facts.clone()),
            concat!(
                r#"{"t":"snapshot","self":"b","members":[{"id":"b"}],"seq":4,"epoch":"e1","#,
                r#""heartbeat":25000,"limits":{"frame":65536}}"#
            )
        );
        let token = Token::new(crate::NodeId(0xabc), 0xdef);
        let session = SessionFacts { token, seal: None, resumed: true, acked: Some(7) };
        let sealed = SessionFacts { seal: Seal::parse("AZaz09-_"), resumed: false, acked: None, ..session.clone() };
        assert_eq!(
            sealed.to_string(),
            r#","session":"0000000000000abc-00000000000000000000000000000def-AZaz09-_","resumed":false"#
        );
        let session = Some(session);
        assert_eq!(
            snapshot(Dialect::V1, &id("b"), br#"{"id":"b"}"#, SnapshotFacts { session, ..facts }),
            concat!(
                r#"{"t":"snapshot","self":"b","members":[{"id":"b"}],"seq":4,"epoch":"e1","#,
                r#""session":"0000000000000abc-00000000000000000000000000000def","resumed":true,"acked":7,"#,
                r#""heartbeat":25000,"limits":{"frame":65536}}"#
            )
        );
    }

    #[test]
    fn who_came_and_went_in_both_dialects() {
        let (member, state) = (id("a"), Some(json(r#"{"n":1}"#)));
        let joined = |user: Option<&str>, info: Option<&str>, state: &Option<Json>| Change::Joined {
            member: member.clone(),
            number: Number(7),
            user: user.map(|user| crate::UserId::new(user).unwrap()),
            info: info.map(json),
            state: state.clone(),
        };
        for (written, plain, v1) in [
            (joined(None, None, &state), Some(r#"join","state":{"n":1}}"#), Some(r#"join","n":7,"state":{"n":1}}"#)),
            (joined(None, None, &None), Some(r#"join"}"#), Some(r#"join","n":7}"#)),
            (
                joined(Some("u"), Some(r#"["card"]"#), &state),
                Some(r#"join","state":{"n":1}}"#),
                Some(r#"join","n":7,"user":"u","info":["card"],"state":{"n":1}}"#),
            ),
            (Change::Left { member: member.clone() }, Some(r#"leave"}"#), Some(r#"leave"}"#)),
            (Change::Away { member: member.clone() }, None, Some(r#"away"}"#)),
            (Change::Back { member: member.clone(), state }, None, Some(r#"update","state":{"n":1}}"#)),
        ] {
            let frame = |dialect| change(&written, dialect).map(|frame| String::from_utf8(frame.to_vec()).unwrap());
            let expected = |op: Option<&str>| op.map(|op| format!(r#"{{"from":"a","t":"presence","op":"{op}"#));
            assert_eq!(frame(Dialect::Plain), expected(plain), "{written:?}");
            assert_eq!(frame(Dialect::V1), expected(v1), "{written:?}");
        }
    }

    #[test]
    fn every_other_frame() {
        let state = json(r#"{"n":1}"#);
        assert_eq!(update(&id("a"), None), r#"{"from":"a","t":"presence","op":"update"}"#);
        assert_eq!(update(&id("a"), Some(&state)).len(), update_bytes(&id("a"), Some(&state)));
        assert_eq!(
            informing_update(&id("a"), Some(&state), Some(&json("1"))),
            r#"{"from":"a","t":"presence","op":"update","info":{"n":1},"state":1}"#
        );
        assert_eq!(informing_update(&id("a"), None, None), r#"{"from":"a","t":"presence","op":"update","info":null}"#);
        assert_eq!(message("a", &state, None), r#"{"from":"a","t":"msg","msg":{"n":1}}"#);
        assert_eq!(message("", &state, Some(9)), r#"{"from":"","t":"msg","msg":{"n":1},"seq":9}"#);
        assert_eq!(ack(0, None), r#"{"t":"ack","id":0}"#);
        assert_eq!(ack(7, Some(30)), r#"{"t":"ack","id":7,"seq":30}"#);
        assert_eq!(
            error(Some(2), ErrorCode::BadMessage, "say \"x\""),
            r#"{"t":"error","id":2,"code":"bad_message","reason":"say \"x\""}"#
        );
        assert_eq!(error(None, ErrorCode::BadFrame, ""), r#"{"t":"error","code":"bad_frame","reason":""}"#);
        assert_eq!(batch([ack(1, None), ack(2, None)].iter()), r#"[{"t":"ack","id":1},{"t":"ack","id":2}]"#);
    }
}
