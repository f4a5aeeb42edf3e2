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

/// The entries with their states and infos of these types. One that is of another is left out, and said once: a client that has
/// set it must not keep the others from being seen.
pub(crate) fn typed<P: DeserializeOwned, I: DeserializeOwned>(roster: Vec<Member<Json, Json>>) -> Vec<Member<P, I>> {
    let (mut states, mut infos) = (Unread::default(), Unread::default());
    let mut typed = |member: Member<Json, Json>| {
        member.filter_map(|id, state| states.read(id, &state), |id, info| infos.read(id, &info))
    };
    let members = roster.into_iter().map(&mut typed).collect();
    states.tell("a state", type_name::<P>());
    infos.tell("an info", type_name::<I>());
    members
}

/// What of a roster was not read.
#[derive(Default)]
struct Unread {
    count: usize,
    first: Option<(MemberId, serde_json::Error)>,
}

impl Unread {
    fn read<T: DeserializeOwned>(&mut self, member: &MemberId, json: &Json) -> Option<T> {
        let decoded = json.decode().map_err(|error| {
            self.count += 1;
            self.first.get_or_insert_with(|| (member.clone(), error));
        });
        decoded.ok()
    }

    fn tell(self, what: &str, as_type: &str) {
        let Self { count: unread, first } = self;
        if let Some((member, why)) = first {
            tracing::warn!(%member, %why, unread, "{what} is not read as `{as_type}`, and is left out");
        }
    }
}

/// Each user once, in the order of their first members.
pub(crate) fn users(roster: Vec<Member<Json, Json>>) -> Vec<User> {
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
    fn a_state_or_an_info_of_another_type_is_left_out_and_nobody_with_it() {
        let roster = serde_json::json!([
            { "id": "ann", "state": 1, "info": "host" },
            { "id": "ben", "state": "one", "info": "guest" },
            { "id": "cy" },
            { "id": "dan", "state": { "n": 1 }, "info": 1 },
            { "id": "eve", "state": 2, "info": null },
        ]);
        let roster = serde_json::from_str(&roster.to_string()).unwrap();
        let members: Vec<_> = typed::<u8, String>(roster)
            .into_iter()
            .map(|member| (member.id.to_string(), member.state, member.info))
            .collect();
        let expected = [
            ("ann", Some(1), Some("host")),
            ("ben", None, Some("guest")),
            ("cy", None, None),
            ("dan", None, None),
            ("eve", Some(2), None),
        ];
        assert_eq!(members, expected.map(|(id, state, info)| (id.to_owned(), state, info.map(str::to_owned))));
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
