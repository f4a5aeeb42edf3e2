//! Who is in a room, as the app reads it.

use roomful_core::{Json, MemberId, UserId};
use roomful_runtime::{ErrorKind, Member};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;

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

/// The entries with their states of this type.
pub(crate) fn typed<P: DeserializeOwned>(roster: Vec<Member<Json>>) -> Result<Vec<Member<P>>> {
    let decode = |state: Json| state.decode().map_err(|error| ErrorKind::Decode(error).into_error());
    roster.into_iter().map(|member| member.try_map(decode)).collect()
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
