//! How slowly a client may read.

use crate::Millis;

/// A client for which something waits. Silence is allowed for a while, and each byte that it takes buys time, up to that
/// while: so it may stand still, and it may be slow, but it cannot stay by taking a byte now and then.
#[derive(Debug, Clone)]
pub struct Progress {
    due: Millis,
    silence_ms: u64,
    bytes_per_second: u64,
}

impl Progress {
    /// From here on something waits.
    #[must_use]
    pub fn new(silence_ms: u64, bytes_per_second: u64, now: Millis) -> Self {
        Self { due: now.saturating_add(silence_ms), silence_ms, bytes_per_second }
    }

    /// It took so many bytes.
    pub fn took(&mut self, bytes: usize, now: Millis) {
        let bought = (bytes as u64).saturating_mul(1_000).checked_div(self.bytes_per_second).unwrap_or(Millis::MAX);
        let most = now.saturating_add(self.silence_ms);
        self.due = self.due.saturating_add(bought).min(most);
    }

    /// When it may be too slow; ask again then.
    #[must_use]
    pub fn next_at(&self) -> Millis {
        self.due
    }

    /// Whether it took too little.
    #[must_use]
    pub fn is_too_slow(&self, now: Millis) -> bool {
        now >= self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: u64 = 60_000;

    /// Takes so many bytes each so many milliseconds. When it is given up; `None`: not within a day.
    fn given_up_at(bytes: usize, each_ms: u64) -> Option<Millis> {
        let mut progress = Progress::new(SILENCE, 1_000, 0);
        let mut now = 0;
        while now < 24 * 3_600_000 {
            let next = now + each_ms;
            if progress.is_too_slow(next) {
                return Some(progress.next_at());
            }
            now = next;
            progress.took(bytes, now);
        }
        None
    }

    #[test]
    fn a_byte_now_and_then_is_not_enough() {
        assert_eq!(given_up_at(0, 1_000), Some(SILENCE));
        assert_eq!(given_up_at(1, 20_000), Some(SILENCE + 3));
        assert_eq!(given_up_at(100, 1_000), Some(66_600));
    }

    #[test]
    fn whoever_is_slow_and_goes_on_stays() {
        assert_eq!(given_up_at(1_000, 1_000), None);
        assert_eq!(given_up_at(10_000, 10_000), None, "the kernel takes large pieces");
        assert_eq!(given_up_at(1 << 20, SILENCE - 1), None, "a tunnel after each megabyte");
    }

    #[test]
    fn what_it_took_at_once_buys_no_more_than_the_silence() {
        let mut progress = Progress::new(SILENCE, 1_000, 0);
        progress.took(1 << 30, 10);
        assert_eq!(progress.next_at(), SILENCE + 10);
    }

    #[test]
    fn without_a_speed_any_byte_is_enough() {
        let mut progress = Progress::new(SILENCE, 0, 0);
        progress.took(1, 10);
        assert_eq!(progress.next_at(), SILENCE + 10);
    }
}
