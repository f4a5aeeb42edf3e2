//! No more lines in a log than it can take.

use std::sync::Mutex;

use roomful_core::Millis;
use roomful_core::rate::{Rate, RateLimiter};

use crate::lock::lock;

/// Lines a second, of each kind. Ten: whoever looks at the log sees what goes on, and somebody who is denied a thousand
/// times a second fills no disk. What is left out is counted, and told with the next line.
const LINES: Rate = Rate { per_second: 10, burst: 20 };

/// So many lines a second, and a count of those left out.
pub(crate) struct Lines {
    state: Mutex<LinesState>,
}

struct LinesState {
    limiter: RateLimiter,
    left_out: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { state: Mutex::new(LinesState { limiter: RateLimiter::new(LINES, 0), left_out: 0 }) }
    }
}

impl Lines {
    /// `None`: this one is left out. Otherwise how many were left out before it, where any were.
    ///
    /// Without a clock all are written: that is a worker, where each request has a log of its own that the platform bounds.
    pub(crate) fn next(&self, now: Option<Millis>) -> Option<Option<u64>> {
        let mut state = lock(&self.state);
        if now.is_some_and(|now| !state.limiter.take(now)) {
            state.left_out += 1;
            return None;
        }
        let left_out = std::mem::take(&mut state.left_out);
        Some((left_out > 0).then_some(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_with_the_next_line() {
        let lines = Lines::default();
        let burst = u64::from(LINES.burst);
        for line in 0..burst {
            assert_eq!(lines.next(Some(0)), Some(None), "{line}");
        }
        for _ in 0..7 {
            assert_eq!(lines.next(Some(99)), None);
        }
        assert_eq!(lines.next(Some(100)), Some(Some(7)));
        assert_eq!(lines.next(Some(100)), None);
        assert_eq!(lines.next(Some(10_000)), Some(Some(1)));
        assert_eq!(lines.next(Some(10_000)), Some(None));
    }

    #[test]
    fn without_a_clock_nothing_is_left_out() {
        let lines = Lines::default();
        for line in 0..100 {
            assert_eq!(lines.next(None), Some(None), "{line}");
        }
    }
}
