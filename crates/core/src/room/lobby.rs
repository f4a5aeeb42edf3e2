//! Who waits to be let in.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::frame::encode;
use crate::{ConnectionId, Dialect, Json, MemberId};

/// A connection that is to become a member.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) connection: ConnectionId,
    pub(super) dialect: Dialect,
    pub(super) member: MemberId,
    pub(super) state: Option<Json>,
}

/// Those who came while the room's tick ran, in the order in which they came. Nobody hears of them, and they hear nothing.
/// Its bound is the room's: those who wait count as members.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: BTreeMap<u64, Newcomer>,
    tickets: HashMap<ConnectionId, u64>,
    members: HashSet<MemberId>,
    next_ticket: u64,
}

impl Lobby {
    pub(super) fn push(&mut self, newcomer: Newcomer) {
        self.tickets.insert(newcomer.connection, self.next_ticket);
        self.members.insert(newcomer.member.clone());
        self.waiting.insert(self.next_ticket, newcomer);
        self.next_ticket += 1;
    }

    /// It waits no longer. `false`: it did not.
    pub(super) fn remove(&mut self, connection: ConnectionId) -> bool {
        let newcomer = self.tickets.remove(&connection).and_then(|ticket| self.waiting.remove(&ticket));
        newcomer.is_some_and(|newcomer| self.members.remove(&newcomer.member))
    }

    /// Takes out those who came first: as many as whose snapshots together are within `limit` bytes, and one at least.
    /// Before them the snapshot lists so many bytes of members.
    pub(super) fn admit(&mut self, listed_bytes: usize, limit: usize) -> Vec<Newcomer> {
        let mut admitted = Vec::new();
        let mut snapshot = listed_bytes;
        while let Some(first) = self.waiting.first_entry() {
            let Newcomer { member, state, .. } = first.get();
            // With its comma; an empty room's first has none, and one too many does not matter.
            snapshot += encode::listed_bytes(member, state.as_ref()) + 1;
            if !admitted.is_empty() && snapshot.saturating_mul(admitted.len() + 1) > limit {
                return admitted;
            }
            let newcomer = first.remove();
            self.tickets.remove(&newcomer.connection);
            self.members.remove(&newcomer.member);
            admitted.push(newcomer);
        }
        // A room that nobody comes to any more keeps no buffer.
        (self.tickets, self.members) = Default::default();
        admitted
    }

    pub(super) fn has(&self, connection: ConnectionId) -> bool {
        self.tickets.contains_key(&connection)
    }

    pub(super) fn has_member(&self, member: &MemberId) -> bool {
        self.members.contains(member)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
