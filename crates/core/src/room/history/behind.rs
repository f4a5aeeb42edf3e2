//! What other nodes say of their members, until the words are heard that came before it.

use std::collections::BTreeMap;

use crate::cluster::{Change, Incarnation};
use crate::{Millis, NodeId};

/// Words come from the broker, and what becomes of members from their nodes: on two ways, so one may be before the other.
#[derive(Debug, Default)]
pub(super) struct Behind {
    of: BTreeMap<NodeId, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    node: Incarnation,
    changes: Vec<Change>,
    /// The last word that its node had heard before.
    up_to: u64,
    /// When it is not waited for any more.
    until: Millis,
}

impl Behind {
    /// Of these changes those that are not to wait, where all words up to `seq` were heard.
    pub(super) fn pass(
        &mut self,
        node: &Incarnation,
        mut changes: Vec<Change>,
        seq: u64,
        until: Millis,
    ) -> Vec<Change> {
        if let Some(waiting) = self.of.get_mut(&node.node()) {
            waiting.changes.append(&mut changes);
            return Vec::new();
        }
        let beyond = |change: &Change| matches!(change, Change::UpTo { seq: up_to } if *up_to > seq);
        if let Some(at) = changes.iter().position(beyond) {
            let held = changes.split_off(at);
            if let Some(Change::UpTo { seq: up_to }) = held.first() {
                let waiting = Waiting { node: node.clone(), up_to: *up_to, changes: held, until };
                self.of.insert(node.node(), waiting);
            }
        }
        changes
    }

    /// All of one node's, whatever was heard.
    pub(super) fn release(&mut self, node: NodeId) -> Option<Vec<Change>> {
        self.of.remove(&node).map(|waiting| waiting.changes)
    }

    /// The next whose time has come.
    pub(super) fn next(&mut self, seq: u64, now: Millis) -> Option<(Incarnation, Vec<Change>)> {
        let is_due = |waiting: &Waiting| waiting.up_to <= seq || waiting.until <= now;
        let node = *self.of.iter().find(|(_, waiting)| is_due(waiting))?.0;
        let Waiting { node, mut changes, up_to, .. } = self.of.remove(&node)?;
        // Where it was waited for in vain that is no reason to wait for the same again.
        changes.retain(|change| !matches!(change, Change::UpTo { seq } if *seq == up_to));
        Some((node, changes))
    }

    /// The highest number that is waited for.
    pub(super) fn most(&self) -> u64 {
        self.of.values().map(|waiting| waiting.up_to).max().unwrap_or(0)
    }

    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.of.values().map(|waiting| waiting.until).min()
    }
}
