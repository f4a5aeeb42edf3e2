//! A member as a snapshot lists it.

use std::fmt::Write as _;

use bytes::Bytes;

use super::text::push_optional;
use crate::number::Number;
use crate::{Json, MemberId, UserId};

/// What stands before a member's id, and behind it.
const ID: [&str; 2] = [r#"{"id":""#, "\""];
/// What stands before its state.
const STATE_KEY: &str = r#","state":"#;
const END: &str = "}";

/// What both dialects list of a member, in one piece of memory. What only v1 lists lies in the middle, so that plain takes
/// what is around it. How much that is, is not kept: it follows from the member and its state.
///
/// The member's info and its state are parts of it, and kept nowhere else.
#[derive(Debug)]
pub struct Listed {
    bytes: Bytes,
    /// How long its info is; 0: there is none.
    info: u32,
    /// The same of its state.
    state: u32,
}

/// What a snapshot and a join say in v1 alone.
#[derive(Debug, Clone, Copy)]
pub struct V1Only<'a> {
    number: Number,
    user: Option<&'a UserId>,
    away: bool,
    info: Option<&'a Json>,
}

impl<'a> V1Only<'a> {
    /// That a member has this number, whose it is, whether it is away, and what the server says of it.
    #[must_use]
    pub fn of(number: Number, user: Option<&'a UserId>, away: bool, info: Option<&'a Json>) -> Self {
        Self { number, user, away, info }
    }

    /// As keys, each with a comma before it. The info is the last.
    pub(super) fn write(self) -> String {
        let mut keys = format!(r#","n":{}"#, self.number.0);
        if let Some(user) = self.user {
            // A string takes whatever is written.
            let _infallible = write!(keys, r#","user":{}"#, serde_json::Value::from(user.as_str()));
        }
        if self.away {
            keys.push_str(r#","away":true"#);
        }
        push_optional(&mut keys, "info", self.info);
        keys
    }
}

/// Lists a member.
#[must_use]
pub fn write(member: &MemberId, v1_only: V1Only<'_>, state: Option<&Json>) -> Listed {
    let keys = v1_only.write();
    // To the byte, because it is kept for as long as the member is in.
    let mut listed = String::with_capacity(size(member, state) + keys.len());
    for part in [ID[0], member.as_str(), ID[1], &keys] {
        listed.push_str(part);
    }
    push_optional(&mut listed, "state", state);
    listed.push_str(END);
    // Neither is ever as long: a frame could not carry it.
    let bytes = |json: Option<&Json>| json.map_or(0, |json| u32::try_from(json.size()).unwrap_or(u32::MAX));
    Listed { bytes: listed.into(), info: bytes(v1_only.info), state: bytes(state) }
}

/// How long a member is in a plain listing.
#[must_use]
pub fn size(member: &MemberId, state: Option<&Json>) -> usize {
    plain_bytes(member, state.map_or(0, Json::size))
}

fn plain_bytes(member: &MemberId, state: usize) -> usize {
    let id = r#"{"id":""}"#.len();
    id + member.text_len() + if state > 0 { STATE_KEY.len() + state } else { 0 }
}

/// How long a member that is not away and has no number yet is in a v1 listing, which is the longer one, at most.
#[must_use]
pub fn most_v1_bytes(member: &MemberId, user: Option<&UserId>, info: Option<&Json>, state: Option<&Json>) -> usize {
    size(member, state) + V1Only::of(Number(u32::MAX), user, false, info).write().len()
}

impl Listed {
    /// As v1 lists it.
    #[must_use]
    pub fn as_v1(&self) -> &[u8] {
        &self.bytes
    }

    /// As plain lists this member, in two pieces.
    #[must_use]
    pub fn as_plain(&self, member: &MemberId) -> [&[u8]; 2] {
        let from = ID[0].len() + member.text_len() + ID[1].len();
        let to = from + self.v1_only_bytes(member);
        [self.bytes.get(..from).unwrap_or_default(), self.bytes.get(to..).unwrap_or_default()]
    }

    /// How much longer this member is in v1.
    #[must_use]
    pub fn v1_only_bytes(&self, member: &MemberId) -> usize {
        self.bytes.len() - plain_bytes(member, self.state as usize)
    }

    /// What the server says of the member.
    #[must_use]
    pub fn info(&self) -> Option<Json> {
        let behind = if self.state > 0 { STATE_KEY.len() + self.state as usize } else { 0 };
        self.part(self.info as usize, behind + END.len())
    }

    /// Its presence.
    #[must_use]
    pub fn state(&self) -> Option<Json> {
        self.part(self.state as usize, END.len())
    }

    /// So many bytes, where so many are behind them.
    fn part(&self, bytes: usize, behind: usize) -> Option<Json> {
        let end = self.bytes.len().checked_sub(behind)?;
        let from = end.checked_sub(bytes)?;
        (bytes > 0).then(|| Json::of_checked(self.bytes.slice(from..end)))
    }
}
