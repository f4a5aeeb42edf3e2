//! When presence updates go out.
//!
//! A quiet room sends an update at once. After that it collects, and sends at most once a tick: five hundred members
//! that move thirty times a second are then thirty frames a second, not fifteen thousand.

use std::collections::BTreeSet;

use super::Effect;
use crate::roster::Place;
use crate::{Limits, Millis};

/// However large a room grows, its presence is never older than this by the tick alone.
const LONGEST_TICK_MS: u64 = 1_000;

/// Which members changed since the last send, and when the next may be.
#[derive(Debug, Default)]
pub(super) struct PresenceLane {
    changed: BTreeSet<Place>,
    open_at: Millis,
    waking: bool,
}

impl PresenceLane {
    /// Notes a change. `true`: send now. Otherwise it waits for a wake, which is asked for here.
    pub(super) fn mark(&mut self, place: Place, now: Millis, effects: &mut Vec<Effect>) -> bool {
        self.changed.insert(place);
        if self.waking {
            return false;
        }
        if now >= self.open_at {
            return true;
        }
        self.ask_to_wake(effects);
        false
    }

    /// A wake came. `true`: send now.
    ///
    /// One that was not asked for here was asked for by the room that this one was restored from. Which states that one
    /// still held is not kept, so all of `everybody` are sent: a state that nobody is told is a roster that lies.
    pub(super) fn wake(
        &mut self,
        now: Millis,
        everybody: impl Iterator<Item = Place>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if !self.waking {
            self.changed.extend(everybody);
        }
        self.waking = false;
        if self.changed.is_empty() {
            return false;
        }
        if now < self.open_at {
            self.ask_to_wake(effects);
            return false;
        }
        true
    }

    /// The members to send, in join order; none is held any more.
    pub(super) fn take(&mut self) -> BTreeSet<Place> {
        std::mem::take(&mut self.changed)
    }

    /// Drops one member from what is held. `true` where it was there.
    pub(super) fn forget(&mut self, place: Place) -> bool {
        self.changed.remove(&place)
    }

    /// So many bytes went out, all receivers together: the next send waits for the tick, and for the byte budget.
    pub(super) fn sent(&mut self, now: Millis, bytes: usize, limits: &Limits) {
        let budget = limits.presence_bytes_per_second.max(1);
        let by_budget = (bytes as u64).saturating_mul(1_000) / budget;
        let pause = by_budget.min(LONGEST_TICK_MS).max(limits.presence_tick_ms);
        self.open_at = now + pause;
    }

    fn ask_to_wake(&mut self, effects: &mut Vec<Effect>) {
        self.waking = true;
        effects.push(Effect::WakeAt(self.open_at));
    }
}
