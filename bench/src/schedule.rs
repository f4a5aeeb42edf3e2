//! A rate that does not depend on the server.

use std::time::Duration;

use crate::clock::Clock;

/// When messages are due.
#[derive(Debug)]
pub struct Schedule {
    clock: Clock,
    began: u64,
    ends: u64,
    /// Microseconds between two messages.
    interval: f64,
    /// Messages that were due so far.
    pub sent: u64,
}

impl Schedule {
    /// So many messages a second from now on, for this long.
    pub fn new(clock: Clock, per_second: f64, length: Duration) -> Self {
        let began = clock.micros();
        let length = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        Self { clock, began, ends: began.saturating_add(length), interval: 1e6 / per_second, sent: 0 }
    }

    fn due(&self) -> u64 {
        self.began + (self.interval * self.sent as f64) as u64
    }

    /// How long to wait for the next message, or nothing when all have been due.
    pub fn pause(&self) -> Option<Duration> {
        let due = self.due();
        (due < self.ends).then(|| Duration::from_micros(due.saturating_sub(self.clock.micros())))
    }

    /// The number of a message that is due, and when it was.
    pub fn next_due(&mut self) -> Option<(u64, u64)> {
        let due = self.due();
        let is_due = due < self.ends && due <= self.clock.micros();
        is_due.then(|| {
            self.sent += 1;
            (self.sent - 1, due)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_is_behind_still_owes_every_message() {
        let clock = Clock::start();
        let mut schedule = Schedule { clock, began: 0, ends: 100, interval: 10.0, sent: 0 };
        while clock.micros() < 100 {
            std::hint::spin_loop();
        }
        let due: Vec<(u64, u64)> = std::iter::from_fn(|| schedule.next_due()).collect();
        assert_eq!(due.len(), 10);
        assert_eq!(due.last(), Some(&(9, 90)));
        assert!(schedule.pause().is_none());
    }
}
