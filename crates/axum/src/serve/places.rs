//! How many connections there may be at once that are no WebSockets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slab::Slab;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::turn::Turn;

/// How long a client may keep the server waiting although others wait for its place. Less would hit those whose request is
/// under way.
const SPARED: Duration = Duration::from_secs(1);

/// So many places, of which each connection has one.
pub(super) struct Places {
    most: usize,
    taken: Mutex<Slab<Taken>>,
    freed: Notify,
}

struct Taken {
    turn: Turn,
    needed: CancellationToken,
}

/// One connection's. Dropping it frees it.
pub(super) struct Place {
    places: Arc<Places>,
    key: usize,
    needed: CancellationToken,
}

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), taken: Mutex::default(), freed: Notify::new() })
    }

    /// Waits for a place. Where all are taken, it is that of whoever has kept the server waiting for longest, so nobody can hold
    /// them all by doing nothing. One newcomer may wait at a time.
    pub(super) async fn take(self: &Arc<Self>, turn: &Turn) -> Place {
        loop {
            if let Some(place) = self.try_take(turn) {
                return place;
            }
            self.make_room().await;
        }
    }

    /// Waits until a place is free that now is not, and helps that along.
    pub(super) async fn make_room(&self) {
        let longest = self.longest_waiting();
        let soon = longest.as_ref().map_or_else(|| Instant::now() + SPARED, |(since, _)| *since + SPARED);
        tokio::select! {
            biased;
            () = self.freed.notified() => return,
            () = tokio::time::sleep_until(soon) => {}
        }
        // It may have gone on meanwhile; then another is looked for.
        if let Some((since, needed)) = longest
            && self.longest_waiting().is_some_and(|(still, _)| still == since)
        {
            needed.cancel();
            self.freed.notified().await;
        }
    }

    fn try_take(self: &Arc<Self>, turn: &Turn) -> Option<Place> {
        let mut taken = self.taken();
        if taken.len() >= self.most {
            return None;
        }
        let needed = CancellationToken::new();
        let key = taken.insert(Taken { turn: turn.clone(), needed: needed.clone() });
        Some(Place { places: Arc::clone(self), key, needed })
    }

    fn longest_waiting(&self) -> Option<(Instant, CancellationToken)> {
        let taken = self.taken();
        let waiting = taken.iter().filter_map(|(_, taken)| Some((taken.turn.waits_since()?, &taken.needed)));
        waiting.min_by_key(|(since, _)| *since).map(|(since, needed)| (since, needed.clone()))
    }

    fn taken(&self) -> MutexGuard<'_, Slab<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Ready when another is to have it.
    pub(super) async fn needed(&self) {
        self.needed.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().remove(self.key);
        self.places.freed.notify_one();
    }
}
