//! Who is in a room, as it is read from outside.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use roomful_core::cluster::{Present, UserThere};
use roomful_core::json::present;
use roomful_core::roster::{self, Roster};
use roomful_core::{MemberId, UserId};
use serde::{Deserialize, Serialize};

/// One entry of a roster. As JSON it is `{"id": .., "user": .., "away": true, "info": .., "state": ..}`, where everything but
/// `id` may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>, I: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Member<P, I = ()> {
    /// Its id.
    pub id: MemberId,
    /// Which user it belongs to: see `Room::user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whether it has lost its connection, and is kept for a while so that it can come back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What the server says of it: see `Room::info`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub info: Option<I>,
    /// What it shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<P>,
}

impl<P, I> Member<P, I> {
    /// The same entry with its state and its info made of these; without one where nothing is made of it.
    pub fn filter_map<Q, J>(
        self,
        state: impl FnOnce(&MemberId, P) -> Option<Q>,
        info: impl FnOnce(&MemberId, I) -> Option<J>,
    ) -> Member<Q, J> {
        let Self { id, user, away, info: said, state: shown } = self;
        let info = said.and_then(|said| info(&id, said));
        let state = shown.and_then(|shown| state(&id, shown));
        Member { id, user, away, info, state }
    }
}

/// One user, with all of its members: three tabs, a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Who.
    pub user: UserId,
    /// Its members, in join order. Nobody where its last has just left and it may be back at once: see
    /// [`Limits::user_linger_ms`](roomful_core::Limits::user_linger_ms).
    pub members: Vec<MemberId>,
    /// Whether none of them has a connection.
    pub away: bool,
}

/// Each user once, in the order of their first members.
pub(crate) fn by_user(roster: &Roster) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    let mut places = HashMap::new();
    for roster::Row { member, user, away, .. } in roster.iter() {
        let Some(user) = user else { continue };
        let place = *places.entry(user).or_insert(users.len());
        match users.get_mut(place) {
            Some(found) => {
                found.members.push(member.clone());
                found.away &= away;
            }
            None => users.push(User { user: user.clone(), members: vec![member.clone()], away: *away }),
        }
    }
    users
}

/// Each user once, with those of its members that are given, and behind them those who linger.
pub(crate) fn users_there(members: Vec<Present>, lingering: Vec<UserId>) -> Vec<UserThere> {
    let mut users: Vec<UserThere> = Vec::new();
    let mut places = BTreeMap::new();
    for Present { member, user, away, .. } in members {
        let Some(user) = user else { continue };
        let place = *places.entry(user.clone()).or_insert(users.len());
        match users.get_mut(place) {
            Some(found) => {
                found.members.push(member);
                found.away &= away;
            }
            None => users.push(UserThere { user, members: vec![member], away }),
        }
    }
    let lingering = lingering.into_iter().filter(|user| !places.contains_key(user));
    users.extend(lingering.map(|user| UserThere { user, members: Vec::new(), away: true }));
    users
}

/// Those who linger, none of whom is in the roster.
pub(crate) fn lingering(users: Vec<UserId>) -> Vec<User> {
    users.into_iter().map(|user| User { user, members: Vec::new(), away: true }).collect()
}

/// Adds what a room says of a user to what others have said.
pub(crate) fn merge(users: &mut BTreeMap<UserId, User>, said: User) {
    match users.entry(said.user.clone()) {
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.away &= said.away;
            known.members.extend(said.members);
        }
        Entry::Vacant(place) => drop(place.insert(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(user: &str, members: &[&str], away: bool) -> User {
        let members = members.iter().map(|id| MemberId::parse(id).unwrap()).collect();
        User { user: UserId::new(user).unwrap(), members, away }
    }

    #[test]
    fn a_user_of_several_rooms_is_there_once_and_away_when_it_is_in_all() {
        let mut users = BTreeMap::new();
        let said = [
            user("ben", &[], true),
            user("ann", &["a1"], true),
            user("ben", &["b1"], false),
            user("ann", &["a2", "a3"], true),
            user("ben", &[], true),
        ];
        said.into_iter().for_each(|said| merge(&mut users, said));
        let users: Vec<_> = users.into_values().collect();
        assert_eq!(users, [user("ann", &["a1", "a2", "a3"], true), user("ben", &["b1"], false)]);
    }
}
