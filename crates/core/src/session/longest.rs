//! Who is held without a socket, who has been for the longest first.

use std::collections::BTreeMap;

/// Those who are held, in the order in which they lost their sockets: where there is no place for somebody who comes, the one
/// who has been away the longest is the first to be let go.
#[derive(Debug)]
pub struct LongestFirst<K> {
    order: BTreeMap<u64, K>,
    turns: BTreeMap<K, u64>,
    next: u64,
}

impl<K> Default for LongestFirst<K> {
    fn default() -> Self {
        Self { order: BTreeMap::new(), turns: BTreeMap::new(), next: 0 }
    }
}

impl<K: Clone + Ord> LongestFirst<K> {
    /// This one is held from now on. Where it is already, that stays as it is.
    pub fn push(&mut self, held: K) {
        if self.turns.contains_key(&held) {
            return;
        }
        self.turns.insert(held.clone(), self.next);
        self.order.insert(self.next, held);
        self.next += 1;
    }

    /// This one is held no more. `false`: it was not.
    pub fn remove(&mut self, held: &K) -> bool {
        let turn = self.turns.remove(held);
        turn.and_then(|turn| self.order.remove(&turn)).is_some()
    }

    /// Who has been held for the longest.
    #[must_use]
    pub fn first(&self) -> Option<&K> {
        self.first_but(None)
    }

    /// Who has been held for the longest, save this one.
    #[must_use]
    pub fn first_but(&self, spared: Option<&K>) -> Option<&K> {
        self.order.values().find(|held| Some(*held) != spared)
    }

    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nobody is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_list_that_is_added_to_at_its_end(steps in prop::collection::vec((any::<bool>(), 0..6u8), 0..60)) {
            let (mut held, mut list) = (LongestFirst::default(), Vec::new());
            for (is_lost, who) in steps {
                let was_in = list.contains(&who);
                if is_lost {
                    held.push(who);
                    list.extend((!was_in).then_some(who));
                } else {
                    prop_assert_eq!(held.remove(&who), was_in);
                    list.retain(|listed| *listed != who);
                }
                prop_assert_eq!((held.first(), held.len(), held.is_empty()), (list.first(), list.len(), list.is_empty()));
                prop_assert_eq!(held.first_but(Some(&who)), list.iter().find(|listed| **listed != who));
            }
        }
    }
}
