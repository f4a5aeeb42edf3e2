//! Where frames wait for a socket that has a task of its own.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_core::session::ending::EndedBy;
use roomful_core::{Close, ConnectionId, Dialect};

use crate::closing::Closing;
use crate::delivery::{Delivery, SharedUpdates};
use crate::lock::lock;
use crate::memory::{Holding, Memory};
use crate::metrics;
use crate::transport::Transport;

/// The transport of one connection. Rooms put frames in, and the platform's task for the socket takes them out.
#[derive(Debug)]
pub struct Mailbox {
    connection: ConnectionId,
    dialect: Dialect,
    closing: Arc<Closing>,
    state: Mutex<State>,
    waker: AtomicWaker,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    held: Holding,
    ending: Ending,
    is_awaited: bool,
}

impl State {
    fn take(&mut self) -> Option<ToWrite> {
        if let Some(frame) = self.outbox.pop() {
            self.count();
            return Some(ToWrite::Frame(frame));
        }
        match std::mem::replace(&mut self.ending, Ending::Closed) {
            Ending::Closing(close) => Some(ToWrite::Close(close)),
            other => {
                self.ending = other;
                None
            }
        }
    }

    fn count(&mut self) {
        self.held.set(self.outbox.memory());
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Open,
    /// The close frame, which goes out after what is queued. Nothing more is taken in.
    Closing(Close),
    Closed,
}

/// What the socket is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToWrite {
    /// One text message.
    Frame(Bytes),
    /// The close frame; nothing follows it.
    Close(Close),
}

impl Mailbox {
    pub(crate) fn new(
        connection: ConnectionId,
        dialect: Dialect,
        limit: usize,
        closing: Arc<Closing>,
        memory: &Arc<Memory>,
    ) -> Self {
        let (outbox, held) = (Outbox::new(limit), Holding::nothing(memory));
        let state = State { outbox, held, ending: Ending::Open, is_awaited: false };
        Self { connection, dialect, closing, state: Mutex::new(state), waker: AtomicWaker::new() }
    }

    /// What is to be written next. Pending while nothing waits, and for ever once the close was taken.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<ToWrite> {
        if let Some(to_write) = self.try_next() {
            return Poll::Ready(to_write);
        }
        self.waker.register(cx.waker());
        // Something may have come between the look and the registration.
        let mut state = lock(&self.state);
        let next = state.take();
        state.is_awaited = next.is_none();
        next.map_or(Poll::Pending, Poll::Ready)
    }

    /// What is to be written next, where something waits.
    pub fn try_next(&self) -> Option<ToWrite> {
        let mut state = lock(&self.state);
        state.is_awaited = false;
        state.take()
    }

    /// Whoever takes from it has something to write first.
    pub(crate) fn leave_for_now(&self) {
        lock(&self.state).is_awaited = false;
    }

    fn with_outbox(&self, push: impl FnOnce(&mut Outbox) -> Result<bool, Overflow>) {
        let mut state = lock(&self.state);
        if state.ending != Ending::Open {
            return;
        }
        match push(&mut state.outbox) {
            Ok(false) => {}
            Ok(true) => metrics::presence_conflated(),
            Err(_) => {
                state.outbox.clear();
                metrics::outbox_overflowed();
                // Where another close stands already, its delivery is on its way here.
                if self.closing.begin(Close::TOO_SLOW, EndedBy::Server) {
                    state.ending = Ending::Closing(Close::TOO_SLOW);
                }
            }
        }
        state.count();
    }

    fn push_updates(&self, outbox: &mut Outbox, updates: &SharedUpdates) -> Result<bool, Overflow> {
        if let (true, Dialect::V1, Some(frame)) = (outbox.is_empty(), self.dialect, updates.v1()) {
            return outbox.push(frame.frame()).map(|()| false);
        }
        updates.queue(self.dialect, outbox)
    }
}

impl Transport for Mailbox {
    fn deliver(&self, delivery: Delivery) {
        match delivery {
            // A connection is in one room, so this is for it.
            Delivery::Enter { .. } | Delivery::Exit { .. } => {}
            Delivery::Private { frame, .. } => self.with_outbox(|outbox| outbox.push(frame).map(|()| false)),
            Delivery::Fanout { except, frames, .. } => {
                if except != Some(self.connection) {
                    self.with_outbox(|outbox| frames.queue(self.dialect, outbox).map(|()| false));
                }
            }
            Delivery::Updates { updates, .. } => self.with_outbox(|outbox| self.push_updates(outbox, &updates)),
            Delivery::Close { close, .. } => {
                let mut state = lock(&self.state);
                if close == Close::OVERLOADED {
                    // It is closed for what it holds.
                    state.outbox.clear();
                    state.count();
                }
                if state.ending == Ending::Open {
                    state.ending = Ending::Closing(close);
                }
            }
        }
    }

    fn ring(&self) {
        self.waker.wake();
    }

    /// None are counted here: the outbox has a bound of its own.
    fn waiting_bytes(&self) -> usize {
        0
    }

    fn held_bytes(&self) -> usize {
        lock(&self.state).held.bytes()
    }

    fn is_awaited(&self) -> bool {
        lock(&self.state).is_awaited
    }
}
