//! The time that a shard goes by.

#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use roomful_core::Millis;

/// Milliseconds that never step back.
pub(super) struct Clock(Source);

enum Source {
    System(Instant),
    #[cfg(test)]
    Given(Arc<AtomicU64>),
}

impl Clock {
    pub(super) fn new() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// One that says what it is told.
    #[cfg(test)]
    pub(super) fn given(source: &Arc<AtomicU64>) -> Self {
        Self(Source::Given(Arc::clone(source)))
    }

    pub(super) fn now(&self) -> Millis {
        match &self.0 {
            Source::System(began) => u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            #[cfg(test)]
            Source::Given(millis) => millis.load(Ordering::SeqCst),
        }
    }
}
