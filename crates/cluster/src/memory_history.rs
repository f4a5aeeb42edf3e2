//! What a [`MemoryBroker`](crate::MemoryBroker) keeps of a room.

use std::collections::VecDeque;

use bytes::Bytes;
use roomful_runtime::{HistoryBounds, Known};
use tokio::time::{Duration, Instant};

use crate::Kept;

/// One room's.
#[derive(Debug)]
pub(crate) struct MemoryHistory {
    epoch: String,
    floor: u64,
    top: u64,
    bytes: usize,
    kept: VecDeque<Kept>,
    /// When nothing of it is kept any more.
    until: Instant,
}

/// An answer has so many at the most; who needs more asks again.
const PAGE: usize = 64;

impl MemoryHistory {
    /// Another run of numbers, above all that is known.
    pub(crate) fn begin(epoch: u64, known: u64) -> Self {
        let kept = VecDeque::new();
        Self { epoch: format!("epoch-{epoch}"), floor: known, top: known, bytes: 0, kept, until: Instant::now() }
    }

    /// Whether more was given here than there is.
    pub(crate) fn has_lost(&self, known: &Known) -> bool {
        *known.epoch == *self.epoch && known.seq > self.top
    }

    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    pub(crate) fn append(&mut self, word: Bytes, bounds: HistoryBounds) -> Kept {
        self.let_go();
        let kept = Kept { seq: self.top + 1, after: self.top, word };
        self.top += 1;
        self.bytes += kept.word.len();
        self.kept.push_back(kept.clone());
        while self.kept.len() > bounds.frames || self.bytes > bounds.bytes {
            let Some(first) = self.kept.pop_front() else { break };
            self.bytes -= first.word.len();
            self.floor = first.seq;
        }
        self.until = Instant::now() + Duration::from_millis(bounds.age_ms);
        kept
    }

    /// What is behind this number: the highest that was let go of, the last that was given, and the first of what is kept.
    pub(crate) fn read(&mut self, after: u64) -> ((u64, u64), Vec<Kept>) {
        self.let_go();
        let behind = self.kept.iter().filter(|kept| kept.seq > after);
        ((self.floor, self.top), behind.take(PAGE).cloned().collect())
    }

    fn let_go(&mut self) {
        if self.until <= Instant::now() {
            self.kept.clear();
            (self.floor, self.bytes) = (self.top, 0);
        }
    }
}
