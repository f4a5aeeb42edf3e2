//! What waits for the broker to take it.

use std::collections::VecDeque;

use crate::Millis;

/// What was published while the link is slow or gone, in order. Whatever it drops, the others notice and ask for: nothing
/// here waits for long, and nobody waits for it.
///
/// ```
/// use roomful_core::cluster::Outgoing;
///
/// let mut outgoing = Outgoing::new(10, 2_000);
/// outgoing.push("first", 5, 0);
/// outgoing.push("second", 6, 500);
/// assert_eq!(outgoing.dropped(), 1, "both are longer than 10 bytes");
/// assert_eq!(outgoing.pop(2_500), None, "and what is left has waited for too long");
/// ```
#[derive(Debug)]
pub struct Outgoing<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    most_bytes: usize,
    most_ms: Millis,
    dropped: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    what: T,
    bytes: usize,
    since: Millis,
}

impl<T> Outgoing<T> {
    /// The bytes that may wait: 8 MiB, which is what a second of a busy node comes to.
    pub const MOST_BYTES: usize = 8 << 20;

    /// How long one may: 2 s. By then it is late everywhere, and what comes after it matters more.
    pub const MOST_MS: Millis = 2_000;

    /// Nothing waits; so many bytes may, for so many milliseconds.
    #[must_use]
    pub fn new(most_bytes: usize, most_ms: Millis) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, most_bytes, most_ms, dropped: 0 }
    }

    /// One more, of so many bytes. Where they are too many, those that wait longest are dropped.
    pub fn push(&mut self, what: T, bytes: usize, now: Millis) {
        self.bytes += bytes;
        self.waiting.push_back(Waiting { what, bytes, since: now });
        while self.bytes > self.most_bytes {
            self.drop_first();
        }
    }

    /// The next that is not too old.
    pub fn pop(&mut self, now: Millis) -> Option<T> {
        self.expire(now);
        let Waiting { what, bytes, .. } = self.waiting.pop_front()?;
        self.bytes -= bytes;
        Some(what)
    }

    /// The one that came last, of those that wait.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.waiting.back_mut().map(|waiting| &mut waiting.what)
    }

    /// Drops what has waited for too long.
    pub fn expire(&mut self, now: Millis) {
        while self.waiting.front().is_some_and(|first| now.saturating_sub(first.since) >= self.most_ms) {
            self.drop_first();
        }
    }

    /// How many bytes wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many were dropped, ever.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.waiting.pop_front() {
            self.bytes -= first.bytes;
            self.dropped += 1;
        }
    }
}

impl<T> Default for Outgoing<T> {
    fn default() -> Self {
        Self::new(Self::MOST_BYTES, Self::MOST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_in_bytes_and_in_time_and_keeps_its_order() {
        let mut outgoing = Outgoing::new(6, 2_000);
        let mut push = |what: &'static str, now| outgoing.push(what, what.len(), now);
        [("one", 0), ("two", 100), ("six", 200)].into_iter().for_each(|(what, now)| push(what, now));
        assert_eq!((outgoing.bytes(), outgoing.dropped()), (6, 1));
        assert_eq!(outgoing.pop(2_099), Some("two"));
        outgoing.push("ten", 3, 2_100);
        assert_eq!(outgoing.pop(2_200), Some("ten"));
        assert_eq!((outgoing.pop(2_200), outgoing.bytes(), outgoing.dropped()), (None, 0, 2));
        outgoing.push("larger", 6, 2_300);
        outgoing.push("too large", 9, 2_300);
        assert_eq!((outgoing.pop(2_300), outgoing.dropped()), (None, 4));
    }
}
