//! When presence updates go out.
//!
//! A quiet room sends an update at once. After that it collects, and sends at most once a tick: five hundred members
//! that move thirty times a second are then thirty frames a second, not fifteen thousand.

use std::collections::BTreeMap;

use super::News;
use super::pace::Pace;
use crate::roster::Place;
use crate::{Limits, Millis};

/// However large a room grows, its presence is never older than this by the tick alone.
const LONGEST_TICK_MS: u64 = 1_000;

/// Which members changed since the last send, and when the next may be.
#[derive(Debug, Default)]
pub(super) struct PresenceLane {
    changed: BTreeMap<Place, News>,
    pace: Pace,
}

impl PresenceLane {
    /// Notes a change. `true`: send now. Otherwise it waits until [`wakes_at`](Self::wakes_at).
    pub(super) fn mark(&mut self, place: Place, news: News, now: Millis) -> bool {
        let something_waits = !self.changed.is_empty();
        self.changed.entry(place).and_modify(|before| *before = before.and(news)).or_insert(news);
        !something_waits && self.pace.is_open(now)
    }

    /// Whether what is held is to be sent now.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        !self.changed.is_empty() && self.pace.is_open(now)
    }

    /// Whether something is held of that member.
    pub(super) fn holds(&self, place: Place) -> bool {
        self.changed.contains_key(&place)
    }

    /// When what is held is to be sent.
    pub(super) fn wakes_at(&self) -> Option<Millis> {
        (!self.changed.is_empty()).then(|| self.pace.open_at())
    }

    /// Which states were sent is not known: all of these are to be sent again.
    pub(super) fn mark_all(&mut self, everybody: impl Iterator<Item = Place>) {
        for place in everybody {
            self.changed.entry(place).and_modify(|before| *before = before.and(News::State)).or_insert(News::State);
        }
    }

    /// The members to send, in join order, and what of each; none is held any more.
    pub(super) fn take(&mut self) -> BTreeMap<Place, News> {
        std::mem::take(&mut self.changed)
    }

    /// Drops one member from what is held, and says what was held of it.
    pub(super) fn forget(&mut self, place: Place) -> Option<News> {
        self.changed.remove(&place)
    }

    /// So many bytes went out, all receivers together: the next send waits for the tick, and for the byte budget.
    pub(super) fn sent(&mut self, now: Millis, bytes: usize, limits: &Limits) {
        let budget = limits.presence_bytes_per_second.max(1);
        let by_budget = (bytes as u64).saturating_mul(1_000) / budget;
        let tick = limits.presence_tick_ms;
        self.pace.sent(now, by_budget.min(LONGEST_TICK_MS).max(tick), tick);
    }
}
