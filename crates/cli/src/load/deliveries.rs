//! What one member got of what the others said: each thing once, and in its sender's order.

use std::collections::{BTreeSet, HashMap};

use super::mark::Said;

/// By sender. Of messages each has to come; of states only the last has, and none after a newer one.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    of: HashMap<u32, Came>,
    pub(super) doubled: u64,
    pub(super) reordered: u64,
    /// Different ones that came.
    pub(super) came: u64,
}

#[derive(Debug, Default)]
struct Came {
    highest: u32,
    came: u32,
    /// Below the highest, and not come.
    missing: BTreeSet<u32>,
}

/// So many of one sender are known to be missing by number; what is missing beyond counts as lost when it comes, too.
const MISSING: usize = 1_024;

/// What was new in something that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    New,
    Old,
}

impl Deliveries {
    pub(super) fn message(&mut self, said: Said) -> News {
        let of = self.of.entry(said.sender).or_default();
        if said.nth > of.highest {
            let room = MISSING.saturating_sub(of.missing.len());
            of.missing.extend((of.highest + 1..said.nth).take(room));
            of.highest = said.nth;
        } else if of.missing.remove(&said.nth) {
            self.reordered += 1;
        } else {
            self.doubled += 1;
            return News::Old;
        }
        of.came += 1;
        self.came += 1;
        News::New
    }

    /// `is_roster`: in a snapshot, which may have again what came before.
    pub(super) fn state(&mut self, said: Said, is_roster: bool) -> News {
        let of = self.of.entry(said.sender).or_default();
        if said.nth <= of.highest {
            if said.nth < of.highest && !is_roster {
                self.reordered += 1;
            }
            return News::Old;
        }
        of.highest = said.nth;
        of.came += 1;
        self.came += 1;
        News::New
    }

    /// Of so many messages of a sender's, those that did not come.
    pub(super) fn lost(&self, sender: u32, said: u32) -> u32 {
        said.saturating_sub(self.of.get(&sender).map_or(0, |of| of.came))
    }

    /// Whether the last state that a sender set is the last that came.
    pub(super) fn is_current(&self, sender: u32, said: u32) -> bool {
        said == 0 || self.of.get(&sender).is_some_and(|of| of.highest == said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn got(nths: &[u32]) -> Deliveries {
        let mut deliveries = Deliveries::default();
        for nth in nths {
            deliveries.message(Said { sender: 1, nth: *nth });
        }
        deliveries
    }

    #[test]
    fn messages_are_lost_doubled_or_out_of_order() {
        for (nths, lost, doubled, reordered) in [
            (&[1, 2, 3][..], 0, 0, 0),
            (&[], 3, 0, 0),
            (&[1, 3], 1, 0, 0),
            (&[2, 3], 1, 0, 0),
            (&[1, 2], 1, 0, 0),
            (&[1, 1, 2, 3, 2], 0, 2, 0),
            (&[1, 3, 2], 0, 0, 1),
            (&[3, 1, 1, 2], 0, 1, 2),
        ] {
            let deliveries = got(nths);
            let counted = (deliveries.lost(1, 3), deliveries.doubled, deliveries.reordered);
            assert_eq!(counted, (lost, doubled, reordered), "{nths:?}");
        }
        assert_eq!(got(&[1]).lost(2, 5), 5, "of a sender that was never heard");
    }

    #[test]
    fn states_may_be_skipped_and_none_comes_after_a_newer_one() {
        let mut deliveries = Deliveries::default();
        let mut state = |nth, is_roster| deliveries.state(Said { sender: 0, nth }, is_roster);
        assert_eq!([state(1, false), state(4, false), state(4, false)], [News::New, News::New, News::Old]);
        assert_eq!(state(3, true), News::Old);
        assert_eq!((deliveries.came, deliveries.reordered), (2, 0));
        deliveries.state(Said { sender: 0, nth: 3 }, false);
        assert_eq!(deliveries.reordered, 1);
        assert!(deliveries.is_current(0, 4) && !deliveries.is_current(0, 5));
        assert!(deliveries.is_current(9, 0) && !deliveries.is_current(9, 1));
    }

    #[test]
    fn what_is_missing_is_remembered_within_a_bound() {
        assert_eq!(got(&[1_000_000]).of[&1].missing.len(), MISSING);
    }
}
