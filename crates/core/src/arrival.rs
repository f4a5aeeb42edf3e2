//! How long a message may take to come.

use crate::Millis;

/// So many times its timeout may a message take in all, whatever kept it from being read.
const MOST_TIMEOUTS: u64 = 10;

/// A message, or a frame of one, that has begun and is not whole.
///
/// The time runs from its first byte. It stands still while the peer's bytes are not read, because then they may be here
/// already; but not for ever, or whoever keeps itself from being read could keep what it has begun.
#[derive(Debug, Clone)]
pub struct Arrival {
    due: Millis,
    latest: Millis,
    paused: Option<Millis>,
}

impl Arrival {
    /// Its first byte has come.
    #[must_use]
    pub fn begun(timeout_ms: u64, now: Millis) -> Self {
        let latest = now.saturating_add(timeout_ms.saturating_mul(MOST_TIMEOUTS));
        Self { due: now.saturating_add(timeout_ms), latest, paused: None }
    }

    /// From here on the peer's bytes are read, or are not.
    pub fn is_read(&mut self, is_read: bool, now: Millis) {
        match (is_read, self.paused) {
            (false, None) => self.paused = Some(now),
            (true, Some(since)) => {
                self.due = self.due.saturating_add(now.saturating_sub(since));
                self.paused = None;
            }
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// When it may be late; ask again then.
    #[must_use]
    pub fn next_at(&self) -> Millis {
        if self.paused.is_some() { self.latest } else { self.due.min(self.latest) }
    }

    /// Whether it took too long.
    #[must_use]
    pub fn is_late(&self, now: Millis) -> bool {
        now >= self.next_at()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_late_when_its_time_is_up_and_no_sooner() {
        let arrival = Arrival::begun(1_000, 5_000);
        assert_eq!(arrival.next_at(), 6_000);
        assert!(!arrival.is_late(5_999));
        assert!(arrival.is_late(6_000));
    }

    #[test]
    fn time_in_which_nobody_read_does_not_count() {
        let mut arrival = Arrival::begun(1_000, 0);
        for (is_read, now) in [(true, 100), (false, 400), (false, 500), (true, 900), (true, 950)] {
            arrival.is_read(is_read, now);
        }
        assert_eq!(arrival.next_at(), 1_500);
        arrival.is_read(false, 1_499);
        assert!(!arrival.is_late(9_999));
        arrival.is_read(true, 3_000);
        assert!(!arrival.is_late(3_000));
        assert!(arrival.is_late(3_001));
    }

    #[test]
    fn whoever_keeps_itself_from_being_read_is_late_in_the_end() {
        let mut arrival = Arrival::begun(1_000, 0);
        arrival.is_read(false, 1);
        assert!(!arrival.is_late(9_999));
        assert!(arrival.is_late(10_000));
        let mut busy = Arrival::begun(1_000, 0);
        (1..).step_by(2).take_while(|now| *now < 10_000).for_each(|now| {
            busy.is_read(false, now);
            busy.is_read(true, now + 1);
        });
        assert!(busy.is_late(10_000));
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut arrival = Arrival::begun(Millis::MAX, 10);
        arrival.is_read(false, 0);
        arrival.is_read(true, Millis::MAX);
        assert_eq!(arrival.next_at(), Millis::MAX);
    }
}
