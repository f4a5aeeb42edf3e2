//! How many members each user has in a room.

use std::collections::BTreeMap;

use crate::UserId;

/// Those who are away count too: they are held.
#[derive(Debug, Default)]
pub(super) struct UsersHere(BTreeMap<UserId, Members>);

/// Of one user.
#[derive(Debug, Default)]
struct Members {
    here: usize,
    elsewhere: usize,
}

impl UsersHere {
    /// One more of this node. `true`: it is the user's first here.
    pub(super) fn enter(&mut self, user: &UserId) -> bool {
        let here = &mut self.0.entry(user.clone()).or_default().here;
        *here += 1;
        *here == 1
    }

    /// One less of this node. `true`: it was the user's last here.
    pub(super) fn leave(&mut self, user: &UserId) -> bool {
        self.one_less(user, |members| &mut members.here)
    }

    /// One more of another node.
    pub(super) fn enter_elsewhere(&mut self, user: &UserId) {
        self.0.entry(user.clone()).or_default().elsewhere += 1;
    }

    /// One less of another node.
    pub(super) fn leave_elsewhere(&mut self, user: &UserId) {
        let _was_last = self.one_less(user, |members| &mut members.elsewhere);
    }

    /// Whether any node has a member of that user.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.0.contains_key(user)
    }

    /// Whether another node has a member of that user.
    pub(super) fn is_elsewhere(&self, user: &UserId) -> bool {
        self.0.get(user).is_some_and(|members| members.elsewhere > 0)
    }

    fn one_less(&mut self, user: &UserId, of: impl FnOnce(&mut Members) -> &mut usize) -> bool {
        let Some(members) = self.0.get_mut(user) else { return false };
        let count = of(members);
        let was_last = *count == 1;
        *count = count.saturating_sub(1);
        if members.here + members.elsewhere == 0 {
            self.0.remove(user);
        }
        was_last
    }
}
