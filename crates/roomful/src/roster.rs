//! Who is in a room, as the app reads it.

use roomful_core::json::present;
use roomful_core::{MemberId, UserId};
use roomful_runtime::{ErrorKind, RosterEntry};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;

/// One entry of a roster. As JSON it is `{"id": .., "user": .., "away": true, "state": ..}`, where everything but `id` may be
/// absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Member<P> {
    /// Its id.
    pub id: MemberId,
    /// Which user it belongs to: see [`Room::user`](crate::Room::user).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whether it has lost its connection, and is kept for a while so that it can come back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What it shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<P>,
}

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
pub(crate) fn typed<P: DeserializeOwned>(roster: Vec<RosterEntry>) -> Result<Vec<Member<P>>> {
    let typed = |RosterEntry { id, user, away, state }| {
        let state = state.map(|state| state.decode()).transpose();
        Ok(Member { id, user, away, state: state.map_err(|error| ErrorKind::Decode(error).into_error())? })
    };
    roster.into_iter().map(typed).collect()
}

/// Each user once, in the order of their first members.
pub(crate) fn users(roster: Vec<RosterEntry>) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for RosterEntry { id, user, away, .. } in roster {
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
        let entry = |id: &str, user: Option<&str>, away| RosterEntry {
            id: MemberId::parse(id).unwrap(),
            user: user.map(|user| UserId::new(user).unwrap()),
            away,
            state: None,
        };
        let roster = vec![
            entry("a1", Some("ann"), true),
            entry("x", None, false),
            entry("b1", Some("ben"), true),
            entry("a2", Some("ann"), false),
        ];
        let users: Vec<_> =
            users(roster).into_iter().map(|user| (user.user.to_string(), user.members.len(), user.away)).collect();
        assert_eq!(users, [("ann".to_owned(), 2, false), ("ben".to_owned(), 1, true)]);
    }
}
