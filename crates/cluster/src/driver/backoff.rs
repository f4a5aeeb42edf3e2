//! When a link is tried again.

use std::time::Duration;

/// Longer and longer, and no two nodes at once: a broker that is back has all of them at its door.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

const LEAST: Duration = Duration::from_millis(50);

/// A second: rosters are to be equal five after the broker is back.
const MOST: Duration = Duration::from_secs(1);

impl Backoff {
    /// How long to wait after one more failure, between half of a time and all of it; `random` is any number.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let whole = LEAST.saturating_mul(1 << self.failures.min(16)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let spread = u64::try_from(half.as_micros()).unwrap_or(0).max(1);
        half + Duration::from_micros(random % spread)
    }

    /// There is a link.
    pub(super) fn begin_anew(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_second_and_spreads_over_half_of_it() {
        let mut backoff = Backoff::default();
        for (whole, random) in [(50, 0), (100, u64::MAX), (200, 7), (400, 1 << 40), (800, 3), (1_000, 4), (1_000, 5)] {
            let pause = backoff.next(random);
            let whole = Duration::from_millis(whole);
            assert!((whole / 2..whole).contains(&pause), "{pause:?} of {whole:?}");
        }
        for _ in 0..100 {
            backoff.next(0);
        }
        assert_eq!(backoff.next(0), MOST / 2);
        backoff.begin_anew();
        assert_eq!(backoff.next(0), LEAST / 2);
    }
}
