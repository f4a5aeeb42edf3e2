//! Between the rooms and one socket: frames wait here until the socket takes them.

use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use roomful_core::outbox::Outbox;
use roomful_core::{Close, Dialect, MemberId};

use super::lock;
use crate::metrics;

/// One connection's outgoing side. The rooms push; the platform's socket task takes.
#[derive(Debug)]
pub struct Mailbox {
    dialect: Dialect,
    state: Mutex<State>,
    waker: AtomicWaker,
    /// For a socket that takes no more: it does not ask for the next frame, and must hear of the end all the same.
    closing_waker: AtomicWaker,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    ending: Ending,
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Open,
    /// What is queued goes out first; nothing more comes in.
    Closing(Close),
    Closed(Close),
}

/// What the socket is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// One text message.
    Frame(Bytes),
    /// The close frame; nothing follows it.
    Close(Close),
}

impl Mailbox {
    pub(crate) fn new(dialect: Dialect, limit: usize) -> Self {
        let state = State { outbox: Outbox::new(limit), ending: Ending::Open };
        Self { dialect, state: Mutex::new(state), waker: AtomicWaker::new(), closing_waker: AtomicWaker::new() }
    }

    /// What the connection speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What is to be written next. Pending while nothing waits, and for ever after the close.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Outgoing> {
        if let Some(outgoing) = self.try_next() {
            return Poll::Ready(outgoing);
        }
        self.waker.register(cx.waker());
        // Something may have come between the look and the registration.
        self.try_next().map_or(Poll::Pending, Poll::Ready)
    }

    /// What is to be written next, where something waits.
    pub fn try_next(&self) -> Option<Outgoing> {
        let mut state = lock(&self.state);
        if let Some(frame) = state.outbox.pop() {
            return Some(Outgoing::Frame(frame));
        }
        let Ending::Closing(close) = &state.ending else { return None };
        let close = close.clone();
        state.ending = Ending::Closed(close.clone());
        Some(Outgoing::Close(close))
    }

    /// Bytes that wait to be written.
    pub fn queued_bytes(&self) -> usize {
        lock(&self.state).outbox.bytes()
    }

    /// The close that this side has begun, from the decision on.
    pub fn closing(&self) -> Option<Close> {
        match &lock(&self.state).ending {
            Ending::Open => None,
            Ending::Closing(close) | Ending::Closed(close) => Some(close.clone()),
        }
    }

    /// The close that this side has begun, as soon as it has. A socket that is blocked in a write has to wait for this,
    /// or a client that never reads would be noticed only by the next timer.
    pub fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<Close> {
        if let Some(close) = self.closing() {
            return Poll::Ready(close);
        }
        self.closing_waker.register(cx.waker());
        self.closing().map_or(Poll::Pending, Poll::Ready)
    }

    /// A frame that must arrive.
    pub(crate) fn push(&self, frame: Bytes) {
        self.with_outbox(|outbox| outbox.push(frame).map(|()| false));
    }

    /// A room's presence: all of it in one frame to a client that keeps up, conflated to one that does not.
    pub(crate) fn push_updates(&self, each: &[(MemberId, Bytes)], batch: Option<&Bytes>) {
        self.with_outbox(|outbox| {
            if let (true, Dialect::V1, Some(batch)) = (outbox.is_empty(), self.dialect, batch) {
                return outbox.push(batch.clone()).map(|()| false);
            }
            let mut conflated = false;
            for (member, frame) in each {
                conflated |= outbox.push_update(member, frame.clone())?;
            }
            Ok(conflated)
        });
    }

    /// Closes after what is queued. The first close stands.
    pub(crate) fn close(&self, close: Close) {
        let mut state = lock(&self.state);
        if state.ending == Ending::Open {
            state.ending = Ending::Closing(close);
            drop(state);
            self.waker.wake();
            self.closing_waker.wake();
        }
    }

    fn with_outbox(&self, push: impl FnOnce(&mut Outbox) -> Result<bool, roomful_core::outbox::Overflow>) {
        let mut state = lock(&self.state);
        if state.ending != Ending::Open {
            return;
        }
        let mut overflowed = false;
        match push(&mut state.outbox) {
            Ok(false) => {}
            Ok(true) => metrics::presence_conflated(),
            Err(_) => {
                state.outbox.clear();
                state.ending = Ending::Closing(Close::TOO_SLOW);
                metrics::outbox_overflowed();
                overflowed = true;
            }
        }
        drop(state);
        self.waker.wake();
        if overflowed {
            self.closing_waker.wake();
        }
    }
}
