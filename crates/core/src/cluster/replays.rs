//! Each envelope counts once.

/// Which counts of one incarnation were seen. A broker may deliver one twice, and whoever can listen on it can say again what
/// they heard; what is said to other rooms only is not heard at all, so gaps are usual.
#[derive(Debug, Clone)]
pub(super) struct Replays {
    highest: u64,
    /// A bit for each count, as far as [`Replays::REACH`] behind the highest.
    seen: Box<[u64; WORDS]>,
}

const WORDS: usize = 64;
const WORD: u64 = u64::BITS as u64;

impl Replays {
    /// So far one may be behind the highest, which is further than a connection reorders: what is older is not known to be
    /// new, and counts as seen.
    #[cfg(test)]
    pub(super) const REACH: u64 = (WORDS as u64 - 1) * WORD;

    pub(super) fn new() -> Self {
        Self { highest: 0, seen: Box::new([0; WORDS]) }
    }

    /// `false`: it was seen, or is so old that nobody knows. Counts begin at 1.
    pub(super) fn admit(&mut self, count: u64) -> bool {
        // The word of the highest has no room for those that were in its place before.
        if count == 0 || count / WORD + WORDS as u64 <= self.highest / WORD {
            return false;
        }
        if count > self.highest {
            self.forget_up_to(count);
        }
        let bit = 1 << (count % WORD);
        let Some(word) = self.seen.get_mut((count / WORD) as usize % WORDS) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// The words that a new highest count comes to had older ones.
    fn forget_up_to(&mut self, count: u64) {
        let (from, to) = (self.highest / WORD, count / WORD);
        for word in (from + 1..=to).take(WORDS) {
            if let Some(word) = self.seen.get_mut(word as usize % WORDS) {
                *word = 0;
            }
        }
        self.highest = count;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_count_far_ahead_is_new_and_all_before_its_reach_is_old() {
        let mut replays = Replays::new();
        assert!(!replays.admit(0));
        assert!(replays.admit(5) && !replays.admit(5) && replays.admit(4));
        assert!(replays.admit(u64::MAX) && !replays.admit(u64::MAX));
        assert!(!replays.admit(6) && replays.admit(u64::MAX - Replays::REACH / 2));
    }

    proptest! {
        /// However they come: nothing counts twice, and what is not far behind counts once.
        #[test]
        fn each_once(counts in proptest::collection::vec(1u64..20_000, 1..300)) {
            let (mut replays, mut seen, mut highest) = (Replays::new(), BTreeSet::new(), 0);
            for count in counts {
                let was_new = seen.insert(count);
                let is_near = count + Replays::REACH > highest;
                highest = highest.max(count);
                let admitted = replays.admit(count);
                prop_assert!(!admitted || was_new);
                prop_assert!(admitted || !was_new || !is_near);
            }
        }
    }
}
