//! What rooms say to the cluster, until it is taken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use roomful_core::cluster::{Change, Input};

use crate::lock::lock;

/// What the rooms of a process say to the cluster, in one order. A room pushes under its own lock, so that what it says stands in
/// the order in which it happened there; nobody takes a room's lock while this one is held.
#[derive(Debug, Default)]
pub struct ClusterQueue {
    waiting: Mutex<VecDeque<Input>>,
    /// What rooms say in those that wait.
    bytes: AtomicUsize,
    taker: AtomicWaker,
}

impl ClusterQueue {
    /// One more. It never waits.
    pub fn push(&self, input: Input) {
        let bytes = said_bytes(&input);
        let mut waiting = lock(&self.waiting);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        waiting.push_back(input);
        drop(waiting);
        self.taker.wake();
    }

    /// The next, when it comes. Only one may take.
    pub async fn next(&self) -> Input {
        poll_fn(|cx| {
            self.taker.register(cx.waker());
            self.try_next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The next, where there is one.
    pub fn try_next(&self) -> Option<Input> {
        let mut waiting = lock(&self.waiting);
        let input = waiting.pop_front()?;
        self.bytes.fetch_sub(said_bytes(&input), Ordering::Relaxed);
        Some(input)
    }

    /// Bytes of what rooms have said that waits. What becomes of members is in it, and is never refused: whoever keeps this bounded
    /// says no more.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn said_bytes(input: &Input) -> usize {
    match input {
        Input::Publish { changes, .. } => changes.iter().map(Change::held_bytes).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

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
            assert!(matches!(queue.next().now_or_never(), Some(Input::Close(closed)) if closed == subject));
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
    }
}
