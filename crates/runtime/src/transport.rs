//! The seam to a platform's sockets: whoever writes to them takes deliveries, and is told when to look.

use std::sync::Arc;

use crate::delivery::Delivery;
use crate::maybe_send::{MaybeSend, MaybeSync};

/// Where a platform's sockets are: those of one thread, or one alone.
///
/// Deliveries come while a room is locked, so a transport only takes them in and never calls back into the rooms. It carries
/// them out in the order in which they came: that is the one order which every member sees.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// Takes a delivery in. It may wait there until the transport is [rung](Transport::ring).
    fn deliver(&self, delivery: Delivery);

    /// Something was delivered. One ring may stand for many deliveries.
    fn ring(&self);

    /// Bytes that were delivered and have not been handed to the sockets yet, each frame counted once however many receive
    /// it. Where they are over [`Limits::transport_bytes`](roomful_core::Limits::transport_bytes), rooms refuse to send
    /// more.
    fn waiting_bytes(&self) -> usize;
}

/// A transport's address, which is its own for as long as it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TransportKey(usize);

impl TransportKey {
    pub(crate) fn of(transport: &Arc<dyn Transport>) -> Self {
        Self(Arc::as_ptr(transport).cast::<()>() as usize)
    }
}
