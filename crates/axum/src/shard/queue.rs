//! What waits for a shard's thread, and how it is woken.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mio::{Registry, Token, Waker};
use roomful_core::ConnectionId;
use roomful_runtime::{Admission, Delivery, Transport, let_go};

use super::bell::Bell;
use super::stream::Stream;

/// The token of the waker. Sockets have those from 0.
pub(super) const WAKER: Token = Token(usize::MAX);

/// One thread of sockets, as every other thread sees it.
pub(crate) struct Shard {
    /// `None`: the thread has ended, and nobody would ever look.
    queue: Mutex<Option<Vec<Command>>>,
    /// What is queued is not looked at before it is rung.
    bell: Bell,
    waker: Waker,
    waiting_bytes: AtomicUsize,
    /// Sockets that it has, or that are on their way to it.
    sockets: AtomicUsize,
    /// No more sockets will come.
    last: AtomicBool,
}

/// Something for a shard's thread.
pub(super) enum Command {
    Delivery(Delivery),
    Serve(Box<Newcomer>),
    /// The handler of this connection has taken something from its full queue.
    Space(ConnectionId),
    /// A mistake in this crate.
    #[cfg(test)]
    Panic,
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Self::Delivery(delivery) => delivery.bytes(),
            Self::Serve(_) | Self::Space(_) => 0,
            #[cfg(test)]
            Self::Panic => 0,
        }
    }
}

/// A socket that has been upgraded.
pub(super) struct Newcomer {
    pub(super) stream: Stream,
    /// What the client sent behind the handshake.
    pub(super) read: Bytes,
    pub(super) admission: Admission,
    pub(super) deflate: bool,
}

impl Shard {
    pub(super) fn new(registry: &Registry) -> io::Result<Self> {
        Ok(Self {
            queue: Mutex::new(Some(Vec::new())),
            bell: Bell::new(),
            waker: Waker::new(registry, WAKER)?,
            waiting_bytes: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            last: AtomicBool::new(false),
        })
    }

    pub(super) fn push(&self, command: Command) {
        let weight = command.bytes();
        self.waiting_bytes.fetch_add(weight, Ordering::Relaxed);
        match &mut *self.lock() {
            Some(queue) => queue.push(command),
            // It is dropped, and with it the socket that it may hold.
            None => self.handed_over(weight),
        }
    }

    /// Hands a socket over.
    pub(super) fn serve(&self, newcomer: Newcomer) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        self.push(Command::Serve(Box::new(newcomer)));
        self.ring();
    }

    pub(super) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    pub(super) fn socket_gone(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// The thread ends with the last of its sockets.
    pub(super) fn end_with_last(&self) {
        self.last.store(true, Ordering::SeqCst);
        self.ring();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.last.load(Ordering::SeqCst) && self.sockets() == 0
    }

    /// All that is queued, where somebody has rung; `commands` must be empty and takes the queue's place.
    pub(super) fn take(&self, commands: &mut Vec<Command>) {
        if self.bell.take()
            && let Some(queue) = &mut *self.lock()
        {
            std::mem::swap(queue, commands);
        }
    }

    /// The thread ends, whatever the reason: nothing is taken in any more.
    pub(super) fn end(&self) {
        let left = self.lock().take();
        // Not under the lock: what is dropped may have something to say, and may hold something of the app's.
        left.into_iter().flatten().for_each(let_go);
    }

    /// Whether there is a thread to carry out what is pushed.
    pub(super) fn is_alive(&self) -> bool {
        self.lock().is_some()
    }

    /// Says that the thread is about to wait. `false`: it was rung meanwhile, and must not.
    pub(super) fn fall_asleep(&self) -> bool {
        self.bell.fall_asleep()
    }

    /// So many bytes have been handed to the sockets.
    pub(super) fn handed_over(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Command>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Shard {
    fn deliver(&self, delivery: Delivery) {
        self.push(Command::Delivery(delivery));
    }

    fn ring(&self) {
        if self.bell.ring()
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "a thread of sockets cannot be woken");
        }
    }

    fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }
}
