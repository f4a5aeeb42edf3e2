//! A member that died with its node.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Info, Member, Presence, Room, RoomHandle, Rooms};

/// A member that died with its node, as [`Room::on_lost`] is told of it.
pub struct Lost<R: Room> {
    key: R::Channel,
    member: Member<Presence<R>, Info<R>>,
    rooms: Rooms,
    unheard: Arc<AtomicBool>,
}

impl<R: Room> Lost<R> {
    pub(crate) fn new(
        key: R::Channel,
        member: Member<Presence<R>, Info<R>>,
        rooms: Rooms,
        unheard: Arc<AtomicBool>,
    ) -> Self {
        Self { key, member, rooms, unheard }
    }

    /// The room's key.
    #[must_use]
    pub fn key(&self) -> &R::Channel {
        &self.key
    }

    /// Who it was: its id, its user, what the server said of it last and what it showed last. A state or an info that the channel's
    /// type does not read is left out.
    #[must_use]
    pub fn member(&self) -> &Member<Presence<R>, Info<R>> {
        &self.member
    }

    /// The room: to say something to who is in it, or to see who is.
    #[must_use]
    pub fn room(&self) -> RoomHandle<R::Channel> {
        self.rooms.at(&self.key)
    }

    /// The app's rooms, to reach another one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// The room has no such hook.
    pub(crate) fn is_heard_by_nobody(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }
}

impl<R: Room> fmt::Debug for Lost<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lost").field("member", &self.member.id).finish_non_exhaustive()
    }
}
