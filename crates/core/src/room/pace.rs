//! How often a room may tell of something: on a grid of ticks, so that what comes late once is not late ever after.

use crate::Millis;

/// When the next send may be. Nobody has sent yet: at any time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    open_at: Millis,
}

impl Pace {
    /// Whether something may be sent now.
    pub(super) fn is_open(&self, now: Millis) -> bool {
        now >= self.open_at
    }

    /// When it opens, or has opened.
    pub(super) fn open_at(&self) -> Millis {
        self.open_at
    }

    /// Something was sent: the next may be after `pause`.
    ///
    /// The pause runs from when this send might have been, where that is less than a `tick` ago. From the send itself,
    /// every wake that is a millisecond late would make the period one longer, and whoever updates once a period would
    /// have two of its states meet in one tick, and lose one, every few ticks.
    pub(super) fn sent(&mut self, now: Millis, pause: Millis, tick: Millis) {
        let late = now.saturating_sub(self.open_at);
        let from = if late < tick { self.open_at } else { now };
        self.open_at = from.saturating_add(pause);
    }
}
