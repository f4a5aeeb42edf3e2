//! Which connections each user has.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use roomful_core::{MemberId, UserId};

use crate::lock::lock;

/// The connections of each user that has any.
#[derive(Default)]
pub(crate) struct UserConnections {
    users: Mutex<HashMap<UserId, Connections>>,
}

/// Those of one user.
#[derive(Default)]
struct Connections {
    members: HashSet<MemberId>,
    /// How many of them have not ended.
    counted: usize,
}

/// One of a user's connections. Dropping it gives it back.
pub(crate) struct OfUser {
    all: Arc<UserConnections>,
    user: UserId,
    member: MemberId,
    counts: bool,
}

impl UserConnections {
    /// Counts one more, unless there are as many as may be.
    pub(crate) fn one_more(self: &Arc<Self>, user: &UserId, member: &MemberId, limit: Option<usize>) -> Option<OfUser> {
        let mut users = lock(&self.users);
        let connections = users.entry(user.clone()).or_default();
        if limit.is_some_and(|limit| connections.counted >= limit) {
            // There are some, or the limit would be 0.
            return None;
        }
        connections.counted += 1;
        connections.members.insert(member.clone());
        Some(OfUser { all: Arc::clone(self), user: user.clone(), member: member.clone(), counts: true })
    }

    /// All of this user's, those too that are at their end or not in yet.
    pub(crate) fn members_of(&self, user: &UserId) -> Vec<MemberId> {
        lock(&self.users).get(user).map_or_else(Vec::new, |connections| connections.members.iter().cloned().collect())
    }
}

impl OfUser {
    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// It is at its end: another may have its place, whatever it still does.
    pub(crate) fn end(&mut self) {
        if std::mem::take(&mut self.counts)
            && let Some(connections) = lock(&self.all.users).get_mut(&self.user)
        {
            connections.counted -= 1;
        }
    }
}

impl Drop for OfUser {
    fn drop(&mut self) {
        self.end();
        // Only those that have a connection are kept, so there are never more of them than connections.
        if let Entry::Occupied(mut connections) = lock(&self.all.users).entry(self.user.clone()) {
            connections.get_mut().members.remove(&self.member);
            if connections.get().members.is_empty() {
                connections.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn id(name: &str) -> MemberId {
        MemberId::parse(name).unwrap()
    }

    #[test]
    fn what_has_ended_counts_no_more_and_is_known_until_it_is_over() {
        let all = Arc::new(UserConnections::default());
        let one_more = |name: &str, member: &str| all.one_more(&user(name), &id(member), Some(2));
        let (mut a, b) = (one_more("ann", "a").unwrap(), one_more("ann", "b").unwrap());
        assert!(one_more("ann", "c").is_none() && one_more("ben", "c").is_some());
        a.end();
        a.end();
        let c = one_more("ann", "c").unwrap();
        assert!(one_more("ann", "d").is_none());
        let mut members = all.members_of(&user("ann"));
        members.sort();
        assert_eq!(members, ["a", "b", "c"].map(id));
        drop((a, b));
        assert_eq!((all.members_of(&user("ann")), all.members_of(&user("ben"))), (vec![id("c")], vec![]));
        drop(c);
        assert!(lock(&all.users).is_empty());
    }

    #[test]
    fn where_there_is_no_bound_all_are_known() {
        let all = Arc::new(UserConnections::default());
        let many: Vec<_> =
            (0..100).filter_map(|nth| all.one_more(&user("ann"), &id(&format!("m{nth}")), None)).collect();
        assert_eq!((many.len(), all.members_of(&user("ann")).len()), (100, 100));
        drop(many);
        assert!(lock(&all.users).is_empty());
    }

    #[test]
    fn of_many_who_come_at_once_no_more_get_in_than_may() {
        let (all, together) = (Arc::new(UserConnections::default()), Arc::new(Barrier::new(8)));
        let threads = (0..8).map(|thread| {
            let (all, together) = (Arc::clone(&all), Arc::clone(&together));
            std::thread::spawn(move || {
                together.wait();
                let one_more = |nth: u32| all.one_more(&user("ann"), &id(&format!("m{thread}-{nth}")), Some(50));
                (0..100).filter_map(one_more).collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = threads.collect();
        let let_in: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(let_in.iter().map(Vec::len).sum::<usize>(), 50);
        drop(let_in);
        assert!(lock(&all.users).is_empty());
    }
}
