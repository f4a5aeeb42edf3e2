//! Operators who watch the frames of a room.
//!
//! A room that nobody watches pays one look at a flag for each thing that happens in it. One that is watched writes each down, in a
//! ring of a bounded size for each who watches; what does not fit any more is dropped and counted. A ring that nobody reads is over by
//! itself: a page that was closed says nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use roomful_core::{Json, Limits, MemberId, Millis};

use crate::lock::lock;
use crate::metrics;
use crate::operators::MAY_LOOK_IN;

/// The taps of a process, by number.
#[derive(Default)]
pub(crate) struct Taps {
    state: Mutex<TapsState>,
}

#[derive(Default)]
struct TapsState {
    open: BTreeMap<u64, Arc<Ring>>,
    next: u64,
}

/// Those of one room.
#[derive(Default)]
pub(crate) struct RoomTaps {
    is_open: AtomicBool,
    rings: Mutex<Vec<Arc<Ring>>>,
}

/// What waits for one who watches.
struct Ring {
    has_payloads: bool,
    state: Mutex<RingState>,
}

struct RingState {
    frames: VecDeque<TappedFrame>,
    bytes: usize,
    next: u64,
    dropped: u64,
    read_at: Millis,
    is_over: bool,
}

/// One thing that went through a room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TappedFrame {
    /// Which it is, from 1.
    pub number: u64,
    /// When, on the platform's clock.
    pub at: Millis,
    /// What it is.
    pub kind: FrameKind,
    /// Whose it is; `None`: nobody's, the app's own.
    pub from: Option<MemberId>,
    /// Who alone hears it; `None`: everybody, or the room's hooks.
    pub to: Option<MemberId>,
    /// How many of these there were. Of many states at once the first few stand alone, and the others are one.
    pub count: usize,
    /// Bytes of its payload.
    pub bytes: usize,
    /// The beginning of its payload, where payloads were asked for.
    pub payload: Option<String>,
}

/// What went through a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameKind {
    /// A client's message, before the room's hook.
    SaidByClient,
    /// A client's state, before the room's hook.
    ShownByClient,
    /// A message to the room.
    Message,
    /// A message to one member.
    Answer,
    /// What a member shows, to the room.
    Presence,
    /// A member came.
    Join,
    /// A member went.
    Leave,
    /// A member lost its socket.
    Away,
    /// A member has one again.
    Back,
    /// The whole room, for one member.
    Snapshot,
}

impl FrameKind {
    /// What stands for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SaidByClient => "said",
            Self::ShownByClient => "shown",
            Self::Message => "message",
            Self::Answer => "answer",
            Self::Presence => "presence",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Away => "away",
            Self::Back => "back",
            Self::Snapshot => "snapshot",
        }
    }
}

/// What has come to a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TapRead {
    /// Those that were not read before, in order.
    pub frames: Vec<TappedFrame>,
    /// How many did not fit, since it was opened.
    pub dropped: u64,
    /// Whether nothing more comes: the room has ended.
    pub is_over: bool,
}

/// As many rooms are watched as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit} taps are open, and no more may be (`Limits::taps`): close one")]
pub struct TooManyTaps {
    /// The bound.
    pub limit: usize,
}

/// Something to be written down.
pub(crate) struct Seen<'a> {
    pub(crate) kind: FrameKind,
    pub(crate) from: Option<&'a MemberId>,
    pub(crate) to: Option<&'a MemberId>,
    pub(crate) count: usize,
    pub(crate) bytes: usize,
    pub(crate) payload: Option<&'a Json>,
}

impl<'a> Seen<'a> {
    /// What has this payload, or none.
    pub(crate) fn of(kind: FrameKind, from: Option<&'a MemberId>, payload: Option<&'a Json>) -> Self {
        Self { kind, from, to: None, count: 1, bytes: payload.map_or(0, Json::size), payload }
    }
}

impl Taps {
    /// Watches a room, and says by which number.
    pub(crate) fn open(
        &self,
        room: &RoomTaps,
        has_payloads: bool,
        limits: &Limits,
        now: Millis,
    ) -> Result<u64, TooManyTaps> {
        let mut state = lock(&self.state);
        state.open.retain(|_, ring| !ring.is_idle(limits, now));
        if state.open.len() >= limits.taps {
            return Err(TooManyTaps { limit: limits.taps });
        }
        state.next += 1;
        let number = state.next;
        let ring = Arc::new(Ring { has_payloads, state: Mutex::new(RingState::new(now)) });
        state.open.insert(number, Arc::clone(&ring));
        drop(state);
        lock(&room.rings).push(ring);
        room.is_open.store(true, Ordering::Relaxed);
        Ok(number)
    }

    /// What has come behind the frame of this number. `None`: there is no such tap, or it was not read for too long.
    pub(crate) fn read(&self, tap: u64, after: u64, limits: &Limits, now: Millis) -> Option<TapRead> {
        let ring = Arc::clone(lock(&self.state).open.get(&tap)?);
        if ring.is_idle(limits, now) {
            self.close(tap);
            return None;
        }
        let mut state = lock(&ring.state);
        state.read_at = now;
        while state.frames.front().is_some_and(|frame| frame.number <= after) {
            state.pop();
        }
        Some(TapRead { frames: state.frames.iter().cloned().collect(), dropped: state.dropped, is_over: state.is_over })
    }

    /// Nobody watches by this number any more. `false`: nobody did.
    pub(crate) fn close(&self, tap: u64) -> bool {
        let ring = lock(&self.state).open.remove(&tap);
        ring.is_some_and(|ring| {
            ring.end();
            true
        })
    }

    /// How many are open, those too that nobody has read for too long.
    pub(crate) fn count(&self) -> usize {
        lock(&self.state).open.len()
    }
}

impl RoomTaps {
    /// Whether anything that happens is to be [told](Self::tell).
    pub(crate) fn are_open(&self) -> bool {
        MAY_LOOK_IN && self.is_open.load(Ordering::Relaxed)
    }

    /// Writes it down for everybody who watches. Returns how many frames were dropped for it.
    pub(crate) fn tell(&self, seen: &Seen<'_>, limits: &Limits, now: Millis) -> usize {
        let mut rings = lock(&self.rings);
        rings.retain(|ring| {
            let goes_on = !ring.is_over() && !ring.is_idle(limits, now);
            if !goes_on {
                ring.end();
            }
            goes_on
        });
        self.is_open.store(!rings.is_empty(), Ordering::Relaxed);
        let dropped = rings.iter().map(|ring| ring.put(seen, limits, now)).sum();
        metrics::tap_dropped(dropped);
        dropped
    }
}

/// The room is over, and so is what watches it.
impl Drop for RoomTaps {
    fn drop(&mut self) {
        lock(&self.rings).iter().for_each(|ring| ring.end());
    }
}

impl Ring {
    fn is_idle(&self, limits: &Limits, now: Millis) -> bool {
        now.saturating_sub(lock(&self.state).read_at) > limits.tap_idle_ms
    }

    fn is_over(&self) -> bool {
        lock(&self.state).is_over
    }

    fn end(&self) {
        lock(&self.state).is_over = true;
    }

    fn put(&self, seen: &Seen<'_>, limits: &Limits, at: Millis) -> usize {
        let payload = seen.payload.filter(|_| self.has_payloads).map(|json| {
            let text = json.as_str();
            text[..text.floor_char_boundary(limits.tap_payload_bytes)].to_owned()
        });
        let mut state = lock(&self.state);
        state.next += 1;
        let frame = TappedFrame {
            number: state.next,
            at,
            kind: seen.kind,
            from: seen.from.cloned(),
            to: seen.to.cloned(),
            count: seen.count,
            bytes: seen.bytes,
            payload,
        };
        state.bytes += frame.memory();
        state.frames.push_back(frame);
        let mut dropped = 0;
        while state.bytes > limits.tap_bytes && state.frames.len() > 1 {
            state.pop();
            dropped += 1;
        }
        state.dropped += dropped as u64;
        dropped
    }
}

impl RingState {
    fn new(now: Millis) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, next: 0, dropped: 0, read_at: now, is_over: false }
    }

    fn pop(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.memory();
        }
    }
}

impl TappedFrame {
    fn memory(&self) -> usize {
        size_of::<Self>() + self.payload.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::default().taps(2).tap_bytes(1_024).tap_payload_bytes(6).tap_idle_ms(1_000)
    }

    fn say(room: &RoomTaps, text: &str, now: Millis) {
        let json = Json::encode(text).unwrap();
        room.tell(&Seen::of(FrameKind::Message, None, Some(&json)), &limits(), now);
    }

    fn read(taps: &Taps, tap: u64, after: u64, now: Millis) -> TapRead {
        taps.read(tap, after, &limits(), now).expect("it is open")
    }

    #[test]
    fn a_payload_is_hidden_unless_it_was_asked_for_and_cut_where_it_is_long() {
        let (taps, room) = (Taps::default(), RoomTaps::default());
        let hidden = taps.open(&room, false, &limits(), 0).unwrap();
        let shown = taps.open(&room, true, &limits(), 0).unwrap();
        say(&room, "aöööö", 1);
        for (tap, payload) in [(hidden, None), (shown, Some("\"aöö"))] {
            let TapRead { frames, .. } = read(&taps, tap, 0, 2);
            assert_eq!((frames.len(), frames[0].bytes), (1, 11), "{frames:?}");
            assert_eq!(frames[0].payload.as_deref(), payload);
        }
    }

    #[test]
    fn what_was_read_is_forgotten_and_what_does_not_fit_is_counted() {
        let (taps, room) = (Taps::default(), RoomTaps::default());
        assert!(!room.are_open());
        let tap = taps.open(&room, true, &limits(), 0).unwrap();
        assert!(room.are_open());
        (0..3).for_each(|_| say(&room, "a", 1));
        assert_eq!(read(&taps, tap, 0, 1).frames.len(), 3);
        assert_eq!(read(&taps, tap, 2, 1).frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), [3]);
        (0..100).for_each(|_| say(&room, "a", 1));
        let late = read(&taps, tap, 3, 1);
        let held: usize = late.frames.iter().map(TappedFrame::memory).sum();
        assert!(held <= limits().tap_bytes, "{held}");
        assert_eq!(late.frames.len() as u64 + late.dropped, 101, "the one that was still there, too");
        assert_eq!(late.frames.last().map(|frame| frame.number), Some(103), "the latest are kept");
    }

    #[test]
    fn one_that_nobody_reads_is_over_and_costs_its_room_nothing_more() {
        let (taps, room) = (Taps::default(), RoomTaps::default());
        let tap = taps.open(&room, false, &limits(), 0).unwrap();
        say(&room, "a", 1_000);
        assert!(room.are_open());
        say(&room, "b", 1_001);
        assert!(!room.are_open());
        assert_eq!(taps.read(tap, 0, &limits(), 1_001), None);
        assert!(!taps.close(tap));
    }

    #[test]
    fn no_more_are_open_than_may_be_and_those_count_not_that_nobody_reads() {
        let (taps, room) = (Taps::default(), RoomTaps::default());
        let first = taps.open(&room, false, &limits(), 0).unwrap();
        let second = taps.open(&room, false, &limits(), 0).unwrap();
        assert_eq!(taps.open(&room, false, &limits(), 900), Err(TooManyTaps { limit: 2 }));
        read(&taps, second, 0, 900);
        assert!(taps.open(&room, false, &limits(), 1_500).is_ok(), "the first was read by nobody");
        assert_eq!(taps.read(first, 0, &limits(), 1_500), None);
        assert!(taps.close(second));
        assert!(taps.open(&room, false, &limits(), 1_500).is_ok());
        assert_eq!(taps.count(), 2);
    }

    #[test]
    fn a_room_that_ends_ends_what_watches_it() {
        let (taps, room) = (Taps::default(), RoomTaps::default());
        let tap = taps.open(&room, false, &limits(), 0).unwrap();
        say(&room, "a", 1);
        drop(room);
        let last = read(&taps, tap, 0, 1);
        assert_eq!((last.frames.len(), last.is_over), (1, true));
    }
}
