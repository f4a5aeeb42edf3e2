//! How frames leave the rooms: in deliveries, each handed once to every transport that has sockets in the room.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use roomful_core::frame::fanout::{self, PerDialect};
use roomful_core::outbox::{Outbox, Overflow};
use roomful_core::{Close, ConnectionId, Dialect, MemberId};

/// One room of this process, while it lasts. Never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

/// What a transport is to do.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// From here on this connection hears what is for the room.
    Enter {
        /// The room.
        room: RoomId,
        /// Who hears it.
        connection: ConnectionId,
    },
    /// From here on this connection hears nothing more of the room.
    Exit {
        /// The room.
        room: RoomId,
        /// Who heard it.
        connection: ConnectionId,
    },
    /// A frame for one connection.
    Private {
        /// Which.
        to: ConnectionId,
        /// The frame in that connection's dialect.
        frame: Bytes,
    },
    /// A frame for everybody in the room.
    Fanout {
        /// The room.
        room: RoomId,
        /// Not for this one.
        except: Option<ConnectionId>,
        /// The frame in each dialect.
        frames: Arc<SharedFrames>,
    },
    /// Presence for everybody in the room.
    Updates {
        /// The room.
        room: RoomId,
        /// The states.
        updates: Arc<SharedUpdates>,
    },
    /// The connection is to be closed, after what was delivered before; nothing more will be for it.
    Close {
        /// Which.
        connection: ConnectionId,
        /// With what.
        close: Close,
    },
}

impl Delivery {
    /// Bytes that it keeps in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Enter { .. } | Self::Exit { .. } | Self::Close { .. } => 0,
            Self::Private { frame, .. } => frame.len(),
            Self::Fanout { frames, .. } => frames.bytes(),
            Self::Updates { updates, .. } => updates.bytes(),
        }
    }
}

/// One frame of a room, with each form of it that its receivers want made once.
#[derive(Debug)]
pub struct SharedFrames {
    plain: Shared,
    v1: Shared,
    about: Vec<MemberId>,
}

impl SharedFrames {
    /// Nothing is deflated yet.
    #[must_use]
    pub fn new(frames: PerDialect) -> Self {
        Self::about(frames, Vec::new())
    }

    /// A frame that says something of these members which is no update: none of their later updates may overtake it.
    #[must_use]
    pub fn about(frames: PerDialect, members: Vec<MemberId>) -> Self {
        Self { plain: Shared::new(frames.plain), v1: Shared::new(frames.v1), about: members }
    }

    /// The frame in one dialect; `None` where nobody in the room speaks it.
    #[must_use]
    pub fn get(&self, dialect: Dialect) -> Option<&Shared> {
        let shared = match dialect {
            Dialect::Plain => &self.plain,
            Dialect::V1 => &self.v1,
        };
        shared.frame.as_ref().map(|_| shared)
    }

    /// Puts the frame where one slow receiver's frames wait.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when it does not fit.
    pub fn queue(&self, dialect: Dialect, outbox: &mut Outbox) -> Result<(), Overflow> {
        let Some(shared) = self.get(dialect) else { return Ok(()) };
        self.about.iter().for_each(|member| outbox.pin(member));
        outbox.push(shared.frame())
    }

    fn bytes(&self) -> usize {
        self.plain.bytes() + self.v1.bytes()
    }
}

/// A room's presence: what several members show now.
#[derive(Debug)]
pub struct SharedUpdates {
    /// One frame a member, the same for both dialects.
    pub each: Vec<(MemberId, Bytes)>,
    /// The same frames as one v1 message.
    pub batch: Option<Shared>,
}

impl SharedUpdates {
    /// Nothing is deflated yet.
    #[must_use]
    pub fn new(fanout::Updates { each, batch }: fanout::Updates) -> Self {
        Self { each, batch: batch.map(|batch| Shared::new(Some(batch))) }
    }

    /// Puts them where one slow receiver's frames wait, each in the place of the member's older one. `Ok(true)`: there were
    /// older ones.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when they do not fit.
    pub fn queue(&self, outbox: &mut Outbox) -> Result<bool, Overflow> {
        let mut conflated = false;
        for (member, frame) in &self.each {
            conflated |= outbox.push_update(member, frame.clone())?;
        }
        Ok(conflated)
    }

    fn bytes(&self) -> usize {
        let each: usize = self.each.iter().map(|(_, frame)| frame.len()).sum();
        each + self.batch.as_ref().map_or(0, Shared::bytes)
    }
}

/// A frame, and what it is deflated.
#[derive(Debug)]
pub struct Shared {
    frame: Option<Bytes>,
    deflated: OnceLock<Option<Bytes>>,
}

impl Shared {
    fn new(frame: Option<Bytes>) -> Self {
        Self { frame, deflated: OnceLock::new() }
    }

    /// The frame as it is.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        self.frame.clone().unwrap_or_default()
    }

    /// The frame deflated: by the first who asks, for all who do. `None` where that makes it no smaller.
    pub fn deflated(&self, deflate: impl FnOnce(&[u8]) -> Option<Bytes>) -> Option<&Bytes> {
        self.deflated.get_or_init(|| self.frame.as_deref().and_then(deflate)).as_ref()
    }

    fn bytes(&self) -> usize {
        self.frame.as_ref().map_or(0, Bytes::len)
    }
}
