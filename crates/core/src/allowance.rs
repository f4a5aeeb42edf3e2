//! When a socket may be read: what its peer has had of messages, pieces and bytes, and how long it waits for more.
//!
//! For a platform that may leave a socket unread. Nothing is lost then: what the peer sends waits in its own TCP.

use crate::rate::Rate;
use crate::{Limits, Millis};

/// What a peer may still have read, of each kind. Whoever reads asks [`may_go_on`](Allowance::may_go_on) before each frame,
/// says afterwards what it was, and once all are spent leaves the socket until [`next_at`](Allowance::next_at).
///
/// A kind may be overdrawn by the one frame that took the last of it, so a frame of any size is read in the end.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Until when the levels are filled up.
    at: Millis,
    /// Each in thousandths, so that a millisecond adds what a second does and nothing is rounded away.
    messages: i64,
    pieces: i64,
    bytes: i64,
}

/// A peer over a rate is read again after at least so long, and not for each frame that it may send: else it would take a
/// turn of its thread for each.
const PAUSE_MS: Millis = 48;

impl Allowance {
    /// For a new connection: all that it may have at once.
    #[must_use]
    pub fn new(limits: &Limits, now: Millis) -> Self {
        let [messages, pieces, bytes] = refills(limits).map(|refill| refill.full);
        Self { at: now, messages, pieces, bytes }
    }

    /// Adds what the time since the last call has brought.
    pub fn refill(&mut self, limits: &Limits, now: Millis) {
        let elapsed = now.saturating_sub(self.at);
        if elapsed == 0 {
            return;
        }
        self.at = now;
        for (level, refill) in self.levels().into_iter().zip(refills(limits)) {
            *level = level.saturating_add(refill.gained(elapsed)).min(refill.full);
        }
    }

    /// Whether another frame may be taken.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        self.messages >= WHOLE && self.pieces >= WHOLE && self.bytes >= WHOLE
    }

    /// When the socket may be read again, after a frame more was not allowed. `None`: never, a rate is nothing.
    #[must_use]
    pub fn next_at(&self, limits: &Limits) -> Option<Millis> {
        let [messages, pieces, bytes] = refills(limits);
        let waits = [messages.wait(self.messages)?, pieces.wait(self.pieces)?, bytes.wait(self.bytes)?];
        Some(self.at.saturating_add(waits.into_iter().fold(0, Millis::max)))
    }

    /// A message was taken.
    pub fn spend_message(&mut self) {
        self.messages = self.messages.saturating_sub(WHOLE);
    }

    /// A piece was taken: a ping or a pong, a fragment of a message, or a read that brought no whole frame.
    pub fn spend_piece(&mut self) {
        self.pieces = self.pieces.saturating_sub(WHOLE);
    }

    /// Bytes were taken, or made of what was compressed.
    pub fn spend_bytes(&mut self, bytes: usize) {
        let thousandths = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_mul(WHOLE);
        self.bytes = self.bytes.saturating_sub(thousandths);
    }

    fn levels(&mut self) -> [&mut i64; 3] {
        [&mut self.messages, &mut self.pieces, &mut self.bytes]
    }
}

const WHOLE: i64 = 1000;

/// How a level fills up: so many thousandths a millisecond, up to so many.
#[derive(Clone, Copy)]
struct Refill {
    each_ms: i64,
    full: i64,
}

impl Refill {
    fn new(per_second: u64, burst: u64) -> Self {
        let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
        Self { each_ms: number(per_second), full: number(burst).saturating_mul(WHOLE) }
    }

    fn gained(self, elapsed: Millis) -> i64 {
        i64::try_from(elapsed).unwrap_or(i64::MAX).saturating_mul(self.each_ms)
    }

    /// How long until one may be taken; from a level that has none, until there are some.
    fn wait(self, level: i64) -> Option<Millis> {
        if level >= WHOLE {
            return Some(0);
        }
        if self.each_ms == 0 || self.full == 0 {
            return None;
        }
        let enough = self.gained(PAUSE_MS).max(WHOLE).min(self.full);
        Some(enough.abs_diff(level).div_ceil(self.each_ms.unsigned_abs()))
    }
}

/// In the order of an allowance's levels.
fn refills(limits: &Limits) -> [Refill; 3] {
    let of = |rate: Rate| Refill::new(rate.per_second.into(), rate.burst.into());
    let bytes = limits.receive_bytes_per_second;
    [of(limits.rate), of(limits.piece_rate), Refill::new(bytes, bytes)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits() -> Limits {
        let limits = Limits::default().rate(Rate { per_second: 10, burst: 3 });
        limits.piece_rate(Rate { per_second: 100, burst: 2 }).receive_bytes_per_second(1_000)
    }

    #[test]
    fn each_kind_stops_the_reading_until_there_are_some_again() {
        let limits = limits();
        for (spend, at_once, wait) in [
            (Allowance::spend_message as fn(&mut Allowance), 3, 100),
            // Of a rate that brings many in a pause, as many as may be had at once.
            (Allowance::spend_piece, 2, 20),
            (|allowance: &mut Allowance| allowance.spend_bytes(500), 2, PAUSE_MS),
        ] {
            let mut allowance = Allowance::new(&limits, 0);
            for _ in 0..at_once {
                assert!(allowance.may_go_on());
                assert_eq!(allowance.next_at(&limits), Some(0));
                spend(&mut allowance);
            }
            assert!(!allowance.may_go_on());
            assert_eq!(allowance.next_at(&limits), Some(wait));
            allowance.refill(&limits, wait);
            assert!(allowance.may_go_on());
        }
    }

    #[test]
    fn what_one_frame_overdraws_is_waited_for() {
        let limits = limits();
        let mut allowance = Allowance::new(&limits, 0);
        allowance.spend_bytes(3_000);
        assert_eq!(allowance.next_at(&limits), Some(2_000 + PAUSE_MS));
        allowance.refill(&limits, 2_000);
        assert!(!allowance.may_go_on());
        allowance.refill(&limits, 2_001);
        assert!(allowance.may_go_on());
    }

    #[test]
    fn a_rate_of_nothing_is_waited_for_by_nobody() {
        for limits in [
            limits().rate(Rate { per_second: 0, burst: 1 }),
            limits().piece_rate(Rate { per_second: 1, burst: 0 }),
            limits().receive_bytes_per_second(0),
        ] {
            let mut allowance = Allowance::new(&limits, 0);
            allowance.spend_message();
            allowance.refill(&limits, 1_000_000);
            assert!(!allowance.may_go_on());
            assert_eq!(allowance.next_at(&limits), None);
        }
    }

    /// What a peer does, after so many milliseconds.
    #[derive(Debug, Clone)]
    enum Step {
        Message,
        Piece,
        Bytes(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<(Millis, Step)>> {
        let step = prop_oneof![Just(Step::Message), Just(Step::Piece), (0..1_usize << 40).prop_map(Step::Bytes)];
        proptest::collection::vec((prop_oneof![Just(0), 0..100_u64, any::<u64>()], step), 1..100)
    }

    fn any_limits() -> impl Strategy<Value = Limits> {
        let rate = || any::<(u32, u32)>().prop_map(|(per_second, burst)| Rate { per_second, burst });
        (rate(), rate(), any::<u64>()).prop_map(|(rate, pieces, bytes)| {
            Limits::default().rate(rate).piece_rate(pieces).receive_bytes_per_second(bytes)
        })
    }

    proptest! {
        /// Whoever waits for as long as it is told may go on then, and may not have any sooner.
        #[test]
        fn who_waits_as_long_as_it_is_told_goes_on(limits in any_limits(), steps in steps()) {
            let mut now: Millis = 0;
            let mut allowance = Allowance::new(&limits, now);
            for (later, step) in steps {
                now = now.saturating_add(later);
                allowance.refill(&limits, now);
                match step {
                    Step::Message => allowance.spend_message(),
                    Step::Piece => allowance.spend_piece(),
                    Step::Bytes(bytes) => allowance.spend_bytes(bytes),
                }
                if let Some(at) = allowance.next_at(&limits) {
                    prop_assert!(at >= now);
                    if at < Millis::MAX {
                        let mut waited = allowance.clone();
                        waited.refill(&limits, at);
                        prop_assert!(waited.may_go_on());
                        prop_assert_eq!(allowance.may_go_on(), at == now);
                    }
                }
            }
        }

        /// Over any time a peer has what it may have at once, what the time brings.
        #[test]
        fn nobody_has_more_than_the_rate(
            (per_second, burst) in (1..2_000_u32, 1..2_000_u32),
            waits in proptest::collection::vec(0..300_u64, 1..200),
        ) {
            let limits = Limits::default().rate(Rate { per_second, burst });
            let mut allowance = Allowance::new(&limits, 0);
            let (mut now, mut had) = (0, 0_u64);
            for wait in waits {
                now += wait;
                allowance.refill(&limits, now);
                while allowance.may_go_on() {
                    allowance.spend_message();
                    had += 1;
                }
                prop_assert!(had <= u64::from(burst) + now * u64::from(per_second) / 1000);
            }
        }
    }
}
