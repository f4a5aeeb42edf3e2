//! What goes through one room, counted for operators.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::operators::MAY_LOOK_IN;

/// Sums since a room began, and who is in it. Whoever holds the room's lock writes most of them; they are read without it, so that
/// a look over all rooms keeps none of them waiting.
#[derive(Default)]
pub(crate) struct Traffic {
    received: AtomicU64,
    received_bytes: AtomicU64,
    delivered: AtomicU64,
    delivered_bytes: AtomicU64,
    conflated: AtomicU64,
    members: AtomicU64,
    sockets: AtomicU64,
}

/// What a room has taken in and given out since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Messages and states that its members' clients have said.
    pub received: u64,
    /// Bytes of their payloads.
    pub received_bytes: u64,
    /// Frames that it has sent, each counted for each of its receivers.
    pub delivered: u64,
    /// Bytes of these, before they are compressed and without what a WebSocket writes before each.
    pub delivered_bytes: u64,
    /// How often a slow reader was sent a newer state in the place of those that waited for it.
    pub conflated: u64,
    /// Members now, those too that are away or connected to another node.
    pub members: u64,
    /// Those of them that have a socket here.
    pub sockets: u64,
}

impl Traffic {
    /// A client's message or state is about to be handled. Under no lock.
    pub(crate) fn receive(&self, bytes: usize) {
        if !MAY_LOOK_IN {
            return;
        }
        self.received.fetch_add(1, Ordering::Relaxed);
        self.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// So many frames are delivered, of so many bytes in all. Under the room's lock, so nobody else adds to it.
    pub(crate) fn deliver(&self, frames: usize, bytes: usize) {
        if !MAY_LOOK_IN {
            return;
        }
        add(&self.delivered, frames);
        add(&self.delivered_bytes, bytes);
    }

    /// A slow reader is sent a newer state. Under no lock.
    pub(crate) fn conflate(&self) {
        self.conflated.fetch_add(1, Ordering::Relaxed);
    }

    /// Who is in it now.
    pub(crate) fn hold(&self, members: usize, sockets: usize) {
        if !MAY_LOOK_IN {
            return;
        }
        self.members.store(members as u64, Ordering::Relaxed);
        self.sockets.store(sockets as u64, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            received: of(&self.received),
            received_bytes: of(&self.received_bytes),
            delivered: of(&self.delivered),
            delivered_bytes: of(&self.delivered_bytes),
            conflated: of(&self.conflated),
            members: of(&self.members),
            sockets: of(&self.sockets),
        }
    }
}

/// Of a counter that one thread at a time writes: cheaper than to add in one step.
fn add(counter: &AtomicU64, more: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(more as u64), Ordering::Relaxed);
}
