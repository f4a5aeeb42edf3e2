//! The posts that have members in one room.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::post::{Outlet, TransportKey};
use super::{Delivery, Transport, RoomId, cork};

/// Each post once, however many members it has.
pub(super) struct Transports {
    room: RoomId,
    held: HashMap<TransportKey, Held>,
}

struct Held {
    post: Arc<dyn Transport>,
    members: usize,
}

impl Transports {
    pub(super) fn new(room: RoomId) -> Self {
        Self { room, held: HashMap::new() }
    }

    pub(super) fn room(&self) -> RoomId {
        self.room
    }

    /// This connection hears from now on what goes to all.
    pub(super) fn enter(&mut self, outlet: &Outlet) {
        let post = &outlet.post;
        let held = self.held.entry(TransportKey::of(post)).or_insert_with(|| Held { post: Arc::clone(post), members: 0 });
        held.members += 1;
        post.deliver(Delivery::Enter { room: self.room, connection: outlet.connection });
    }

    /// This connection, which [entered](Transports::enter), hears nothing more.
    pub(super) fn exit(&mut self, outlet: &Outlet) {
        outlet.post.deliver(Delivery::Exit { room: self.room, connection: outlet.connection });
        cork::ring(&outlet.post);
        if let Entry::Occupied(mut held) = self.held.entry(TransportKey::of(&outlet.post)) {
            held.get_mut().members -= 1;
            if held.get().members == 0 {
                held.remove();
            }
        }
    }

    pub(super) fn to_all(&self, parcel: &Delivery) {
        for Held { post, .. } in self.held.values() {
            post.deliver(parcel.clone());
            cork::ring(post);
        }
    }

    /// Whether one of them has more to do than it may.
    pub(super) fn are_overloaded(&self, limit: usize) -> bool {
        self.held.values().any(|held| held.post.waiting_bytes() > limit)
    }
}
