//! The bytes that a process holds for its clients: what has come in part, what waits to be handled, what waits to be read,
//! and what rooms say of their members. All of it is one sum, which has one bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics;

/// Of the memory that a process may use, this part may hold what its clients make it hold. The rest is the app's.
const SHARE: usize = 4;

/// What one process holds.
///
/// A sum of many holders, each of which says how much it holds whenever that changes. So nothing is counted twice or
/// forgotten, and it is zero when they are all gone.
#[derive(Debug)]
pub(crate) struct Memory {
    held: AtomicUsize,
    limit: AtomicUsize,
    /// What the metric says.
    told: AtomicUsize,
}

impl Default for Memory {
    fn default() -> Self {
        let nothing = AtomicUsize::default;
        Self { held: nothing(), limit: AtomicUsize::new(usize::MAX), told: nothing() }
    }
}

impl Memory {
    /// Sets the bound: the app's, or else a part of what the process may use; none where nobody knows that.
    pub(crate) fn bound(&self, limit: Option<usize>, usable: Option<usize>) {
        let limit = limit.or(usable.map(|usable| usable / SHARE)).unwrap_or(usize::MAX);
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.held() > self.limit()
    }

    /// A holder holds so many where it held so many before.
    pub(crate) fn changes(&self, from: usize, to: usize) {
        match to.checked_sub(from) {
            Some(0) => {}
            Some(more) => drop(self.held.fetch_add(more, Ordering::Relaxed)),
            None => drop(self.held.fetch_sub(from - to, Ordering::Relaxed)),
        }
    }

    /// Brings the metric up to date. Two threads that do it at once say the same in the end: each tells what changed.
    pub(crate) fn tell(&self) {
        let held = self.held();
        if held != self.told.load(Ordering::Relaxed) {
            metrics::bytes_held(held, self.told.swap(held, Ordering::Relaxed));
        }
    }
}

/// What one holder holds. Dropped, it holds nothing.
#[derive(Debug)]
pub(crate) struct Holding {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Holding {
    pub(crate) fn nothing(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), bytes: 0 }
    }

    /// Another, of the same process, that holds so many.
    pub(crate) fn beside(&self, bytes: usize) -> Self {
        let mut holding = Self::nothing(&self.memory);
        holding.set(bytes);
        holding
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn set(&mut self, bytes: usize) {
        self.memory.changes(std::mem::replace(&mut self.bytes, bytes), bytes);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bound_is_the_apps_or_a_quarter_of_what_there_is() {
        for (limit, usable, bound) in
            [(Some(10), Some(1_000), 10), (Some(10), None, 10), (None, Some(1_000), 250), (None, None, usize::MAX)]
        {
            let memory = Memory::default();
            memory.bound(limit, usable);
            assert_eq!(memory.limit(), bound);
        }
    }

    proptest! {
        /// Whoever comes, holds more or less, and goes: the sum is the sum, and zero when all have gone.
        #[test]
        fn the_sum_is_what_all_hold(steps in proptest::collection::vec((0..6_usize, 0..5_000_usize), 0..100)) {
            let memory = Arc::new(Memory::default());
            let mut holders: Vec<Holding> = Vec::new();
            for (who, bytes) in steps {
                match who {
                    0 => holders.push(Holding::nothing(&memory)),
                    1 => drop(holders.pop()),
                    who if who <= holders.len() => {
                        let at = who % holders.len();
                        holders[at].set(bytes);
                    }
                    _ => {}
                }
                prop_assert_eq!(memory.held(), holders.iter().map(Holding::bytes).sum::<usize>());
            }
            holders.clear();
            prop_assert_eq!(memory.held(), 0);
        }
    }
}
