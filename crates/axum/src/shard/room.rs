//! A room as one shard sees it: those of its members whose sockets are here, and what is to be written to them.
//!
//! What comes for the room is gathered in a tick. When it is the room's turn the tick takes off and is written to one
//! member after the other, a slice at a time, while the next tick gathers; so a room of thousands keeps no other waiting
//! for longer than a slice, and everything that came in the meantime goes out with one write a member.

use std::io;

use roomful_core::{Limits, Millis};
use roomful_runtime::RoomId;
use roomful_websocket::deflate::Deflater;
use slab::Slab;

use super::sender::Sender;
use super::socket::{Seat, Socket};
use super::tick::{Census, Compression, Item, Tick};

pub(super) struct ShardRoom {
    id: RoomId,
    members: Vec<Member>,
    census: Census,
    tick: Tick,
    flight: Option<Box<Flight>>,
    /// When the next tick may take off.
    pub(super) open_at: Millis,
    /// Milliseconds between two ticks.
    window_ms: Millis,
    compress_from_bytes: usize,
    /// Whether it is to write, now or later.
    pub(super) has_turn: bool,
}

struct Member {
    slot: usize,
    /// The number of the first item that was not given to it.
    next: u64,
}

/// A tick that is being written.
struct Flight {
    tick: Tick,
    /// The member whose turn it is.
    at: usize,
}

/// Sockets that did not take all that was written to them.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// They are gone.
    pub(super) failed: Vec<(usize, io::Error)>,
    /// They take no more now: when that began is to be noted.
    pub(super) blocked: Vec<usize>,
}

impl ShardRoom {
    pub(super) fn new(id: RoomId, limits: &Limits) -> Self {
        Self {
            id,
            members: Vec::new(),
            census: Census::default(),
            tick: Tick::default(),
            flight: None,
            open_at: 0,
            window_ms: limits.broadcast_window_ms,
            compress_from_bytes: limits.compress_from_bytes.unwrap_or(usize::MAX),
            has_turn: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    /// What its items were counted as, those in flight included.
    pub(super) fn weight(&self) -> usize {
        self.tick.weight() + self.flight.as_ref().map_or(0, |flight| flight.tick.weight())
    }

    pub(super) fn enter(&mut self, slot: usize, sockets: &mut Slab<Socket>) {
        let Some(socket) = sockets.get_mut(slot) else { return };
        socket.seat = Some(Seat { room: self.id, at: self.members.len() });
        self.census.add(socket.kind);
        self.members.push(Member { slot, next: self.tick.end() });
    }

    /// The member at this seat is given what came before, and nothing more. Returns whose own bytes have to be flushed.
    pub(super) fn exit(&mut self, seat: Seat, sockets: &mut Slab<Socket>) -> [Option<usize>; 2] {
        let leaver = self.settle(seat.at, sockets);
        // The last member takes the seat. Where the flight has passed the seat it would never come to that member.
        let mover = match &self.flight {
            Some(flight) if flight.at > seat.at => self.settle(self.members.len() - 1, sockets),
            _ => None,
        };
        if seat.at < self.members.len() {
            let left = self.members.swap_remove(seat.at);
            if let Some(socket) = sockets.get_mut(left.slot) {
                self.census.remove(socket.kind);
                socket.seat = None;
            }
        }
        let moved = self.members.get(seat.at).and_then(|member| sockets.get_mut(member.slot));
        if let Some(socket) = moved {
            socket.seat = Some(seat);
        }
        [leaver, mover]
    }

    /// Gives a member, ahead of its turn, all that has come for the room: what is for it alone comes behind it. Returns its
    /// slot where it has something to be flushed.
    pub(super) fn settle(&mut self, at: usize, sockets: &mut Slab<Socket>) -> Option<usize> {
        let member = self.members.get_mut(at)?;
        let socket = sockets.get_mut(member.slot)?;
        let ticks = self.flight.as_ref().map(|flight| &flight.tick).into_iter().chain([&self.tick]);
        for tick in ticks.filter(|tick| member.next < tick.end()) {
            socket.push_items(tick, member.next);
        }
        member.next = self.tick.end();
        socket.has_own().then_some(member.slot)
    }

    /// Gathers an item, with the memory of `spare` where it is the first: a quiet room has none. `except` is the seat of whom it is not for. Returns a slot that has something to be flushed.
    pub(super) fn push(
        &mut self,
        (item, weight): (Item, usize),
        except: Option<usize>,
        sockets: &mut Slab<Socket>,
        deflater: &mut Deflater,
        spare: impl FnOnce() -> Tick,
    ) -> Option<usize> {
        let settled = except.and_then(|at| self.settle(at, sockets));
        if self.tick.is_empty() {
            self.tick.adopt(spare());
        }
        let compression = Compression { deflater, from_bytes: self.compress_from_bytes };
        self.tick.push(item, weight, &self.census, compression);
        if let Some(spared) = except.and_then(|at| self.members.get_mut(at)) {
            spared.next = self.tick.end();
        }
        settled
    }

    /// Whether there is something to write, now or when [`open_at`](ShardRoom::open_at) has come.
    pub(super) fn is_waiting(&self) -> bool {
        self.flight.is_some() || !self.tick.is_empty()
    }

    /// Writes to at most `limit` members. Those whose sockets fail, or begin to take no more, are added to `troubles`. Returns
    /// the tick when the last member has it.
    pub(super) fn fly(
        &mut self,
        (now, limit): (Millis, usize),
        sockets: &mut Slab<Socket>,
        sender: &mut Sender,
        troubles: &mut Troubles,
    ) -> Option<Tick> {
        let mut flight = match self.flight.take() {
            Some(flight) => flight,
            None => {
                self.open_at = now.saturating_add(self.window_ms);
                Box::new(Flight { tick: self.tick.take(), at: 0 })
            }
        };
        let Flight { tick, at } = &mut *flight;
        let first = *at;
        *at = self.members.len().min(first + limit);
        let mut due = Vec::with_capacity(at.saturating_sub(first));
        for member in self.members.iter_mut().take(*at).skip(first) {
            // Who came later, or was given it ahead of its turn, has it.
            if member.next < tick.end() {
                let from = std::mem::replace(&mut member.next, tick.end());
                match sockets.get_mut(member.slot) {
                    // Something was too much for it, and its close is on its way.
                    Some(socket) if !socket.hears() => {}
                    Some(socket) if socket.is_blocked() => socket.push_items(tick, from),
                    Some(_) => due.push((member.slot, from)),
                    None => {}
                }
            }
        }
        write(tick, &due, sockets, sender, troubles);
        if flight.at < self.members.len() {
            self.flight = Some(flight);
            return None;
        }
        Some(flight.tick)
    }
}

/// Writes to each of these sockets what the tick has for it from that number on.
fn write(tick: &Tick, due: &[(usize, u64)], sockets: &mut Slab<Socket>, sender: &mut Sender, troubles: &mut Troubles) {
    let mut written = Vec::with_capacity(due.len());
    {
        let sockets = &*sockets;
        let mut writes = Vec::with_capacity(due.len());
        writes.extend(due.iter().filter_map(|(slot, from)| Some(sockets.get(*slot)?.writes(tick, *from))));
        sender.send(&writes, &mut written);
    }
    for ((slot, from), written) in due.iter().zip(written) {
        match (sockets.get_mut(*slot), written) {
            (Some(socket), Ok(written)) => {
                socket.wrote(tick, *from, written);
                if socket.is_blocked() {
                    troubles.blocked.push(*slot);
                }
            }
            (_, Err(error)) => troubles.failed.push((*slot, error)),
            (None, Ok(_)) => {}
        }
    }
}
