//! Who waits to be let in.

use std::collections::BTreeMap;

use super::Newcomer;
use crate::frame::listed;
use crate::{Generation, MemberId};

/// Those who came while the room's tick ran, in the order in which they came. Nobody hears of them, and they hear nothing.
/// Its bound is the room's: those who wait count as members.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: BTreeMap<u64, Newcomer>,
    tickets: BTreeMap<MemberId, u64>,
    next_ticket: u64,
}

impl Lobby {
    pub(super) fn push(&mut self, newcomer: Newcomer) {
        self.tickets.insert(newcomer.member.clone(), self.next_ticket);
        self.waiting.insert(self.next_ticket, newcomer);
        self.next_ticket += 1;
    }

    /// It waits no longer. `false`: it did not.
    pub(super) fn remove(&mut self, member: &MemberId) -> bool {
        self.tickets.remove(member).and_then(|ticket| self.waiting.remove(&ticket)).is_some()
    }

    /// Takes out those who came first: as many as whose snapshots together, with those of so many `others`, are within `limit` bytes,
    /// and one at least where there are no others. Before them the snapshot lists so many bytes of members.
    pub(super) fn admit(&mut self, (others, listed_bytes): (usize, usize), limit: usize) -> Vec<Newcomer> {
        let mut admitted = Vec::new();
        let mut snapshot = listed_bytes;
        while let Some(first) = self.waiting.first_entry() {
            let Newcomer { member, user, info, state, .. } = first.get();
            // With its comma; an empty room's first has none, and one too many does not matter.
            snapshot += listed::most_v1_bytes(member, user.as_ref(), info.as_ref(), state.as_ref()) + 1;
            let before = others + admitted.len();
            if before > 0 && snapshot.saturating_mul(before + 1) > limit {
                return admitted;
            }
            let newcomer = first.remove();
            self.tickets.remove(&newcomer.member);
            admitted.push(newcomer);
        }
        admitted
    }

    /// How often whoever waits was taken over.
    pub(super) fn generation(&self, member: &MemberId) -> Option<Generation> {
        let ticket = self.tickets.get(member)?;
        self.waiting.get(ticket).map(|newcomer| newcomer.generation)
    }

    pub(super) fn has(&self, member: &MemberId) -> bool {
        self.tickets.contains_key(member)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
