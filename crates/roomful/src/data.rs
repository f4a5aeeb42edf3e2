//! A connection's data, which may be renewed while somebody reads it.

use std::sync::{Arc, OnceLock};

/// One version of it, and those that came after. None is dropped before the last: whoever was given one may still read it. So
/// there is a bound to how many there are, [`Limits::refreshes`](crate::Limits::refreshes).
pub(crate) struct Versions<T> {
    data: T,
    newer: OnceLock<Arc<Self>>,
}

impl<T> Versions<T> {
    pub(crate) fn new(data: T) -> Self {
        Self { data, newer: OnceLock::new() }
    }

    pub(crate) fn newest(&self) -> &T {
        &self.last().data
    }

    /// Of two that come at once both are taken, one after the other.
    pub(crate) fn renew(&self, data: T) {
        let mut newer = Arc::new(Self::new(data));
        while let Err(refused) = self.last().newer.set(newer) {
            newer = refused;
        }
    }

    fn last(&self) -> &Self {
        let mut last = self;
        while let Some(newer) = last.newer.get() {
            last = newer;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_read_and_what_was_read_stays() {
        let versions = Versions::new("first".to_owned());
        let first = versions.newest();
        versions.renew("second".to_owned());
        let second = versions.newest();
        versions.renew("third".to_owned());
        assert_eq!([first, second, versions.newest()], ["first", "second", "third"]);
    }

    #[test]
    fn none_is_lost_of_those_that_come_at_once() {
        let versions = Versions::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..1_000).for_each(|n| versions.renew(n)));
            }
        });
        let mut count = 0;
        let mut last = &versions;
        while let Some(newer) = last.newer.get() {
            (last, count) = (newer, count + 1);
        }
        assert_eq!(count, 2_000);
    }
}
