//! From what happened to the bytes that say so.
//!
//! Frames are written by hand, key by key, because their payloads are already JSON and are copied as they are.

use bytes::Bytes;

use crate::{Dialect, ErrorCode, Json, Limits, MemberId};

/// The answer to a v1 ping, byte for byte, so that a platform can give it without waking the room.
pub const PONG: &[u8] = br#"{"t":"pong"}"#;

/// What a v1 snapshot says beside the roster.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotFacts<'a> {
    /// The last number given to a message of this room.
    pub seq: u64,
    /// Which run of numbers `seq` belongs to.
    pub epoch: &'a str,
    /// For `heartbeat` and the frame limit.
    pub limits: &'a Limits,
}

/// The first frame of every connection. `list` appends what [`listed`] gives of every member, with commas between, which
/// is `list_bytes` long.
pub fn snapshot(
    dialect: Dialect,
    own: &MemberId,
    list_bytes: usize,
    list: impl FnOnce(&mut Vec<u8>),
    facts: SnapshotFacts<'_>,
) -> Bytes {
    let tail = match dialect {
        Dialect::Plain => "]}".to_owned(),
        Dialect::V1 => {
            let SnapshotFacts { seq, epoch, limits } = facts;
            let (epoch, heartbeat, frame) = (serde_json::Value::from(epoch), limits.heartbeat_ms, limits.frame_bytes);
            format!(r#"],"seq":{seq},"epoch":{epoch},"heartbeat":{heartbeat},"limits":{{"frame":{frame}}}}}"#)
        }
    };
    let head = [r#"{"t":"snapshot","self":""#, own.as_str(), r#"","members":["#];
    let head_bytes: usize = head.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(head_bytes + list_bytes + tail.len());
    head.iter().for_each(|part| frame.extend_from_slice(part.as_bytes()));
    list(&mut frame);
    frame.extend_from_slice(tail.as_bytes());
    frame.into()
}

/// A member as a snapshot lists it, and its state as a part of these very bytes.
#[must_use]
pub fn listed(member: &MemberId, state: Option<&Json>) -> (Bytes, Option<Json>) {
    // To the byte, because it is kept for as long as the member is in.
    let mut listed = String::with_capacity(listed_bytes(member, state));
    listed.push_str(r#"{"id":"#);
    push_id(&mut listed, member.as_str());
    push_optional(&mut listed, "state", state);
    let end = listed.len();
    listed.push('}');
    let listed = Bytes::from(listed);
    let state = state.map(|state| Json::of_checked(listed.slice(end - state.size()..end)));
    (listed, state)
}

/// How long [`listed`] is.
#[must_use]
pub fn listed_bytes(member: &MemberId, state: Option<&Json>) -> usize {
    let (id, state_key) = (r#"{"id":""}"#.len(), r#","state":"#.len());
    id + member.as_str().len() + state.map_or(0, |state| state_key + state.size())
}

/// A member came; the same for both dialects.
#[must_use]
pub fn join(member: &MemberId, state: Option<&Json>) -> Bytes {
    presence(member, "join", state)
}

/// A member's state is now this; the same for both dialects.
#[must_use]
pub fn update(member: &MemberId, state: Option<&Json>) -> Bytes {
    presence(member, "update", state)
}

/// A member went; the same for both dialects.
#[must_use]
pub fn leave(member: &MemberId) -> Bytes {
    presence(member, "leave", None)
}

/// A message; `from` is empty when no member said it, `seq` is there in v1 alone.
#[must_use]
pub fn message(from: &str, msg: &Json, seq: Option<u64>) -> Bytes {
    let mut frame = String::with_capacity(from.len() + msg.size() + 56);
    frame.push_str(r#"{"from":"#);
    push_id(&mut frame, from);
    frame.push_str(r#","t":"msg","msg":"#);
    frame.push_str(msg.as_str());
    if let Some(seq) = seq {
        frame.push_str(&format!(r#","seq":{seq}"#));
    }
    frame.push('}');
    frame.into()
}

/// The handler took message `id` (v1).
#[must_use]
pub fn ack(id: u64) -> Bytes {
    format!(r#"{{"t":"ack","id":{id}}}"#).into()
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

fn presence(member: &MemberId, op: &str, state: Option<&Json>) -> Bytes {
    // To the byte, or `Bytes` would allocate once more for each frame of a tick.
    let around = r#"{"from":"","t":"presence","op":""}"#.len() + op.len();
    let state_bytes = state.map_or(0, |state| r#","state":"#.len() + state.size());
    let mut frame = String::with_capacity(around + member.as_str().len() + state_bytes);
    frame.push_str(r#"{"from":"#);
    push_id(&mut frame, member.as_str());
    frame.push_str(r#","t":"presence","op":""#);
    frame.push_str(op);
    frame.push('"');
    push_optional(&mut frame, "state", state);
    frame.push('}');
    frame.into()
}

/// A member id needs no escapes: see [`MemberId`].
fn push_id(frame: &mut String, id: &str) {
    frame.push('"');
    frame.push_str(id);
    frame.push('"');
}

fn push_optional(frame: &mut String, key: &str, value: Option<&Json>) {
    if let Some(value) = value {
        frame.push_str(",\"");
        frame.push_str(key);
        frame.push_str("\":");
        frame.push_str(value.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn json(text: &str) -> Json {
        Json::encode(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
    }

    #[test]
    fn a_snapshot_in_both_dialects() {
        let (ann, state) = listed(&id("a"), Some(&json("null")));
        assert_eq!(state, Some(json("null")));
        let (bob, none) = listed(&id("b"), None);
        assert_eq!(none, None);
        let both = [&*ann, &*bob].join(&b","[..]);
        let limits = Limits::default();
        let facts = SnapshotFacts { seq: 4, epoch: "e1", limits: &limits };
        assert_eq!(
            snapshot(Dialect::Plain, &id("b"), both.len(), |frame| frame.extend(&both), facts),
            r#"{"t":"snapshot","self":"b","members":[{"id":"a","state":null},{"id":"b"}]}"#
        );
        assert_eq!(
            snapshot(Dialect::V1, &id("b"), bob.len(), |frame| frame.extend(&bob), facts),
            concat!(
                r#"{"t":"snapshot","self":"b","members":[{"id":"b"}],"seq":4,"epoch":"e1","#,
                r#""heartbeat":25000,"limits":{"frame":65536}}"#
            )
        );
    }

    #[test]
    fn every_other_frame() {
        let state = json(r#"{"n":1}"#);
        assert_eq!(join(&id("a"), Some(&state)), r#"{"from":"a","t":"presence","op":"join","state":{"n":1}}"#);
        assert_eq!(join(&id("a"), None), r#"{"from":"a","t":"presence","op":"join"}"#);
        assert_eq!(update(&id("a"), None), r#"{"from":"a","t":"presence","op":"update"}"#);
        assert_eq!(leave(&id("a")), r#"{"from":"a","t":"presence","op":"leave"}"#);
        assert_eq!(message("a", &state, None), r#"{"from":"a","t":"msg","msg":{"n":1}}"#);
        assert_eq!(message("", &state, Some(9)), r#"{"from":"","t":"msg","msg":{"n":1},"seq":9}"#);
        assert_eq!(ack(0), r#"{"t":"ack","id":0}"#);
        assert_eq!(
            error(Some(2), ErrorCode::BadMessage, "say \"x\""),
            r#"{"t":"error","id":2,"code":"bad_message","reason":"say \"x\""}"#
        );
        assert_eq!(error(None, ErrorCode::BadFrame, ""), r#"{"t":"error","code":"bad_frame","reason":""}"#);
        assert_eq!(batch([ack(1), ack(2)].iter()), r#"[{"t":"ack","id":1},{"t":"ack","id":2}]"#);
    }
}
