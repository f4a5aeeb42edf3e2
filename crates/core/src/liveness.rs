//! When to ping a peer, and when to give it up.

use crate::Millis;

/// One connection's heartbeat: a ping each interval, and the end after two intervals of silence.
#[derive(Debug, Clone)]
pub struct Liveness {
    interval: Millis,
    heard: Millis,
    ping_at: Millis,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nothing until then.
    Wait(Millis),
    /// Send a ping, then ask again.
    Ping,
    /// Nothing was heard for two intervals.
    Dead,
}

impl Liveness {
    /// A connection that was just heard. `None`: it is never pinged, and never taken for dead.
    #[must_use]
    pub fn new(interval_ms: Option<u64>, now: Millis) -> Self {
        let interval = interval_ms.unwrap_or(Millis::MAX);
        Self { interval, heard: now, ping_at: now.saturating_add(interval) }
    }

    /// The peer said something: an answer to a ping, or any other whole frame. A part of one is none: whoever sends a byte
    /// now and then has not answered.
    pub fn heard(&mut self, now: Millis) {
        self.heard = self.heard.max(now);
    }

    /// When something is due next; [`Millis::MAX`] is never.
    #[must_use]
    pub fn next_at(&self) -> Millis {
        self.ping_at.min(self.dead_at())
    }

    /// What is due at `now`.
    pub fn poll(&mut self, now: Millis) -> Beat {
        // The last moment there is, which no clock reaches, stands for never.
        let has_come = |at: Millis| at != Millis::MAX && now >= at;
        if has_come(self.dead_at()) {
            return Beat::Dead;
        }
        if has_come(self.ping_at) {
            self.ping_at = now.saturating_add(self.interval);
            return Beat::Ping;
        }
        Beat::Wait(self.next_at())
    }

    fn dead_at(&self) -> Millis {
        self.heard.saturating_add(self.interval.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_pinged_once_and_ends_after_two_intervals() {
        let mut liveness = Liveness::new(Some(25_000), 0);
        assert_eq!(liveness.poll(0), Beat::Wait(25_000));
        assert_eq!(liveness.poll(25_000), Beat::Ping);
        assert_eq!(liveness.poll(25_000), Beat::Wait(50_000));
        assert_eq!(liveness.poll(49_999), Beat::Wait(50_000));
        assert_eq!(liveness.poll(50_000), Beat::Dead);
    }

    #[test]
    fn an_answer_puts_the_end_off() {
        let mut liveness = Liveness::new(Some(100), 0);
        assert_eq!(liveness.poll(100), Beat::Ping);
        liveness.heard(150);
        assert_eq!(liveness.poll(200), Beat::Ping);
        assert_eq!(liveness.poll(349), Beat::Ping);
        assert_eq!(liveness.poll(349), Beat::Wait(350));
        assert_eq!(liveness.poll(350), Beat::Dead);
    }

    #[test]
    fn without_a_heartbeat_silence_says_nothing() {
        for now in [0, 7, Millis::MAX - 1] {
            let mut liveness = Liveness::new(None, now);
            assert_eq!(liveness.next_at(), Millis::MAX);
            for later in [now, Millis::MAX] {
                assert_eq!(liveness.poll(later), Beat::Wait(Millis::MAX), "{now}, {later}");
            }
        }
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut liveness = Liveness::new(Some(Millis::MAX - 1), 10);
        assert_eq!(liveness.poll(Millis::MAX), Beat::Wait(Millis::MAX));
        liveness.heard(Millis::MAX);
        assert_eq!(liveness.poll(Millis::MAX), Beat::Wait(Millis::MAX));
    }
}
