//! A token bucket in virtual time.

use crate::Millis;

/// So many a second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many tokens come back each second.
    pub per_second: u32,
    /// How many tokens there are at most.
    pub burst: u32,
}

/// Spends one token a frame.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    rate: Rate,
    /// In thousandths of a token, so that a millisecond adds `per_second` of them and nothing is ever rounded away.
    level: u64,
    at: Millis,
}

impl RateLimiter {
    /// A full bucket.
    #[must_use]
    pub fn new(rate: Rate, now: Millis) -> Self {
        Self { rate, level: Self::full(rate), at: now }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now: Millis) -> bool {
        self.refill(now);
        if self.level < 1000 {
            return false;
        }
        self.level -= 1000;
        true
    }

    /// When the next token is there; `None` when none ever will be.
    #[must_use]
    pub fn next_at(&self) -> Option<Millis> {
        if self.level >= 1000 {
            return Some(self.at);
        }
        let missing = 1000 - self.level;
        let each = u64::from(self.rate.per_second);
        (each > 0 && self.rate.burst > 0).then(|| self.at.saturating_add(missing.div_ceil(each)))
    }

    fn refill(&mut self, now: Millis) {
        let elapsed = now.saturating_sub(self.at);
        let gained = elapsed.saturating_mul(u64::from(self.rate.per_second));
        self.level = self.level.saturating_add(gained).min(Self::full(self.rate));
        self.at = self.at.max(now);
    }

    fn full(rate: Rate) -> u64 {
        u64::from(rate.burst) * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut limiter = RateLimiter::new(Rate { per_second: 4, burst: 2 }, 0);
        assert!(limiter.take(0) && limiter.take(0));
        assert!(!limiter.take(0));
        assert_eq!(limiter.next_at(), Some(250));
        assert!(!limiter.take(249));
        assert!(limiter.take(250));
        assert!(!limiter.take(250));
        assert!(limiter.take(10_000) && limiter.take(10_000));
        assert!(!limiter.take(10_000), "a pause never saves up more than the burst");
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let mut limiter = RateLimiter::new(Rate { per_second: 1, burst: 1 }, 5_000);
        assert!(limiter.take(5_000));
        assert!(!limiter.take(0));
        assert!(!limiter.take(5_999));
        assert!(limiter.take(6_000));
    }
}
