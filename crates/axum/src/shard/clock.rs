//! The time that a shard goes by: it stands still while the process does.

#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use roomful_core::Millis;

/// A turn that comes later than this was kept from coming: the process was stopped, or its machine was. What a peer did not
/// do meanwhile it may have done, and nobody was there to see it.
pub(super) const ABSENCE_MS: Millis = 1_000;

/// Time without the absences, so that whatever runs in it runs on by what was missed.
pub(super) struct Clock {
    source: Source,
    absent: Millis,
    now: Millis,
}

enum Source {
    /// Monotonic. Where a machine sleeps, it may stand still by itself or go on; both are fine.
    System(Instant),
    #[cfg(test)]
    Given(Arc<AtomicU64>),
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { source: Source::System(Instant::now()), absent: 0, now: 0 }
    }

    /// One that says what it is told.
    #[cfg(test)]
    pub(super) fn given(source: &Arc<AtomicU64>) -> Self {
        Self { source: Source::Given(Arc::clone(source)), absent: 0, now: 0 }
    }

    /// When the turn began. A turn is short, so this is the time for all that it does.
    pub(super) fn now(&self) -> Millis {
        self.now
    }

    /// How long it is until then.
    pub(super) fn until(&self, at: Millis) -> Duration {
        Duration::from_millis(at.saturating_sub(self.read()))
    }

    /// A turn begins, which was to begin at `meant` at the latest. `true`: the process was absent.
    pub(super) fn begin_turn(&mut self, meant: Millis) -> bool {
        let (now, meant) = (self.read(), meant.max(self.now));
        let late = now.saturating_sub(meant);
        let was_absent = late > ABSENCE_MS;
        if was_absent {
            self.absent += late;
        }
        self.now = if was_absent { meant } else { now };
        was_absent
    }

    fn read(&self) -> Millis {
        let since_began = match &self.source {
            Source::System(began) => u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            #[cfg(test)]
            Source::Given(millis) => millis.load(Ordering::SeqCst),
        };
        since_began.saturating_sub(self.absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_while_the_process_does() {
        let source = Arc::new(AtomicU64::new(0));
        let mut clock = Clock::given(&source);
        // What the system's clock says, when the turn was meant to begin, and what the shard's says then.
        for (system, meant, now, was_absent) in [
            (40, 50, 40, false),
            (1_050, 50, 1_050, false),
            // Nothing was due: how long it waited says nothing.
            (90_000, Millis::MAX, 90_000, false),
            (142_000, 90_016, 90_016, true),
            (142_010, 90_032, 90_026, false),
            (142_020, 0, 90_036, false),
            // Stopped in the middle of a turn, which was to be followed by another at once.
            (150_000, 0, 90_036, true),
        ] {
            source.store(system, Ordering::SeqCst);
            assert_eq!((clock.begin_turn(meant), clock.now()), (was_absent, now), "at {system}");
        }
        assert_eq!(clock.until(90_100), Duration::from_millis(64));
    }
}
