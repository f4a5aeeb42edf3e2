//! The transports that have members in one room.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use roomful_core::Dialect;
use roomful_core::frame::fanout::Spoken;

use crate::cork;
use crate::delivery::{Delivery, RoomId};
use crate::line::Line;
use crate::transport::{Transport, TransportKey};

/// Each transport once, with the number of its members who speak each dialect.
pub(crate) struct Transports {
    room: RoomId,
    held: HashMap<TransportKey, Held>,
    plain: usize,
    v1: usize,
}

struct Held {
    transport: Arc<dyn Transport>,
    members: usize,
}

impl Transports {
    pub(crate) fn new(room: RoomId) -> Self {
        Self { room, held: HashMap::new(), plain: 0, v1: 0 }
    }

    pub(crate) fn room(&self) -> RoomId {
        self.room
    }

    /// The dialects that somebody here speaks.
    pub(crate) fn spoken(&self) -> Spoken {
        Spoken { plain: self.plain > 0, v1: self.v1 > 0 }
    }

    /// How many sockets get what is sent to the room in this dialect.
    pub(crate) fn listeners(&self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::Plain => self.plain,
            Dialect::V1 => self.v1,
        }
    }

    /// From now on this socket gets what is sent to the room.
    pub(crate) fn enter(&mut self, line: &Line) {
        let transport = line.transport();
        let held = self.held.entry(TransportKey::of(transport));
        held.or_insert_with(|| Held { transport: Arc::clone(transport), members: 0 }).members += 1;
        *self.count(line.dialect()) += 1;
        transport.deliver(Delivery::Enter { room: self.room, connection: line.connection() });
    }

    /// This socket, which has [entered](Transports::enter), gets nothing more of what is sent to the room.
    pub(crate) fn exit(&mut self, line: &Line) {
        line.deliver(Delivery::Exit { room: self.room, connection: line.connection() });
        *self.count(line.dialect()) -= 1;
        if let Entry::Occupied(mut held) = self.held.entry(TransportKey::of(line.transport())) {
            held.get_mut().members -= 1;
            if held.get().members == 0 {
                held.remove();
            }
        }
    }

    pub(crate) fn to_all(&self, delivery: &Delivery) {
        for Held { transport, .. } in self.held.values() {
            transport.deliver(delivery.clone());
            cork::ring(transport);
        }
    }

    /// Whether more bytes wait at one of them than may.
    pub(crate) fn are_overloaded(&self, limit: usize) -> bool {
        self.held.values().any(|held| held.transport.waiting_bytes() > limit)
    }

    fn count(&mut self, dialect: Dialect) -> &mut usize {
        match dialect {
            Dialect::Plain => &mut self.plain,
            Dialect::V1 => &mut self.v1,
        }
    }
}
