//! What a link hears, until it is taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use roomful_core::cluster::{Audible, Subject};
use tokio::sync::{Notify, oneshot};

use crate::Lost;

/// What a link said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// Somebody published this, whoever it was.
    Envelope(Bytes),
    /// Who hears what was [asked](crate::Command::Ask) of a room.
    Audible {
        /// Which.
        room: Subject,
        /// Who.
        by: Audible,
    },
    /// Something was numbered and is kept, whoever said it.
    Kept {
        /// In which room.
        room: Subject,
        /// In which run of numbers.
        epoch: Box<str>,
        /// What, and where it stands.
        kept: Kept,
    },
    /// What is [kept](crate::Command::ReadHistory) of a room.
    History {
        /// Which.
        room: Subject,
        /// In which run of numbers.
        epoch: Box<str>,
        /// The highest number that was let go of.
        floor: u64,
        /// The last that was given.
        top: u64,
        /// The first of what was asked for.
        kept: Vec<Kept>,
    },
    /// The broker has [taken](crate::Command::Append) something, or it came too late.
    Taken {
        /// In which room.
        room: Subject,
        /// Which.
        number: u64,
        /// The number that it was given. `None`: it was not taken.
        seq: Option<u64>,
    },
}

/// Something that a broker keeps of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub seq: u64,
    /// The number of what was kept before it.
    pub after: u64,
    /// What.
    pub word: Bytes,
}

/// What was heard and not taken yet, of one link after the other.
#[derive(Debug)]
pub struct Heard {
    queue: Arc<Queue>,
}

/// Where a link says what it hears, from whatever thread. It never waits.
#[derive(Debug, Clone)]
pub struct Ear {
    queue: Arc<Queue>,
    end: Arc<Mutex<Option<oneshot::Sender<Lost>>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Ears(Arc<Queue>);

/// The end of a link, when it has come.
#[derive(Debug)]
pub struct LinkEnd(oneshot::Receiver<Lost>);

#[derive(Debug)]
struct Queue {
    most_bytes: usize,
    waiting: Mutex<Waiting>,
    comes: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    said: VecDeque<Said>,
    bytes: usize,
    dropped: u64,
}

/// What one costs beside its bytes, so that short ones are bounded, too.
const OVERHEAD: usize = 64;

impl Heard {
    /// Nothing was heard; so many bytes may wait. What comes when they do is dropped, and those who said it are asked for it
    /// again.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        Self { queue: Arc::new(Queue { most_bytes, waiting: Mutex::default(), comes: Notify::new() }) }
    }

    /// The ear of one more link.
    #[must_use]
    pub fn ear(&self) -> (Ear, LinkEnd) {
        self.ears().ear()
    }

    /// Who makes ears when this is elsewhere.
    pub(crate) fn ears(&self) -> Ears {
        Ears(self.queue.clone())
    }

    /// The next, when it comes.
    pub async fn next(&mut self) -> Said {
        loop {
            if let Some(said) = self.queue.pop() {
                return said;
            }
            self.queue.comes.notified().await;
        }
    }

    /// The next, where there is one.
    pub fn try_next(&mut self) -> Option<Said> {
        self.queue.pop()
    }

    /// How many envelopes were dropped, ever.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        held(&self.queue.waiting).dropped
    }
}

impl Said {
    /// Those of what is answered are bounded by what was asked.
    fn bytes(&self) -> usize {
        match self {
            Self::Envelope(envelope) => envelope.len() + OVERHEAD,
            Self::Kept { kept, .. } => kept.bytes(),
            Self::History { kept, .. } => OVERHEAD + kept.iter().map(Kept::bytes).sum::<usize>(),
            Self::Audible { .. } | Self::Taken { .. } => 0,
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        self.word.len() + OVERHEAD
    }
}

impl Ears {
    pub(crate) fn ear(&self) -> (Ear, LinkEnd) {
        let (end, ended) = oneshot::channel();
        (Ear { queue: self.0.clone(), end: Arc::new(Mutex::new(Some(end))) }, LinkEnd(ended))
    }
}

impl Ear {
    /// Somebody said this. What is empty was said to try something out, and is nothing.
    pub fn hear(&self, envelope: Bytes) {
        if envelope.is_empty() {
            return;
        }
        self.take_in(Said::Envelope(envelope));
    }

    /// Something was numbered and is kept.
    pub fn kept(&self, room: Subject, epoch: &str, kept: Kept) {
        self.take_in(Said::Kept { room, epoch: epoch.into(), kept });
    }

    /// What is kept of a room: `floor` is the highest number that was let go of, and `top` the last that was given.
    pub fn history(&self, room: Subject, epoch: &str, (floor, top): (u64, u64), kept: Vec<Kept>) {
        self.take_in(Said::History { room, epoch: epoch.into(), floor, top, kept });
    }

    /// What was to be kept was given this number, or came too late.
    pub fn taken(&self, room: Subject, number: u64, seq: Option<u64>) {
        held(&self.queue.waiting).said.push_back(Said::Taken { room, number, seq });
        self.queue.comes.notify_one();
    }

    fn take_in(&self, said: Said) {
        let mut waiting = held(&self.queue.waiting);
        let bytes = said.bytes();
        if waiting.bytes + bytes > self.queue.most_bytes {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes += bytes;
        waiting.said.push_back(said);
        drop(waiting);
        self.queue.comes.notify_one();
    }

    /// A question was heard.
    pub fn audible(&self, room: Subject, by: Audible) {
        held(&self.queue.waiting).said.push_back(Said::Audible { room, by });
        self.queue.comes.notify_one();
    }

    /// So many envelopes were dropped before they came here.
    pub fn dropped(&self, envelopes: u64) {
        held(&self.queue.waiting).dropped += envelopes;
    }

    /// The link is over. Only the first reason counts.
    pub fn lost(&self, lost: Lost) {
        if let Some(end) = held(&self.end).take() {
            // Whoever does not wait for it has let go of the link.
            let _ = end.send(lost);
        }
    }
}

impl LinkEnd {
    /// Why the link is over, when it is.
    pub async fn wait(&mut self) -> Lost {
        (&mut self.0).await.unwrap_or_else(|_| Lost::new("its client let go of it"))
    }
}

impl Queue {
    fn pop(&self) -> Option<Said> {
        let mut waiting = held(&self.waiting);
        let said = waiting.said.pop_front()?;
        waiting.bytes -= said.bytes();
        Some(said)
    }
}

/// Nothing panics while it is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_takes_is_bounded_and_what_is_dropped_is_counted() {
        let mut heard = Heard::new(2 * (10 + OVERHEAD));
        let (ear, _end) = heard.ear();
        for byte in 0..3 {
            ear.hear(Bytes::from(vec![byte; 10]));
        }
        assert_eq!(heard.dropped(), 1);
        for byte in 0..2 {
            assert_eq!(heard.next().await, Said::Envelope(Bytes::from(vec![byte; 10])));
        }
        ear.hear(Bytes::from_static(b"there is room again"));
        assert_eq!(heard.next().await, Said::Envelope(Bytes::from_static(b"there is room again")));
        assert_eq!(heard.dropped(), 1);
    }

    #[tokio::test]
    async fn what_is_short_is_not_free_and_what_is_empty_is_nothing() {
        let heard = Heard::new(10 * (1 + OVERHEAD));
        let (ear, _end) = heard.ear();
        (0..20).for_each(|_| ear.hear(Bytes::new()));
        (0..11).for_each(|_| ear.hear(Bytes::from_static(b"x")));
        assert_eq!(heard.dropped(), 1);
    }

    #[tokio::test]
    async fn the_first_reason_counts_and_a_link_that_is_let_go_of_is_lost() {
        let heard = Heard::new(0);
        let (ear, mut end) = heard.ear();
        ear.lost(Lost::new("first"));
        ear.lost(Lost::new("second"));
        assert_eq!(end.wait().await, Lost::new("first"));
        let (ear, mut end) = heard.ear();
        drop(ear);
        assert_eq!(end.wait().await, Lost::new("its client let go of it"));
    }
}
