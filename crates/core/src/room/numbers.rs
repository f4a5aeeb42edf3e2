//! Which numbers name members.
//!
//! A number is the smallest that names nobody, so that it stays short, and it is given again only when nobody can take it
//! for the member that had it: once the leave of that one was told, or while nobody is there to be told. Whatever comes
//! later then stands behind that leave, in one order for every receiver.

use crate::roster::Number;

const WORD: usize = u64::BITS as usize;

/// Far more than there are members at once, and bits that are soon searched: what was kept could say any number.
const MOST: usize = 1 << 24;

/// The numbers of one room that name somebody, a bit each.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<u64>);

impl Numbers {
    /// Those are taken, and no others.
    pub(super) fn of(taken: impl Iterator<Item = Number>) -> Self {
        let mut numbers = Self::default();
        for number in taken {
            numbers.claim(number);
        }
        numbers
    }

    /// The smallest that is free. It is taken from here on.
    pub(super) fn take(&mut self) -> Number {
        let word = self.0.iter().position(|word| *word != u64::MAX).unwrap_or(self.0.len());
        let bit = self.0.get(word).map_or(0, |word| word.trailing_ones() as usize);
        self.set(word, bit);
        // There are never so many members that their numbers do not fit.
        Number(u32::try_from(word * WORD + bit).unwrap_or(u32::MAX))
    }

    /// Takes this one. `false`, and no change, where it names somebody already or is none that a room gives.
    pub(super) fn claim(&mut self, number: Number) -> bool {
        let at = number.0 as usize;
        let (word, bit) = (at / WORD, at % WORD);
        if at >= MOST || self.0.get(word).is_some_and(|word| word & 1 << bit != 0) {
            return false;
        }
        self.set(word, bit);
        true
    }

    /// It names nobody any more, and may name another.
    pub(super) fn free(&mut self, number: Number) {
        let at = number.0 as usize;
        if let Some(word) = self.0.get_mut(at / WORD) {
            *word &= !(1 << (at % WORD));
        }
    }

    fn set(&mut self, word: usize, bit: usize) {
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_no_room_gives_is_not_claimed() {
        let mut numbers = Numbers::default();
        assert!(!numbers.claim(Number(u32::MAX)) && !numbers.claim(Number(MOST as u32)));
        assert!(numbers.claim(Number(MOST as u32 - 1)));
        assert_eq!(numbers.take(), Number(0));
        numbers.free(Number(u32::MAX));
    }

    proptest! {
        /// Whatever is taken, claimed and freed: a number names one at a time, and the smallest free one is taken.
        #[test]
        fn the_smallest_that_is_free(steps in proptest::collection::vec((0u8..3, 0u32..200), 0..400)) {
            let (mut numbers, mut taken) = (Numbers::default(), BTreeSet::new());
            for (kind, number) in steps {
                match kind {
                    0 => {
                        let smallest = (0..).find(|number| !taken.contains(number)).unwrap();
                        prop_assert_eq!(numbers.take(), Number(smallest));
                        taken.insert(smallest);
                    }
                    1 => prop_assert_eq!(numbers.claim(Number(number)), taken.insert(number)),
                    _ => {
                        numbers.free(Number(number));
                        taken.remove(&number);
                    }
                }
            }
        }
    }
}
