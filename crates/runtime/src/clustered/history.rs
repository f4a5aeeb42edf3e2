//! What is given to the broker that keeps what is said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use roomful_core::cluster::{Subject, Word};
use roomful_core::{History, Limits, Millis};

use crate::lock::lock;
use crate::log_age::log_age_ms;
use crate::{ErrorKind, Result};

/// What a broker keeps of a room at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryBounds {
    /// Messages.
    pub frames: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Milliseconds for which the last one is kept, and with it those before it.
    pub age_ms: Millis,
}

/// How far a node knows what a broker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which run of numbers it knows. One that no broker has where it knows none.
    pub epoch: Arc<str>,
    /// The last number of that: a broker that has given less has lost its memory.
    pub seq: u64,
}

/// Something to be said, to be numbered and kept first.
#[derive(Debug)]
pub struct Append {
    /// In which room.
    pub subject: Subject,
    /// What.
    pub word: Word,
    /// After this time of the process it is not to be taken any more.
    pub until: Millis,
    /// What is known of the room.
    pub known: Known,
    /// What is kept of the room.
    pub bounds: HistoryBounds,
}

/// The broker is to say what it has of a room.
#[derive(Debug)]
pub struct ReadHistory {
    /// Which.
    pub subject: Subject,
    /// Nothing up to this is needed.
    pub known: Known,
    /// What is kept of the room.
    pub bounds: HistoryBounds,
}

/// Whether the room's history is to be in the broker.
pub(crate) fn is_in_broker(limits: &Limits) -> bool {
    limits.history == History::Broker
}

impl HistoryBounds {
    /// As long as somebody may come back, and as much as a node keeps.
    pub(crate) fn of(limits: &Limits) -> Self {
        Self { frames: limits.log_frames, bytes: limits.log_bytes, age_ms: log_age_ms(limits) }
    }
}

/// What this process has said to rooms that it does not have, until the broker has it.
#[derive(Default)]
pub(super) struct Sayings {
    /// The number of the last.
    last: Mutex<u64>,
    waiting: Mutex<HashMap<(Subject, u64), oneshot::Sender<bool>>>,
}

impl Sayings {
    /// A number above all that were given, and this.
    pub(super) fn number(&self, above: u64) -> u64 {
        let mut last = lock(&self.last);
        *last = above.max(*last) + 1;
        *last
    }

    pub(super) fn begin(&self, subject: Subject, number: u64) -> oneshot::Receiver<bool> {
        let (tell, told) = oneshot::channel();
        let mut waiting = lock(&self.waiting);
        // Whoever does not wait any more needs no answer.
        waiting.retain(|_, waits| !waits.is_canceled());
        waiting.insert((subject, number), tell);
        told
    }

    /// `false`: it is not one of these.
    pub(super) fn end(&self, subject: Subject, number: u64, is_taken: bool) -> bool {
        let waits = lock(&self.waiting).remove(&(subject, number));
        let is_one = waits.is_some();
        // Whoever asked may not wait any more.
        let _ = waits.map(|waits| waits.send(is_taken));
        is_one
    }

    /// Nobody will answer any more.
    pub(super) fn give_up(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        drop(waiting);
    }
}

/// Whether the broker has what was said, once that is known.
pub(crate) async fn taken(told: oneshot::Receiver<bool>) -> Result {
    match told.await {
        Ok(true) => Ok(()),
        // Dropped: the room is over, or the node.
        Ok(false) | Err(_) => Err(ErrorKind::NotTaken.into_error()),
    }
}
