//! The way to a platform's sockets: what writes to them takes deliveries, and is told when there are some.

use std::sync::Arc;

use crate::delivery::Delivery;
use crate::maybe_send::{MaybeSend, MaybeSync};

/// Writes to the sockets of one thread, or to a single socket.
///
/// Deliveries come while a room is locked, so a transport only queues them, and never calls the rooms. It carries them out in
/// the order in which they came: every member must see the same order.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// Queues a delivery. It may wait until [`ring`](Transport::ring) is called.
    fn deliver(&self, delivery: Delivery);

    /// Says that something was delivered. One call may stand for many deliveries.
    fn ring(&self);

    /// How many bytes were delivered and not given to the sockets yet. A frame counts once, however many receive it. Over
    /// [`Limits::transport_bytes`](roomful_core::Limits::transport_bytes) rooms refuse to send more.
    fn waiting_bytes(&self) -> usize;

    /// Where it is the transport of one connection alone: how many bytes of memory wait in it. One of many sockets says what
    /// it holds for each of them with [`Connection::holds`](crate::Connection::holds).
    fn held_bytes(&self) -> usize {
        0
    }

    /// Whether somebody waits for what comes. Who first waits for a client to take what came before may never come to it, so at the
    /// end of the process nobody waits for that.
    fn is_awaited(&self) -> bool {
        true
    }
}

/// A transport's address in memory. No other transport has it as long as this one is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TransportKey(usize);

impl TransportKey {
    pub(crate) fn of(transport: &Arc<dyn Transport>) -> Self {
        Self(Arc::as_ptr(transport).cast::<()>() as usize)
    }
}
