//! Whether a thread has something to look at, and whether it has to be woken for it.

use super::atomic::{AtomicU8, Ordering};

/// Rung by every thread, heard by one.
///
/// All is in one byte, so whoever rings and whoever falls asleep agree on who was first: either the sleeper sees that it
/// was rung, or the ringer sees that somebody sleeps.
pub(super) struct Bell(AtomicU8);

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const RUNG: u8 = 2;

impl Bell {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(AWAKE))
    }

    /// There is something to look at. `true`: the thread waits, and has to be woken. One who rings wakes it for all.
    pub(super) fn ring(&self) -> bool {
        self.0.swap(RUNG, Ordering::AcqRel) == ASLEEP
    }

    /// The thread is awake. Whether there is something to look at since the last time.
    pub(super) fn take(&self) -> bool {
        self.0.swap(AWAKE, Ordering::AcqRel) == RUNG
    }

    /// The thread is about to wait. `false`: it was rung meanwhile, and must not.
    pub(super) fn fall_asleep(&self) -> bool {
        self.0.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
