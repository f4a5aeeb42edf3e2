//! A look over all rooms, and what has become of them since the one before.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use roomful_core::{MemberId, Millis};
use roomful_runtime::{Inspection, RoomView, Totals};

/// A look that is so many times as old as two are apart says nothing of now.
const STALE_LOOKS: Millis = 10;

/// Looks over the rooms while somebody asks, and no more often than [`Limits::inspect_ms`](roomful::Limits::inspect_ms) says, however
/// many ask. While nobody does, nothing is looked at.
#[derive(Default)]
pub(crate) struct Sampler {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: Option<Arc<Sample>>,
    round: Round,
}

/// Who reads slowest, found over one look or several.
#[derive(Default)]
struct Round {
    after: Option<MemberId>,
    found: HashMap<u64, usize>,
    before: HashMap<u64, usize>,
}

/// What one look has found.
#[derive(Default)]
pub(crate) struct Sample {
    pub(crate) at: Millis,
    pub(crate) rooms: Vec<SampledRoom>,
    /// How many there are, those too that are not among them.
    pub(crate) rooms_in_all: usize,
    /// Of those that are.
    pub(crate) rates: Option<Rates>,
}

#[derive(Clone)]
pub(crate) struct SampledRoom {
    pub(crate) view: RoomView,
    /// `None` at the first look at it.
    pub(crate) rates: Option<Rates>,
    /// The most bytes that wait for one of its members.
    pub(crate) slowest: usize,
}

/// A second of it, on average since the look before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Rates {
    pub(crate) received: f64,
    pub(crate) received_bytes: f64,
    pub(crate) delivered: f64,
    pub(crate) delivered_bytes: f64,
    pub(crate) conflated: f64,
}

impl Sampler {
    /// The last look, or a new one where it is time for it.
    pub(crate) fn look(&self, inspection: &Inspection) -> Arc<Sample> {
        let (now, limits) = (inspection.now(), inspection.limits());
        // The inspector's own: no room waits for it.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = state.last.as_ref().filter(|last| now < last.at.saturating_add(limits.inspect_ms)) {
            return Arc::clone(last);
        }
        state.round.go_on(inspection, limits.inspect_connections);
        let stale = limits.inspect_ms.saturating_mul(STALE_LOOKS);
        let before = state.last.take().filter(|last| now.saturating_sub(last.at) <= stale);
        let sample =
            Arc::new(Sample::of(inspection.rooms(), limits.inspect_rooms, (now, before.as_deref()), &state.round));
        state.last = Some(Arc::clone(&sample));
        sample
    }
}

impl Round {
    fn go_on(&mut self, inspection: &Inspection, most: usize) {
        let some = inspection.outboxes(self.after.as_ref(), most);
        for (room, waits) in some.most {
            let found = self.found.entry(room).or_default();
            *found = waits.max(*found);
        }
        self.after = some.next;
        if self.after.is_none() {
            self.before = std::mem::take(&mut self.found);
        }
    }

    fn slowest(&self, room: u64) -> usize {
        let of = |round: &HashMap<u64, usize>| round.get(&room).copied().unwrap_or_default();
        of(&self.before).max(of(&self.found))
    }
}

impl Sample {
    fn of(mut rooms: Vec<RoomView>, most: usize, (at, before): (Millis, Option<&Self>), round: &Round) -> Self {
        let rooms_in_all = rooms.len();
        if rooms_in_all > most {
            rooms.select_nth_unstable_by_key(most, |room| Reverse(room.totals.members));
            rooms.truncate(most);
        }
        let known = before.map(|before| before.rooms.iter().map(|room| (room.view.number, room.view.totals)).collect());
        let known: HashMap<u64, Totals> = known.unwrap_or_default();
        let over_ms = before.map(|before| at.saturating_sub(before.at));
        let sampled = |view: RoomView| {
            let rates = over_ms.zip(known.get(&view.number)).map(|(ms, before)| Rates::of(&view.totals, before, ms));
            SampledRoom { rates, slowest: round.slowest(view.number), view }
        };
        let rooms: Vec<_> = rooms.into_iter().map(sampled).collect();
        let rates = before.map(|_| rooms.iter().filter_map(|room| room.rates).fold(Rates::default(), Rates::and));
        Self { at, rooms, rooms_in_all, rates }
    }

    pub(crate) fn room(&self, number: u64) -> Option<&SampledRoom> {
        self.rooms.iter().find(|room| room.view.number == number)
    }
}

impl Rates {
    fn of(now: &Totals, before: &Totals, ms: Millis) -> Self {
        // Two sums that are read one after the other may be of two moments.
        let a_second = |now: u64, before: u64| now.saturating_sub(before) as f64 * 1_000.0 / ms.max(1) as f64;
        Self {
            received: a_second(now.received, before.received),
            received_bytes: a_second(now.received_bytes, before.received_bytes),
            delivered: a_second(now.delivered, before.delivered),
            delivered_bytes: a_second(now.delivered_bytes, before.delivered_bytes),
            conflated: a_second(now.conflated, before.conflated),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            received_bytes: self.received_bytes + other.received_bytes,
            delivered: self.delivered + other.delivered,
            delivered_bytes: self.delivered_bytes + other.delivered_bytes,
            conflated: self.conflated + other.conflated,
        }
    }
}
