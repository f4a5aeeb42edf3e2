//! When the sockets of a shard are to be looked at again.

use std::collections::BTreeMap;

use roomful_core::Millis;

/// Times are rounded up to this, so that ten thousand heartbeats are a few thousand entries and no timer each.
const GRAIN_MS: Millis = 16;

/// Numbers by the time at which each is due. A number may stand at several times: whoever takes it knows which counts.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<Millis, Vec<usize>>,
}

impl Timers {
    /// Adds a number; returns the time at which it stands. The last moment there is stands for never, and has no entry.
    pub(super) fn add(&mut self, number: usize, at: Millis) -> Millis {
        let at = Self::rounded(at);
        if at != Millis::MAX {
            self.due.entry(at).or_default().push(number);
        }
        at
    }

    /// The time at which a number stands that is added for this one. To be compared with when it stands already, or each
    /// time that somebody asks would make an entry of its own.
    pub(super) fn rounded(at: Millis) -> Millis {
        at.div_ceil(GRAIN_MS).saturating_mul(GRAIN_MS)
    }

    /// The next time at which something is due.
    pub(super) fn next(&self) -> Option<Millis> {
        self.due.first_key_value().map(|(at, _)| *at)
    }

    /// What is due at `now`, and the time at which it stood.
    pub(super) fn take(&mut self, now: Millis) -> Option<(Millis, Vec<usize>)> {
        let first = self.due.first_entry().filter(|first| *first.key() <= now)?;
        Some(first.remove_entry())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_time_and_never_early() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        assert_eq!(timers.add(1, 100), 112);
        assert_eq!(timers.add(2, 112), 112);
        assert_eq!(timers.add(3, 16), 16);
        assert_eq!(timers.next(), Some(16));
        assert_eq!(timers.take(15), None);
        assert_eq!(timers.take(112), Some((16, vec![3])));
        assert_eq!(timers.take(112), Some((112, vec![1, 2])));
        assert_eq!(timers.take(10_000), None);
        for never in [Millis::MAX, Millis::MAX - 1] {
            assert_eq!(timers.add(4, never), Millis::MAX);
        }
        assert_eq!(timers.next(), None);
    }
}
