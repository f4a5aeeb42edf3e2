//! A member, as its room's hooks see it.

use std::fmt;
use std::sync::Arc;

use roomful_core::MemberId;
use roomful_runtime::LiveMember;

use crate::hooks::encode;
use crate::{ErrorKind, MaybeSend, Outgoing, Presence, Result, Room, RoomHandle, Rooms};

/// One connection of room `R`. A clone is cheap; holding one keeps nobody in the room.
///
/// A connection may go at any moment, so what is sent to one that has gone is no error: it goes nowhere.
pub struct Conn<R: Room> {
    inner: Arc<Inner<R>>,
}

struct Inner<R: Room> {
    key: R::Channel,
    data: R::Data,
    member: Arc<LiveMember>,
    rooms: Rooms,
}

impl<R: Room> Conn<R> {
    pub(crate) fn new(key: R::Channel, data: R::Data, member: Arc<LiveMember>, rooms: Rooms) -> Self {
        Self { inner: Arc::new(Inner { key, data, member, rooms }) }
    }

    /// The id that everybody in the room knows this member by.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.inner.member.id()
    }

    /// The room's key.
    #[must_use]
    pub fn key(&self) -> &R::Channel {
        &self.inner.key
    }

    /// What [`Room::data`] found at the upgrade.
    #[must_use]
    pub fn data(&self) -> &R::Data {
        &self.inner.data
    }

    /// This room, as [`Rooms::at`] has it: who is in, a message to one of them, or somebody to remove.
    #[must_use]
    pub fn room(&self) -> RoomHandle<R::Channel> {
        self.rooms().at(self.key())
    }

    /// The app's rooms, to reach another one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.inner.rooms
    }

    /// What the roster shows of this member; `None` when it shows nothing, has not joined yet or has left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a room that shares this channel has set a state of another type.
    pub fn presence(&self) -> Result<Option<Presence<R>>> {
        let state = self.inner.member.presence().map(|state| state.decode()).transpose();
        state.map_err(|error| ErrorKind::Decode(error).into_error())
    }

    /// A message to this client alone.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON, is over [`Limits::message_bytes`](crate::Limits::message_bytes), or nobody has
    /// joined yet; [`ErrorKind::Overloaded`] when the sockets are behind.
    pub fn send(&self, msg: &Outgoing<R>) -> Result {
        self.inner.member.send(encode(msg)?)
    }

    /// A message to every other member of the room.
    ///
    /// # Errors
    ///
    /// As for [`send`](Conn::send).
    pub fn broadcast(&self, msg: &Outgoing<R>) -> Result {
        self.inner.member.broadcast(encode(msg)?, false)
    }

    /// A message to every member of the room, this one too.
    ///
    /// # Errors
    ///
    /// As for [`send`](Conn::send).
    pub fn broadcast_all(&self, msg: &Outgoing<R>) -> Result {
        self.inner.member.broadcast(encode(msg)?, true)
    }

    /// What the roster shows of this member from now on. Ignored once it has left.
    ///
    /// # Errors
    ///
    /// When the state cannot be JSON, is over [`Limits::presence_bytes`](crate::Limits::presence_bytes) (the old state
    /// stays), or nobody has joined yet.
    pub fn set_presence(&self, state: &Presence<R>) -> Result {
        self.inner.member.set_presence(Some(encode(state)?))
    }

    /// Ends this connection. What was sent to it before still arrives; its own messages that wait are not handled; it
    /// leaves the room when the hook that runs now has ended. 1000 and 4000 to 4999 tell the client to stay away, 3000
    /// to 3999 to come back.
    ///
    /// # Errors
    ///
    /// A code other than 1000 and 3000 to 4999, or a reason over 123 bytes. Nothing is sent then.
    pub fn close(&self, code: u16, reason: &str) -> Result {
        self.inner.member.close_by_app(code, reason)
    }

    /// Runs `teardown` when this member has left, before `on_leave`; the last deferred runs first. After the leave it
    /// runs at once. A Durable Object that was put away since has lost it: there, what must happen belongs into
    /// `on_leave`.
    pub fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.inner.member.defer(teardown);
    }
}

impl<R: Room> Clone for Conn<R> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<R: Room> fmt::Debug for Conn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("id", self.id()).finish_non_exhaustive()
    }
}
