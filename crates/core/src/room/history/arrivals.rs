//! What the broker has numbered, until it is its turn.

use std::collections::BTreeMap;

use crate::NodeId;
use crate::cluster::{Numbered, Word};

/// Words in the order of their numbers. One whose forerunner is missing waits for that.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: BTreeMap<u64, Numbered>,
    /// The last word of each node, so that what was captured and is said again is nothing.
    spoken: BTreeMap<NodeId, u64>,
}

impl Arrivals {
    /// One more, where not so many wait. `false`: it is to be read again.
    pub(super) fn push(&mut self, numbered: Numbered, most: usize) -> bool {
        let has_room = self.waiting.len() < most;
        if has_room {
            self.waiting.insert(numbered.seq, numbered);
        }
        has_room
    }

    /// The next behind this number.
    pub(super) fn due(&self, seq: u64) -> Option<&Numbered> {
        self.waiting.values().next().filter(|numbered| numbered.after <= seq)
    }

    pub(super) fn take(&mut self) -> Option<Numbered> {
        self.waiting.pop_first().map(|(_, numbered)| numbered)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether something waits for what is missing behind this number.
    pub(super) fn lacks(&self, seq: u64) -> bool {
        !self.waiting.is_empty() && self.due(seq).is_none()
    }

    /// Everything up to this number is over.
    pub(super) fn forget_up_to(&mut self, seq: u64) {
        self.waiting = self.waiting.split_off(&seq.saturating_add(1));
    }

    /// Another run of numbers begins.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Whether that word was heard before.
    pub(super) fn is_repeated(&mut self, word: &Word) -> bool {
        let last = self.spoken.entry(word.node.node()).or_default();
        let is_repeated = word.number <= *last;
        *last = word.number.max(*last);
        is_repeated
    }
}
