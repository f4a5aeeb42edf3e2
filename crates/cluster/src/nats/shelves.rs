//! What a stream keeps of the rooms in which this node has said something, and what it is to forget.
//!
//! JetStream bounds what it keeps of a room in number, and in age for all rooms alike; bytes and the room's own age it does not. So
//! whoever has said something has what is too much forgotten, and what is too old when nothing more was said.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roomful_core::cluster::Subject;
use roomful_runtime::HistoryBounds;
use tokio::time::{Duration, Instant};

/// By room.
#[derive(Debug, Default)]
pub(super) struct Shelves(BTreeMap<Subject, Shelf>);

#[derive(Debug)]
struct Shelf {
    /// The bytes of each word, by its number in the stream.
    words: BTreeMap<u64, usize>,
    bytes: usize,
    /// The last word that this node said.
    own: u64,
    /// When what stands before that is too old, and this node looks after the room no more.
    until: Instant,
}

impl Shelves {
    /// Somebody has said something.
    pub(super) fn hear(&mut self, room: Subject, seq: u64, bytes: usize) {
        if let Some(shelf) = self.0.get_mut(&room) {
            shelf.put(seq, bytes);
        }
    }

    /// This node has said something. Gives the number before which all is to be forgotten, where something is.
    pub(super) fn append(
        &mut self,
        room: Subject,
        (seq, bytes): (u64, usize),
        bounds: HistoryBounds,
        now: Instant,
    ) -> Option<u64> {
        let until = now + Duration::from_millis(bounds.age_ms);
        let new = || Shelf { words: BTreeMap::new(), bytes: 0, own: 0, until };
        let shelf = self.0.entry(room).or_insert_with(new);
        (shelf.own, shelf.until) = (seq.max(shelf.own), until);
        shelf.put(seq, bytes);
        let mut is_over = false;
        while shelf.words.len() > bounds.frames || (shelf.bytes > bounds.bytes && shelf.words.len() > 1) {
            let first = shelf.words.pop_first().map_or(0, |(_, bytes)| bytes);
            shelf.bytes = shelf.bytes.saturating_sub(first);
            is_over = true;
        }
        shelf.words.keys().next().copied().filter(|_| is_over)
    }

    /// When something is too old.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.0.values().map(|shelf| shelf.until).min()
    }

    /// The rooms in which nothing was said for so long, and the number before which all of it is to be forgotten.
    pub(super) fn take_old(&mut self, now: Instant) -> Vec<(Subject, u64)> {
        let old = self.0.extract_if(.., |_, shelf| shelf.until <= now);
        old.map(|(room, shelf)| (room, shelf.own)).collect()
    }

    /// Another run of numbers begins.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Shelf {
    fn put(&mut self, seq: u64, bytes: usize) {
        if self.words.insert(seq, bytes).is_none() {
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

/// Nothing panics while it is held.
pub(super) fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_or_too_old_is_forgotten_and_the_last_word_never() {
        let (room, now) = (Subject::of("app", "a"), Instant::now());
        let bounds = HistoryBounds { frames: 3, bytes: 10, age_ms: 100 };
        let mut shelves = Shelves::default();
        shelves.hear(room, 1, 9);
        assert_eq!(shelves.append(room, (2, 4), bounds, now), None, "what was said before is not known");
        shelves.hear(room, 4, 4);
        shelves.hear(room, 5, 1);
        assert_eq!(shelves.append(room, (5, 1), bounds, now), None, "it was heard before the answer came");
        assert_eq!(shelves.append(room, (7, 1), bounds, now), Some(4), "in number");
        assert_eq!(shelves.append(room, (9, 9), bounds, now), Some(7), "in bytes");
        assert_eq!(shelves.append(room, (11, 99), bounds, now), Some(11));
        let later = now + Duration::from_millis(100);
        assert_eq!(shelves.wakes_at(), Some(later));
        assert_eq!(shelves.take_old(now), []);
        shelves.hear(room, 12, 1);
        assert_eq!(shelves.take_old(later), [(room, 11)], "who said the last word has it forgotten");
        assert_eq!(shelves.wakes_at(), None);
    }
}
