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

/// Lists a member, and gives its state as a part of these very bytes.
#[must_use]
pub fn write(
    (member, number): (&MemberId, Number),
    user: Option<&UserId>,
    away: bool,
    state: Option<&Json>,
) -> (Listed, Option<Json>) {
    let v1_only = v1_only(number, user, away);
    // To the byte, because it is kept for as long as the member is in.
    let mut listed = String::with_capacity(size(member, state) + v1_only.len());
    for part in [ID[0], member.as_str(), ID[1], &v1_only] {
        listed.push_str(part);
    }
    push_optional(&mut listed, "state", state);
    let end = listed.len();
    listed.push('}');
    let bytes = Bytes::from(listed);
    let state = state.map(|state| Json::of_checked(bytes.slice(end - state.size()..end)));
    (Listed(bytes), state)
}

/// How long a member is in a plain listing.
#[must_use]
pub fn size(member: &MemberId, state: Option<&Json>) -> usize {
    let (id, state_key) = (r#"{"id":""}"#.len(), r#","state":"#.len());
    id + member.as_str().len() + state.map_or(0, |state| state_key + state.size())
}

/// How long a member that is not away and has no number yet is in a v1 listing, which is the longer one, at most.
#[must_use]
pub fn most_v1_bytes(member: &MemberId, user: Option<&UserId>, state: Option<&Json>) -> usize {
    size(member, state) + v1_only(Number(u32::MAX), user, false).len()
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
        let from = ID[0].len() + member.as_str().len() + ID[1].len();
        let to = from + self.v1_only_bytes(member, state);
        [self.0.get(..from).unwrap_or_default(), self.0.get(to..).unwrap_or_default()]
    }

    /// How much longer this member is in v1.
    #[must_use]
    pub fn v1_only_bytes(&self, member: &MemberId, state: Option<&Json>) -> usize {
        self.0.len() - size(member, state)
    }
}

/// What a snapshot and a join say in v1 alone.
pub(super) fn v1_only(number: Number, user: Option<&UserId>, away: bool) -> String {
    let mut v1_only = format!(r#","n":{}"#, number.0);
    if let Some(user) = user {
        // A string takes whatever is written.
        let _infallible = write!(v1_only, r#","user":{}"#, serde_json::Value::from(user.as_str()));
    }
    if away {
        v1_only.push_str(r#","away":true"#);
    }
    v1_only
}
