//! What goes into the engine, and what comes out of it.

use bytes::Bytes;

use crate::roster::Place;
use crate::{ConnectionId, Dialect, Json, MemberId, Millis};

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A connection that was let in becomes a member: at once, or in a large room with all who come in the same tick,
    /// when it is [`Effect::Admitted`]. Until then it can only leave.
    Join {
        /// Which connection.
        connection: ConnectionId,
        /// What it speaks.
        dialect: Dialect,
        /// The id that it is known by.
        member: MemberId,
        /// The presence seed.
        state: Option<Json>,
    },
    /// A connection is no longer a member, whatever ended it.
    Leave {
        /// Which connection.
        connection: ConnectionId,
    },
    /// A member's state is now this.
    SetPresence {
        /// Which connection.
        connection: ConnectionId,
        /// `None`: it has no state any more.
        state: Option<Json>,
    },
    /// A message to the room.
    Broadcast {
        /// Who says it; `None`: no member, the app itself.
        from: Option<MemberId>,
        /// Who hears it.
        to: Audience,
        /// What.
        msg: Json,
    },
    /// A message to one connection.
    Send {
        /// Which.
        to: ConnectionId,
        /// What.
        msg: Json,
    },
    /// A time asked for by [`Effect::WakeAt`] has come.
    Wake,
}

/// Who hears a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every member.
    Everybody,
    /// Every member save this connection's.
    AllBut(ConnectionId),
}

/// What the runtime is to do, in the order the effects stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A frame for one connection.
    Send {
        /// Which.
        to: ConnectionId,
        /// The frame in that connection's dialect.
        frame: Bytes,
    },
    /// A frame for every connection in the room.
    Fanout {
        /// Encoded once a dialect; shared by all who receive it.
        frames: PerDialect,
        /// Not for this one.
        except: Option<ConnectionId>,
    },
    /// Joins and leaves that fell in one tick, for every connection in the room. None may be missed or conflated.
    Membership {
        /// One frame each, in order, for plain connections. Empty where there are none.
        each: Vec<Bytes>,
        /// The same frames as one message, for v1 connections. `None` where there are none.
        batch: Option<Bytes>,
    },
    /// A connection whose join had to wait is a member from here on; its snapshot is next. The effects before this one are
    /// not for it.
    ///
    /// It is said of those alone that [waited](super::Room::is_waiting): a small or quiet room lets in at once. One that
    /// leaves before is never admitted.
    Admitted {
        /// Which.
        connection: ConnectionId,
    },
    /// Presence updates for every connection in the room.
    ///
    /// A connection that keeps up takes `batch` where it speaks v1 and there is one, else each frame. One that does not
    /// takes each, conflated: see [`Outbox::push_update`](crate::outbox::Outbox::push_update).
    Updates {
        /// One frame a member, the same for both dialects.
        each: Vec<(MemberId, Bytes)>,
        /// The same frames as one v1 message.
        batch: Option<Bytes>,
    },
    /// Keep this beside the connection: it is what [`Room::restore`](super::Room::restore) takes.
    Persist(Restored),
    /// Call with [`Input::Wake`] then. Asked for again only where that is sooner than all that are still to come, and
    /// each is to be given. A room that is put away meanwhile is given one as soon as it is
    /// [restored](super::Room::restore).
    WakeAt(Millis),
}

/// One frame in each dialect that somebody in the room speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerDialect {
    /// For plain connections.
    pub plain: Option<Bytes>,
    /// For v1 connections.
    pub v1: Option<Bytes>,
}

impl PerDialect {
    /// A frame that is the same in both.
    #[must_use]
    pub fn both(frame: Bytes) -> Self {
        Self { plain: Some(frame.clone()), v1: Some(frame) }
    }

    /// The frame for one connection.
    #[must_use]
    pub fn get(&self, dialect: Dialect) -> Option<&Bytes> {
        match dialect {
            Dialect::Plain => self.plain.as_ref(),
            Dialect::V1 => self.v1.as_ref(),
        }
    }
}

/// All that must be kept of a connection for the room to go on without it having been in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Which connection.
    pub connection: ConnectionId,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it stands in the join order.
    pub place: Place,
    /// Its member's id.
    pub member: MemberId,
    /// Its member's state.
    pub state: Option<Json>,
}

/// Why an input changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The room has all the members it may have.
    #[error("the room is full: {limit} members (`Limits::members`)")]
    RoomFull {
        /// The bound.
        limit: usize,
    },
    /// That connection or that member is in the room already.
    #[error("already in the room")]
    AlreadyIn,
    /// That connection is not in the room.
    #[error("not in the room")]
    NotIn,
    /// The state is over its bound; the old one stays.
    #[error("a presence state of {bytes} bytes is over the limit of {limit} (`Limits::presence_bytes`)")]
    PresenceTooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The message is over its bound.
    #[error("a message of {bytes} bytes is over the limit of {limit} (`Limits::message_bytes`)")]
    MessageTooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
}
