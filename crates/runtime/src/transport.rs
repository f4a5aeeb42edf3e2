//! How frames leave the rooms: in parcels, each handed once to every thread that has sockets in the room.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use roomful_core::room::PerDialect;
use roomful_core::{Close, ConnectionId, Dialect, Limits, MemberId};

use super::{Mailbox, cork};
use crate::maybe_send::{MaybeSend, MaybeSync};

/// Where a platform's sockets are: those of one thread, or one alone.
///
/// Parcels come while a room is locked, so a post only takes them in and never calls back into the rooms. It carries them out
/// in the order in which they came: that is the one order which every member sees.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// Takes a parcel in. It may wait there until the post is [rung](Transport::ring).
    fn deliver(&self, parcel: Delivery);

    /// Something was delivered. One ring may stand for many parcels.
    fn ring(&self);

    /// Bytes that were delivered and have not been handed to the sockets yet, each frame counted once however many receive
    /// it. Where they are over [`Limits::transport_bytes`](crate::Limits::transport_bytes), rooms refuse to send more.
    fn waiting_bytes(&self) -> usize;
}

/// One room of this process, while it lasts. Never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

/// What a post is to do.
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
        updates: Arc<Updates>,
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
}

impl SharedFrames {
    /// Nothing is deflated yet.
    #[must_use]
    pub fn new(frames: PerDialect) -> Self {
        Self { plain: Shared::new(frames.plain), v1: Shared::new(frames.v1) }
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

    fn bytes(&self) -> usize {
        self.plain.bytes() + self.v1.bytes()
    }
}

/// A room's presence, as [`Effect::Updates`](roomful_core::room::Effect::Updates) has it.
#[derive(Debug)]
pub struct Updates {
    /// One frame a member, the same for both dialects.
    pub each: Vec<(MemberId, Bytes)>,
    /// The same frames as one v1 message.
    pub batch: Option<Shared>,
}

impl Updates {
    pub(super) fn new(each: Vec<(MemberId, Bytes)>, batch: Option<Bytes>) -> Self {
        Self { each, batch: batch.map(|batch| Shared::new(Some(batch))) }
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

/// A post's address, which is its own for as long as it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TransportKey(usize);

impl TransportKey {
    pub(super) fn of(post: &Arc<dyn Transport>) -> Self {
        Self(Arc::as_ptr(post).cast::<()>() as usize)
    }
}

/// One connection's way out. What goes through it keeps its order with what comes from the room.
pub(crate) struct Outlet {
    pub(super) post: Arc<dyn Transport>,
    pub(super) connection: ConnectionId,
    pub(super) dialect: Dialect,
    closing: Arc<Closing>,
}

/// The close that this side has begun. The first one stands.
#[derive(Debug, Default)]
pub(super) struct Closing(OnceLock<Box<Close>>);

impl Closing {
    pub(super) fn get(&self) -> Option<&Close> {
        self.0.get().map(|close| &**close)
    }

    /// `false` when another was there first.
    pub(super) fn begin(&self, close: Close) -> bool {
        self.0.set(Box::new(close)).is_ok()
    }
}

impl Outlet {
    pub(super) fn new(post: Arc<dyn Transport>, connection: ConnectionId, dialect: Dialect) -> Self {
        Self { post, connection, dialect, closing: Arc::default() }
    }

    pub(super) fn to_mailbox(connection: ConnectionId, dialect: Dialect, limits: &Limits) -> (Self, Arc<Mailbox>) {
        let closing = Arc::<Closing>::default();
        let mailbox = Arc::new(Mailbox::new(connection, dialect, limits.outbox_bytes, Arc::clone(&closing)));
        (Self { post: Arc::clone(&mailbox) as _, connection, dialect, closing }, mailbox)
    }

    /// A frame that must arrive.
    pub(super) fn push(&self, frame: Bytes) {
        if self.closing.get().is_none() {
            self.deliver(Delivery::Private { to: self.connection, frame });
        }
    }

    /// Closes after what was delivered. The first close stands.
    pub(super) fn close(&self, close: Close) {
        if self.closing.begin(close.clone()) {
            self.deliver(Delivery::Close { connection: self.connection, close });
        }
    }

    pub(super) fn deliver(&self, parcel: Delivery) {
        self.post.deliver(parcel);
        cork::ring(&self.post);
    }

    /// The close that this side has begun, from the decision on.
    pub(super) fn closing(&self) -> Option<Close> {
        self.closing.get().cloned()
    }
}
