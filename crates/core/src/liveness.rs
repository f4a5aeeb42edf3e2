//! When to ping a peer, and when to give it up.

use crate::Millis;

/// One connection's heartbeat: a ping each interval, and the end after two intervals of silence.
#[derive(Debug, Clone)]
pub struct Liveness {
    interval: Millis,
    heard: Millis,
    ping_at: Millis,
    /// Until when its silence says nothing, because it is not listened to; 0 while it is.
    excused_until: Millis,
}

/// So many intervals of not being listened to are no silence.
const EXCUSED: u64 = 6;

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
        Self { interval, heard: now, ping_at: ping_after(now, interval), excused_until: 0 }
    }

    /// The peer said something: an answer to a ping, or any other whole frame. A part of one is none: whoever sends a byte
    /// now and then has not answered.
    pub fn heard(&mut self, now: Millis) {
        self.heard = self.heard.max(now);
        self.excused_until = 0;
    }

    /// It is not listened to, by choice: its silence says nothing. But who is dead would never be missed, so this holds for
    /// six intervals without a break, and two of silence follow.
    pub fn not_listened_to(&mut self, now: Millis) {
        if self.excused_until == 0 {
            self.excused_until = now.saturating_add(self.interval.saturating_mul(EXCUSED));
        }
        if now < self.excused_until {
            self.heard = self.heard.max(now);
        }
    }

    /// Nobody was there to listen or to ping. Whatever was due meanwhile begins anew, with a ping at once.
    pub fn begin_anew(&mut self, now: Millis) {
        self.heard = now;
        self.excused_until = 0;
        if self.interval != Millis::MAX {
            self.ping_at = now;
        }
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
            self.ping_at = ping_after(now, self.interval);
            return Beat::Ping;
        }
        Beat::Wait(self.next_at())
    }

    fn dead_at(&self) -> Millis {
        self.heard.saturating_add(self.interval.saturating_mul(2))
    }
}

/// Pings are due at this many times in an interval and at no others, up to a fiftieth of it early: those of many connections
/// then go out together, and are answered together, and nobody wakes for each.
const TIMES: Millis = 50;

fn ping_after(now: Millis, interval: Millis) -> Millis {
    let grain = (interval / TIMES).max(1);
    match now.saturating_add(interval) {
        Millis::MAX => Millis::MAX,
        at => at / grain * grain,
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
    fn those_who_came_at_different_times_are_pinged_together_and_never_late() {
        let times: Vec<Millis> = (1_000..2_000)
            .map(|came| {
                let at = Liveness::new(Some(25_000), came).next_at();
                assert!((came + 24_500..=came + 25_000).contains(&at), "{came}: {at}");
                at
            })
            .collect();
        assert_eq!((times[0], times[999]), (26_000, 26_500));
        assert!(times.iter().all(|at| at % 500 == 0));
        for interval in [1, 2, 49, 51, 99, 1_234] {
            let mut liveness = Liveness::new(Some(interval), 7);
            let at = liveness.next_at();
            assert!(at > 7, "{interval}");
            assert_eq!(liveness.poll(at), Beat::Ping, "{interval}");
        }
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

    /// When it ends, if nobody listens from `from` to `to` and it is silent all the time.
    fn ends_unheard(from: Millis, to: Millis) -> Millis {
        let mut liveness = Liveness::new(Some(100), 0);
        for now in 0.. {
            if (from..to).contains(&now) {
                liveness.not_listened_to(now);
            }
            if liveness.poll(now) == Beat::Dead {
                return now;
            }
        }
        unreachable!("the numbers do not end")
    }

    #[test]
    fn who_is_not_listened_to_is_not_missed_for_a_while() {
        assert_eq!(ends_unheard(0, 1), 200);
        assert_eq!(ends_unheard(50, 400), 399 + 200);
        assert_eq!(ends_unheard(50, 10_000), 649 + 200);
    }

    #[test]
    fn what_is_heard_ends_the_while() {
        let mut liveness = Liveness::new(Some(100), 0);
        for now in (0..3_000).step_by(100) {
            liveness.not_listened_to(now);
            assert_ne!(liveness.poll(now), Beat::Dead, "at {now}");
            liveness.heard(now + 50);
        }
    }

    #[test]
    fn after_an_absence_everybody_is_asked_anew() {
        let mut liveness = Liveness::new(Some(100), 0);
        liveness.begin_anew(5_000);
        assert_eq!(liveness.poll(5_000), Beat::Ping);
        assert_eq!(liveness.poll(5_100), Beat::Ping);
        assert_eq!(liveness.poll(5_199), Beat::Wait(5_200));
        assert_eq!(liveness.poll(5_200), Beat::Dead);
    }

    #[test]
    fn without_a_heartbeat_an_absence_says_nothing_either() {
        let mut liveness = Liveness::new(None, 0);
        liveness.begin_anew(5_000);
        liveness.not_listened_to(5_000);
        assert_eq!(liveness.next_at(), Millis::MAX);
    }
}
