//! What rooms say to the cluster, until it is taken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;

use futures_util::task::AtomicWaker;
use roomful_core::cluster::Input;

use crate::lock::lock;

/// What the rooms of a process say to the cluster, in one order. A room pushes under its own lock, so that what it says stands in
/// the order in which it happened there; nobody takes a room's lock while this one is held.
#[derive(Debug, Default)]
pub struct ClusterQueue {
    waiting: Mutex<VecDeque<Input>>,
    taker: AtomicWaker,
}

impl ClusterQueue {
    /// One more. It never waits.
    pub fn push(&self, input: Input) {
        lock(&self.waiting).push_back(input);
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
        lock(&self.waiting).pop_front()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use roomful_core::cluster::Subject;

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
}
