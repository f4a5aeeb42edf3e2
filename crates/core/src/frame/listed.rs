//! A member as a snapshot lists it.

use std::fmt::Write as _;

use bytes::Bytes;

use super::text::push_optional;
use crate::number::Number;
use crate::{Json, MemberId, UserId};

/// What stands before a member's id, and behind it.
const ID: [&str; 2] = [r#"{"id":""#, "\""];

/// What both dialects list of a member, in one piece of memory. What only v1 lists lies in the middle, so that plain takes
/// what is around it. How much that is, is not kept: it follows from the member and its state.
#[derive(Debug, Clone)]
pub struct Listed(Bytes);

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

/// Lists a member, and gives its info and its state as parts of these very bytes.
#[must_use]
pub fn write(member: &MemberId, v1_only: V1Only<'_>, state: Option<&Json>) -> (Listed, Option<Json>, Option<Json>) {
    let keys = v1_only.write();
    // To the byte, because it is kept for as long as the member is in.
    let mut listed = String::with_capacity(size(member, state) + keys.len());
    for part in [ID[0], member.as_str(), ID[1], &keys] {
        listed.push_str(part);
    }
    let info_end = listed.len();
    push_optional(&mut listed, "state", state);
    let state_end = listed.len();
    listed.push('}');
    let bytes = Bytes::from(listed);
    let part = |json: &Json, end: usize| Json::of_checked(bytes.slice(end - json.size()..end));
    let info = v1_only.info.map(|info| part(info, info_end));
    let state = state.map(|state| part(state, state_end));
    (Listed(bytes), info, state)
}

/// How long a member is in a plain listing.
#[must_use]
pub fn size(member: &MemberId, state: Option<&Json>) -> usize {
    let (id, state_key) = (r#"{"id":""}"#.len(), r#","state":"#.len());
    id + member.text_len() + state.map_or(0, |state| state_key + state.size())
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
        &self.0
    }

    /// As plain lists this member, in two pieces.
    #[must_use]
    pub fn as_plain(&self, member: &MemberId, state: Option<&Json>) -> [&[u8]; 2] {
        let from = ID[0].len() + member.text_len() + ID[1].len();
        let to = from + self.v1_only_bytes(member, state);
        [self.0.get(..from).unwrap_or_default(), self.0.get(to..).unwrap_or_default()]
    }

    /// How much longer this member is in v1.
    #[must_use]
    pub fn v1_only_bytes(&self, member: &MemberId, state: Option<&Json>) -> usize {
        self.0.len() - size(member, state)
    }
}
