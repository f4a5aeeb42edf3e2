//! What rooms say to the cluster, until it is taken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::task::AtomicWaker;
use roomful_core::cluster::{Change, Command, Input};

use super::{Append, ReadHistory};
use crate::lock::lock;

/// What the rooms of a process say to the cluster, in one order. A room pushes under its own lock, so that what it says stands in
/// the order in which it happened there; nobody takes a room's lock while this one is held.
#[derive(Debug, Default)]
pub struct ClusterQueue {
    waiting: Mutex<VecDeque<Handed>>,
    /// What rooms say in those that wait.
    bytes: AtomicUsize,
    taker: AtomicWaker,
}

/// What is taken from the queue.
#[derive(Debug)]
#[non_exhaustive]
pub enum Handed {
    /// For the node's engine.
    Input(Input),
    /// Somebody waits until all that was handed over before is given to the broker.
    Receipt(Receipt),
    /// For the broker, which numbers and keeps it.
    Append(Box<Append>),
    /// A question to the broker.
    ReadHistory(ReadHistory),
}

/// Says that the broker has what was said before. Dropped, it says that it has not: that is late, or lost.
#[derive(Debug)]
pub struct Receipt(oneshot::Sender<()>);

impl Receipt {
    /// The broker has it.
    pub fn give(self) {
        // Whoever asked may not wait any more.
        let _ = self.0.send(());
    }
}

impl ClusterQueue {
    /// One more. It never waits.
    pub fn push(&self, input: Input) {
        self.hand_over(Handed::Input(input));
    }

    /// Something that the broker is to number and to keep, behind all that was pushed before.
    pub(crate) fn append(&self, append: Append) {
        self.hand_over(Handed::Append(Box::new(append)));
    }

    /// A question to the broker.
    pub(crate) fn read_history(&self, read: ReadHistory) {
        self.hand_over(Handed::ReadHistory(read));
    }

    /// Whether all that was pushed before is given to the broker, once that is known. If not it comes late, or not at all.
    pub fn given(&self) -> impl Future<Output = bool> + use<> {
        let (receipt, given) = oneshot::channel();
        self.hand_over(Handed::Receipt(Receipt(receipt)));
        given.map(|given| given.is_ok())
    }

    fn hand_over(&self, handed: Handed) {
        let bytes = handed.bytes();
        let mut waiting = lock(&self.waiting);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        waiting.push_back(handed);
        drop(waiting);
        self.taker.wake();
    }

    /// The next, when it comes. Only one may take.
    pub async fn next(&self) -> Handed {
        poll_fn(|cx| {
            self.taker.register(cx.waker());
            self.try_next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The next, where there is one.
    pub fn try_next(&self) -> Option<Handed> {
        let mut waiting = lock(&self.waiting);
        let handed = waiting.pop_front()?;
        self.bytes.fetch_sub(handed.bytes(), Ordering::Relaxed);
        Some(handed)
    }

    /// Bytes of what rooms have said that waits. What becomes of members is in it, and is never refused: whoever keeps this bounded
    /// says no more.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Handed {
    fn bytes(&self) -> usize {
        match self {
            Self::Input(Input::Publish { changes, .. }) => changes.iter().map(Change::held_bytes).sum(),
            Self::Input(Input::Ask { command, .. }) => asked_bytes(command),
            Self::Append(append) => size_of::<Append>() + append.word.msg.size(),
            Self::Input(_) | Self::Receipt(_) | Self::ReadHistory(_) => 0,
        }
    }
}

/// Bytes of what is not short in any case.
pub(super) fn asked_bytes(command: &Command) -> usize {
    let said = match command {
        Command::Say { msg, .. } | Command::Send { msg, .. } | Command::SendUser { msg, .. } => msg.size(),
        _ => 0,
    };
    said + command.topic().map_or(0, |topic| topic.len())
}

#[cfg(test)]
mod tests {
    use roomful_core::Json;
    use roomful_core::cluster::Subject;
    use roomful_core::room::Audience;

    use super::*;

    #[test]
    fn what_is_said_first_is_taken_first_and_wakes_who_waits() {
        let queue = ClusterQueue::default();
        assert!(queue.next().now_or_never().is_none());
        let subjects = ["a", "b"].map(|topic| Subject::of("app", topic));
        subjects.into_iter().for_each(|subject| queue.push(Input::Close(subject)));
        for subject in subjects {
            let next = queue.next().now_or_never();
            assert!(matches!(next, Some(Handed::Input(Input::Close(closed))) if closed == subject), "{next:?}");
        }
        assert!(queue.try_next().is_none());
    }

    #[test]
    fn what_waits_is_counted_until_it_is_taken() {
        let queue = ClusterQueue::default();
        let said = |bytes: usize| Change::Said {
            from: None,
            to: Audience::Everybody,
            msg: Json::encode(&"x".repeat(bytes)).unwrap(),
        };
        let publish =
            |bytes| Input::Publish { subject: Subject::of("app", "a"), changes: vec![said(bytes), said(bytes)] };
        queue.push(publish(1_000));
        queue.push(Input::Drain);
        queue.push(publish(10));
        let waits = queue.bytes();
        assert!((2_000 + 20..4_000).contains(&waits), "{waits}");
        queue.try_next();
        queue.try_next();
        assert!((20..1_000).contains(&queue.bytes()));
        queue.try_next();
        assert_eq!(queue.bytes(), 0);
        let msg = Json::encode(&"x".repeat(500)).unwrap();
        queue.push(Input::Ask { number: 1, node: None, command: Command::Say { topic: "a".into(), msg } });
        assert!((500..1_000).contains(&queue.bytes()), "{}", queue.bytes());
        queue.try_next();
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_receipt_says_whether_what_stands_before_it_is_given() {
        let queue = ClusterQueue::default();
        for is_given in [true, false] {
            queue.push(Input::Drain);
            let mut given = queue.given();
            assert!(matches!(queue.try_next(), Some(Handed::Input(Input::Drain))));
            assert!((&mut given).now_or_never().is_none());
            let Some(Handed::Receipt(receipt)) = queue.try_next() else { panic!("it stands behind") };
            if is_given {
                receipt.give();
            } else {
                drop(receipt);
            }
            assert_eq!(given.now_or_never(), Some(is_given));
        }
    }
}
