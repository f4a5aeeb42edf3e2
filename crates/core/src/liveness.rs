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
    /// A connection that was just heard.
    #[must_use]
    pub fn new(interval_ms: u64, now: Millis) -> Self {
        Self { interval: interval_ms, heard: now, ping_at: now + interval_ms }
    }

    /// Any bytes from the peer count as an answer.
    pub fn heard(&mut self, now: Millis) {
        self.heard = self.heard.max(now);
    }

    /// When something is due next.
    #[must_use]
    pub fn next_at(&self) -> Millis {
        self.ping_at.min(self.heard + 2 * self.interval)
    }

    /// What is due at `now`.
    pub fn poll(&mut self, now: Millis) -> Beat {
        if now >= self.heard + 2 * self.interval {
            return Beat::Dead;
        }
        if now >= self.ping_at {
            self.ping_at = now + self.interval;
            return Beat::Ping;
        }
        Beat::Wait(self.next_at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_pinged_once_and_ends_after_two_intervals() {
        let mut liveness = Liveness::new(25_000, 0);
        assert_eq!(liveness.poll(0), Beat::Wait(25_000));
        assert_eq!(liveness.poll(25_000), Beat::Ping);
        assert_eq!(liveness.poll(25_000), Beat::Wait(50_000));
        assert_eq!(liveness.poll(49_999), Beat::Wait(50_000));
        assert_eq!(liveness.poll(50_000), Beat::Dead);
    }

    #[test]
    fn an_answer_puts_the_end_off() {
        let mut liveness = Liveness::new(100, 0);
        assert_eq!(liveness.poll(100), Beat::Ping);
        liveness.heard(150);
        assert_eq!(liveness.poll(200), Beat::Ping);
        assert_eq!(liveness.poll(349), Beat::Ping);
        assert_eq!(liveness.poll(349), Beat::Wait(350));
        assert_eq!(liveness.poll(350), Beat::Dead);
    }
}
