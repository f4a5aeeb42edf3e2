//! How long something that nobody listens to is kept for who comes back.

use futures_util::future::AbortHandle;
use roomful_core::session::LogLimits;
use roomful_core::{Limits, Millis};

/// What was published is kept for so much longer than a member would be held: who comes back in the last moment of that misses
/// nothing that was published in it.
const LONGER_THAN_GRACE_MS: Millis = 10_000;

/// The log that a feed has under these limits.
pub(super) fn log_limits(limits: &Limits) -> LogLimits {
    LogLimits { frames: limits.log_frames, bytes: limits.log_bytes, age_ms: kept_ms(limits) }
}

/// Milliseconds for which what was published, and what nobody listens to, is kept.
pub(super) fn kept_ms(limits: &Limits) -> Millis {
    if limits.grace_ms == 0 { 0 } else { limits.grace_ms.saturating_add(LONGER_THAN_GRACE_MS) }
}

/// One timer, which is set again when it has gone off.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<AbortHandle>);

impl Timer {
    /// Sets it, where it is needed and does not run.
    pub(super) fn arm(&mut self, at: Option<Millis>, start: impl FnOnce(Millis) -> AbortHandle) {
        match (at, &self.0) {
            (Some(at), None) => self.0 = Some(start(at)),
            (None, Some(_)) => self.stop(),
            _ => {}
        }
    }

    /// It has gone off.
    pub(super) fn went_off(&mut self) {
        self.0 = None;
    }

    fn stop(&mut self) {
        self.0.take().into_iter().for_each(|timer| timer.abort());
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop();
    }
}
