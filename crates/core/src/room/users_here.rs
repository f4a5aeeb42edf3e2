//! How many members each user has in a room.

use std::collections::BTreeMap;

use crate::UserId;

/// Those who are away count too: they are held.
#[derive(Debug, Default)]
pub(super) struct UsersHere(BTreeMap<UserId, usize>);

impl UsersHere {
    /// One more. `true`: it is the user's first.
    pub(super) fn enter(&mut self, user: &UserId) -> bool {
        let members = self.0.entry(user.clone()).or_insert(0);
        *members += 1;
        *members == 1
    }

    /// One less. `true`: it was the user's last.
    pub(super) fn leave(&mut self, user: &UserId) -> bool {
        let Some(members) = self.0.get_mut(user) else { return false };
        *members -= 1;
        let was_last = *members == 0;
        if was_last {
            self.0.remove(user);
        }
        was_last
    }
}
