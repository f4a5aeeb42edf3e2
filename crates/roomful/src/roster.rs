//! Who is in a room, as the app reads it.

use std::any::type_name;

use roomful_core::{Json, MemberId, UserId};
use roomful_runtime::Member;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One user of a room, with all of its members: three tabs, a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Who.
    pub user: UserId,
    /// Its members, in join order.
    pub members: Vec<MemberId>,
    /// Whether all of them are away.
    pub away: bool,
}

/// The entries with their states of this type. One that is of another is left out, and said once: a client that has set it must
/// not keep the others from being seen.
pub(crate) fn typed<P: DeserializeOwned>(roster: Vec<Member<Json>>) -> Vec<Member<P>> {
    let (mut unread, mut first) = (0usize, None);
    let mut decode = |member: &MemberId, state: Json| {
        let decoded = state.decode();
        decoded.map_err(|error| {
            unread += 1;
            first.get_or_insert_with(|| (member.clone(), error));
        })
    };
    let members = roster.into_iter().map(|member| member.filter_map(|id, state| decode(id, state).ok())).collect();
    if let Some((member, why)) = first {
        tracing::warn!(%member, %why, unread, "a state is not read as `{}`, and is left out", type_name::<P>());
    }
    members
}

/// Each user once, in the order of their first members.
pub(crate) fn users(roster: Vec<Member<Json>>) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for Member { id, user, away, .. } in roster {
        let Some(user) = user else { continue };
        let place = *places.entry(user.clone()).or_insert(users.len());
        match users.get_mut(place) {
            Some(found) => {
                found.members.push(id);
                found.away &= away;
            }
            None => users.push(User { user, members: vec![id], away }),
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_another_type_is_left_out_and_nobody_with_it() {
        let roster = serde_json::json!([
            { "id": "ann", "state": 1 },
            { "id": "ben", "state": "one" },
            { "id": "cy" },
            { "id": "dan", "state": { "n": 1 } },
            { "id": "eve", "state": 2 },
        ]);
        let roster = serde_json::from_str(&roster.to_string()).unwrap();
        let members: Vec<_> =
            typed::<u8>(roster).into_iter().map(|member| (member.id.to_string(), member.state)).collect();
        let expected = [("ann", Some(1)), ("ben", None), ("cy", None), ("dan", None), ("eve", Some(2))];
        assert_eq!(members, expected.map(|(id, state)| (id.to_owned(), state)));
    }

    #[test]
    fn a_user_is_there_once_and_away_when_all_of_it_is() {
        let roster = serde_json::json!([
            { "id": "a1", "user": "ann", "away": true },
            { "id": "x" },
            { "id": "b1", "user": "ben", "away": true },
            { "id": "a2", "user": "ann" },
        ]);
        let roster = serde_json::from_str(&roster.to_string()).unwrap();
        let users: Vec<_> =
            users(roster).into_iter().map(|user| (user.user.to_string(), user.members.len(), user.away)).collect();
        assert_eq!(users, [("ann".to_owned(), 2, false), ("ben".to_owned(), 1, true)]);
    }
}
