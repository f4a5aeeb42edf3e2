//! When to try again.

use std::time::Duration;

/// Delays that grow, and are spread: when a server dies, its clients must not come back together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    grown: u32,
}

const LEAST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(30);

impl Backoff {
    /// How long to wait before the next attempt. `random` is in [0, 1).
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        self.grown = self.grown.saturating_add(1);
        let most = LEAST.saturating_mul(2_u32.saturating_pow(self.grown)).min(MOST);
        LEAST + (most - LEAST).mul_f64(random.clamp(0.0, 1.0))
    }

    /// A connection has lasted. One that was merely opened has not, or a server that lets in and then drops would be asked for ever.
    pub(crate) fn afresh(&mut self) {
        self.grown = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_from_the_least_to_the_most_and_begin_anew() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(0.0), LEAST);
        assert_eq!(backoff.next(1.0), Duration::from_secs(1));
        let last = (0..200).map(|_| backoff.next(1.0)).last();
        assert_eq!(last, Some(MOST));
        assert_eq!(backoff.next(0.0), LEAST, "spread down to the least");
        backoff.afresh();
        assert_eq!(backoff.next(1.0), Duration::from_millis(500));
    }
}
