//! When a connection's data expires: at which times its client is asked for new credentials, and is closed.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// What a connection's expiry still asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// When its client is to be asked; `None`: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask_at: Option<Millis>,
    close_at: Millis,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ask the client for new credentials.
    Ask,
    /// Its time is up: close it.
    Close,
}

impl Expiry {
    /// For data that is good for `left_ms` more, and where that is negative has not been for as long. `window_ms` is
    /// [`Limits::refresh_window_ms`](crate::Limits::refresh_window_ms).
    ///
    /// ```
    /// use roomful_core::expiry::{Due, Expiry};
    ///
    /// let mut expiry = Expiry::new(60_000, 25_000, 0);
    /// assert_eq!((expiry.next_at(), expiry.due(34_999)), (35_000, None));
    /// assert_eq!((expiry.due(35_000), expiry.next_at()), (Some(Due::Ask), 85_000));
    /// assert_eq!(expiry.due(85_000), Some(Due::Close));
    /// ```
    #[must_use]
    pub fn new(left_ms: i64, window_ms: Millis, now: Millis) -> Self {
        let left = u64::try_from(left_ms).unwrap_or(0);
        let past = left_ms.min(0).unsigned_abs();
        let ask_in = left - window_ms.min(left / 2);
        let close_in = left.saturating_add(window_ms).saturating_sub(past);
        Self { ask_at: Some(now.saturating_add(ask_in)), close_at: now.saturating_add(close_in) }
    }

    /// When something is due next.
    #[must_use]
    pub fn next_at(&self) -> Millis {
        self.ask_at.map_or(self.close_at, |ask_at| ask_at.min(self.close_at))
    }

    /// What is due now. Each is due once; whoever is late is not asked any more.
    pub fn due(&mut self, now: Millis) -> Option<Due> {
        if now >= self.close_at {
            return Some(Due::Close);
        }
        self.ask_at.take_if(|ask_at| now >= *ask_at).map(|_| Due::Ask)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Millis = 25_000;
    const NOW: Millis = 1_000;

    #[test]
    fn asked_before_and_closed_after() {
        for (left, ask_in, close_in) in [
            (3_600_000, 3_575_000, 3_625_000),
            (50_001, 25_001, 75_001),
            (50_000, 25_000, 75_000),
            (49_999, 25_000, 74_999),
            (10_000, 5_000, 35_000),
            (1, 1, 25_001),
            (0, 0, 25_000),
            (-1, 0, 24_999),
            (-24_999, 0, 1),
        ] {
            let mut expiry = Expiry::new(left, WINDOW, NOW);
            assert_eq!(expiry.next_at(), NOW + ask_in, "{left}");
            if ask_in > 0 {
                assert_eq!(expiry.due(NOW + ask_in - 1), None, "{left}");
            }
            assert_eq!(expiry.due(NOW + ask_in), Some(Due::Ask), "{left}");
            assert_eq!((expiry.due(NOW + close_in - 1), expiry.next_at()), (None, NOW + close_in), "{left}");
            assert_eq!(expiry.due(NOW + close_in), Some(Due::Close), "{left}");
        }
    }

    #[test]
    fn what_is_long_over_is_not_asked_about() {
        for left in [-25_000, -25_001, i64::MIN] {
            let mut expiry = Expiry::new(left, WINDOW, NOW);
            assert_eq!((expiry.next_at(), expiry.due(NOW)), (NOW, Some(Due::Close)), "{left}");
        }
    }

    proptest! {
        /// Whatever the data says, it is asked for no later than it expires, and closed after that.
        #[test]
        fn the_question_comes_first(left: i64, window in 1..86_400_000_u64, now in 0..u64::MAX / 4) {
            let mut expiry = Expiry::new(left, window, now);
            let first = expiry.next_at();
            prop_assert!(first >= now && first <= now.saturating_add(u64::try_from(left).unwrap_or(0)));
            if expiry.due(first) == Some(Due::Ask) {
                prop_assert!(expiry.next_at() > first);
            }
            prop_assert_eq!(expiry.due(u64::MAX), Some(Due::Close));
        }
    }
}
