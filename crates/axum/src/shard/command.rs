//! What other threads ask of a shard.

use std::sync::Arc;
use std::task::{Wake, Waker};

use bytes::Bytes;
use mio::Token;
use roomful::Close;
use roomful_core::ConnectionId;
use roomful_runtime::{Delivery, RoomId};

use super::queue::{Command, Newcomer, Shard};
use super::reactor::Reactor;
use super::room::ShardRoom;
use super::socket::Socket;
use super::tick::Item;

impl Reactor {
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Delivery(delivery) => self.take_delivery(delivery),
            Command::Serve(newcomer) => self.serve(*newcomer),
            Command::Space(connection) => self.on_space(connection),
            #[cfg(test)]
            Command::Panic => std::panic::resume_unwind(Box::new("as a test asked for")),
        }
    }

    fn take_delivery(&mut self, delivery: Delivery) {
        let weight = delivery.bytes();
        match delivery {
            Delivery::Enter { room, connection } => self.enter(room, connection),
            Delivery::Exit { connection, .. } => {
                if let Some(slot) = self.slot(connection) {
                    self.leave_room(slot);
                }
            }
            Delivery::Private { to, frame } => {
                self.shard.handed_over(weight);
                self.push_private(to, frame);
            }
            Delivery::Fanout { room, except, frames } => self.gather(room, (Item::Frame(frames), weight), except),
            Delivery::Updates { room, updates } => self.gather(room, (Item::Updates(updates), weight), None),
            Delivery::Close { connection, close } => {
                if let Some(slot) = self.slot(connection) {
                    self.close(slot, &close);
                }
            }
        }
    }

    fn enter(&mut self, id: RoomId, connection: ConnectionId) {
        let Some(slot) = self.slot(connection) else { return };
        let Some(socket) = self.sockets.get(slot).filter(|socket| socket.hears()) else { return };
        let limits = socket.connection.limits();
        let room = self.rooms.entry(id).or_insert_with(|| Box::new(ShardRoom::new(id, limits)));
        room.enter(slot, &mut self.sockets);
    }

    /// Whatever came for the room before is still for this socket.
    pub(super) fn leave_room(&mut self, slot: usize) {
        let Some(seat) = self.sockets.get(slot).and_then(|socket| socket.seat) else { return };
        let Some(room) = self.rooms.get_mut(&seat.room) else { return };
        let touched = room.exit(seat, &mut self.sockets);
        if room.is_empty() {
            self.shard.handed_over(room.weight());
            self.rooms.remove(&seat.room);
        }
        touched.into_iter().flatten().for_each(|slot| self.touch(slot));
    }

    fn push_private(&mut self, to: ConnectionId, frame: Bytes) {
        let Some(slot) = self.slot(to) else { return };
        let Some(socket) = self.sockets.get(slot).filter(|socket| socket.hears()) else { return };
        if let Some(seat) = socket.seat
            && let Some(room) = self.rooms.get_mut(&seat.room)
        {
            // What came for the room before goes out before.
            room.settle(seat.at, &mut self.sockets);
        }
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.push(frame);
        }
        self.touch(slot);
    }

    fn gather(&mut self, id: RoomId, item: (Item, usize), except: Option<ConnectionId>) {
        let spared = except.and_then(|connection| self.slot(connection)).and_then(|slot| self.sockets.get(slot)?.seat);
        let Some(room) = self.rooms.get_mut(&id) else {
            // The last of its members here is just going.
            return self.shard.handed_over(item.1);
        };
        let except = spared.filter(|seat| seat.room == id).map(|seat| seat.at);
        let spare = || self.spare.pop().unwrap_or_default();
        let touched = room.push(item, except, &mut self.sockets, &mut self.deflater, spare);
        if let Some(slot) = touched {
            self.touch(slot);
        }
        self.schedule(id);
    }

    fn close(&mut self, slot: usize, close: &Close) {
        self.leave_room(slot);
        let now = self.now();
        if *close == Close::OVERLOADED && self.sockets.get(slot).is_some_and(|socket| socket.held() > 0) {
            return self.close_for_memory(slot, close);
        }
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.begin_closing(close, now);
        }
        self.touch(slot);
        self.arm(slot);
        self.await_end(slot);
    }

    fn serve(&mut self, newcomer: Newcomer) {
        let Newcomer { mut stream, read, admission, deflate } = newcomer;
        let slot = self.sockets.vacant_key();
        if let Err(error) = stream.register(self.registry(), Token(slot)) {
            admission.give_up(&error);
            return self.shard.socket_gone();
        }
        let connection = admission.connect_at(Arc::clone(&self.shard));
        self.memory.get_or_insert_with(|| connection.memory());
        self.slots.insert(connection.id(), slot);
        let now = self.now();
        let mut socket = Socket::new(stream, connection, deflate, now);
        socket.keep_unread(&read);
        self.sockets.insert(socket);
        self.arm(slot);
        self.read_on(slot);
    }

    fn on_space(&mut self, connection: ConnectionId) {
        if let Some(slot) = self.slot(connection) {
            if let Some(socket) = self.sockets.get_mut(slot) {
                socket.has_space_again();
            }
            self.read_on(slot);
        }
    }

    fn slot(&self, connection: ConnectionId) -> Option<usize> {
        self.slots.get(&connection).copied()
    }
}

/// Tells a shard that the handler of a connection has room again.
struct OnSpace {
    shard: Arc<Shard>,
    connection: ConnectionId,
}

impl Wake for OnSpace {
    fn wake(self: Arc<Self>) {
        use roomful_runtime::Transport as _;

        self.shard.push(Command::Space(self.connection));
        self.shard.ring();
    }
}

pub(super) fn on_space(shard: &Arc<Shard>, connection: ConnectionId) -> Waker {
    Waker::from(Arc::new(OnSpace { shard: Arc::clone(shard), connection }))
}
