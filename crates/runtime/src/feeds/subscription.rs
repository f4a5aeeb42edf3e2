//! A feed as the app itself hears it, in this process.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;
use roomful_core::{Json, Limits};

use super::exchange::Exchange;
use crate::lock::lock;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::metrics;

/// What is heard of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard<E> {
    /// It was published.
    Event(E),
    /// So many that were published before what follows are missing: they were not taken in time, or another node of the cluster has
    /// published them and they cannot be had.
    Lagged {
        /// How many. In a cluster: at least.
        missed: u64,
    },
}

/// What is published from now on, in order. It holds at most [`Limits::log_frames`] and [`Limits::log_bytes`]: where more wait, the
/// oldest are let go of, and [`Heard::Lagged`] stands for them. It ends when the process is drained.
pub struct Subscription {
    feed: Arc<dyn Published>,
    queue: Arc<Queue>,
}

/// What a subscription is to.
pub(super) trait Published: MaybeSend + MaybeSync {
    /// That queue takes nothing more.
    fn unsubscribe(self: Arc<Self>, queue: &Arc<Queue>);
    /// What it has of other nodes; `None`: there are none.
    fn exchange(&self) -> Option<Arc<Exchange>>;
}

/// What waits for one subscription.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    reader: AtomicWaker,
    frames: usize,
    bytes: usize,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Heard<Json>>,
    bytes: usize,
    missed: u64,
    is_over: bool,
}

impl Subscription {
    pub(super) fn new(feed: Arc<dyn Published>, queue: Arc<Queue>) -> Self {
        Self { feed, queue }
    }

    /// In a cluster: waits until whatever another node publishes from now on is heard, too. What was published here from the beginning
    /// on is.
    pub async fn hears_others(&self) {
        if let Some(exchange) = self.feed.exchange() {
            exchange.begun().await;
        }
    }
}

impl Stream for Subscription {
    type Item = Heard<Json>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Heard<Json>>> {
        self.queue.poll(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        Arc::clone(&self.feed).unsubscribe(&self.queue);
    }
}

impl Queue {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let (waiting, reader) = (Mutex::default(), AtomicWaker::new());
        Arc::new(Self { waiting, reader, frames: limits.log_frames, bytes: limits.log_bytes })
    }

    pub(super) fn push(&self, event: &Json) {
        let mut waiting = lock(&self.waiting);
        if waiting.is_over {
            return;
        }
        waiting.bytes += event.size();
        waiting.events.push_back(Heard::Event(event.clone()));
        while waiting.events.len() > self.frames.max(1) || (waiting.bytes > self.bytes && waiting.events.len() > 1) {
            match waiting.events.pop_front() {
                Some(Heard::Event(oldest)) => {
                    waiting.bytes -= oldest.size();
                    waiting.missed += 1;
                    metrics::frame_dropped("lagged");
                }
                Some(Heard::Lagged { missed }) => waiting.missed += missed,
                None => break,
            }
        }
        drop(waiting);
        self.reader.wake();
    }

    /// So many are missing before what follows.
    pub(super) fn miss(&self, events: u64) {
        let mut waiting = lock(&self.waiting);
        if waiting.is_over {
            return;
        }
        match waiting.events.back_mut() {
            Some(Heard::Lagged { missed }) => *missed += events,
            Some(Heard::Event(_)) => waiting.events.push_back(Heard::Lagged { missed: events }),
            None => waiting.missed += events,
        }
        drop(waiting);
        self.reader.wake();
    }

    /// Nothing more comes. What waits is still heard.
    pub(super) fn end(&self) {
        lock(&self.waiting).is_over = true;
        self.reader.wake();
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Heard<Json>>> {
        let first = self.next();
        if first.is_ready() {
            return first;
        }
        self.reader.register(cx.waker());
        // One may have come in between.
        self.next()
    }

    fn next(&self) -> Poll<Option<Heard<Json>>> {
        let mut waiting = lock(&self.waiting);
        if waiting.missed > 0 {
            return Poll::Ready(Some(Heard::Lagged { missed: std::mem::take(&mut waiting.missed) }));
        }
        match waiting.events.pop_front() {
            Some(heard) => {
                if let Heard::Event(event) = &heard {
                    waiting.bytes -= event.size();
                }
                Poll::Ready(Some(heard))
            }
            None if waiting.is_over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn taken(queue: &Queue) -> Vec<String> {
        let cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        loop {
            match queue.poll(&cx) {
                Poll::Ready(Some(Heard::Event(event))) => taken.push(event.as_str().to_owned()),
                Poll::Ready(Some(Heard::Lagged { missed })) => taken.push(format!("{missed} missed")),
                Poll::Ready(None) => taken.push("end".to_owned()),
                Poll::Pending => return taken,
            }
            if taken.last().is_some_and(|last| last == "end") {
                return taken;
            }
        }
    }

    fn push(queue: &Queue, events: &[u64]) {
        events.iter().for_each(|event| queue.push(&Json::encode(event).unwrap()));
    }

    #[test]
    fn a_gap_is_an_item_where_it_is() {
        let queue = Queue::new(&Limits::default().log_frames(3));
        push(&queue, &[1, 2, 3]);
        assert_eq!(taken(&queue), ["1", "2", "3"]);
        push(&queue, &[4, 5, 6, 7, 8]);
        assert_eq!(taken(&queue), ["2 missed", "6", "7", "8"]);
        push(&queue, &[9]);
        queue.end();
        push(&queue, &[10]);
        assert_eq!(taken(&queue), ["9", "end"]);
    }

    #[test]
    fn what_other_nodes_have_said_and_cannot_be_had_is_an_item_where_it_is() {
        let queue = Queue::new(&Limits::default().log_frames(3));
        queue.miss(1);
        queue.miss(1);
        assert_eq!(taken(&queue), ["2 missed"]);
        push(&queue, &[1]);
        queue.miss(2);
        queue.miss(3);
        push(&queue, &[2]);
        assert_eq!(taken(&queue), ["1", "5 missed", "2"]);
        push(&queue, &[1]);
        queue.miss(2);
        push(&queue, &[2, 3, 4]);
        assert_eq!(taken(&queue), ["3 missed", "2", "3", "4"], "what was dropped before what was missed, and that");
        queue.end();
        queue.miss(1);
        assert_eq!(taken(&queue), ["end"]);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_one_always_fits() {
        let queue = Queue::new(&Limits::default().log_bytes(4));
        push(&queue, &[11, 22, 33]);
        assert_eq!(taken(&queue), ["1 missed", "22", "33"]);
        push(&queue, &[11, 1_234_567]);
        assert_eq!(taken(&queue), ["1 missed", "1234567"]);
    }
}
