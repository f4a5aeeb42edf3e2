//! How frames leave the rooms: in deliveries, each handed once to every transport that has sockets in the room.

use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use roomful_core::frame::fanout::{self, PerDialect, Spoken, informing};
use roomful_core::frame::updates::entry;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_core::room::Update;
use roomful_core::{Close, ConnectionId, Dialect, MemberId};

use crate::metrics;

/// A number for one room of this process, as long as somebody is in it. No number is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub NonZeroU64);

/// What a transport is to do.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// From here on this connection gets what is sent to the room.
    Enter {
        /// The room.
        room: RoomId,
        /// The connection.
        connection: ConnectionId,
    },
    /// From here on this connection gets nothing more of what is sent to the room.
    Exit {
        /// The room.
        room: RoomId,
        /// The connection.
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
    /// The connection is to be closed after what was delivered before. Nothing for it follows.
    Close {
        /// Which.
        connection: ConnectionId,
        /// The close frame.
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

/// One frame of a room. Each form of it, a dialect's or a compressed one, is made once for all receivers.
#[derive(Debug)]
pub struct SharedFrames {
    plain: Shared,
    v1: Shared,
    about: Vec<MemberId>,
    /// Whether nobody needs it once there is a newer one.
    is_newest: bool,
}

impl SharedFrames {
    /// Nothing is compressed yet.
    #[must_use]
    pub fn new(frames: PerDialect) -> Self {
        Self::about(frames, Vec::new())
    }

    /// A frame that says something of these members which is no update: none of their later updates may overtake it.
    #[must_use]
    pub fn about(frames: PerDialect, members: Vec<MemberId>) -> Self {
        Self { plain: Shared::new(frames.plain), v1: Shared::new(frames.v1), about: members, is_newest: false }
    }

    /// A frame of which nobody needs those before it: who is behind is sent this one in their place.
    #[must_use]
    pub fn newest(frames: PerDialect) -> Self {
        Self { is_newest: true, ..Self::new(frames) }
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
        if !self.is_newest {
            return outbox.push(shared.frame());
        }
        if outbox.push_newest(shared.frame())? {
            metrics::frame_dropped("superseded");
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.plain.bytes() + self.v1.bytes()
    }
}

/// A room's presence: what several members show now.
#[derive(Debug)]
pub struct SharedUpdates {
    updates: Vec<Update>,
    plain: Vec<Bytes>,
    v1: Option<Shared>,
    /// Each alone, for v1 receivers that are behind, made when there is one. They share no memory with the whole frame: an outbox that
    /// holds some of many ticks would keep all of those.
    entries: OnceLock<Vec<Bytes>>,
}

impl SharedUpdates {
    /// For those who speak these dialects. Nothing is compressed yet.
    #[must_use]
    pub fn new(updates: Vec<Update>, spoken: Spoken) -> Self {
        let fanout::Updates { plain, v1 } = fanout::updates(&updates, spoken);
        let v1 = v1.map(|frame| Shared::new(Some(frame)));
        Self { updates, plain: plain.unwrap_or_default(), v1, entries: OnceLock::new() }
    }

    /// The frames for a plain receiver that keeps up, one for each state that is new.
    #[must_use]
    pub fn plain(&self) -> &[Bytes] {
        &self.plain
    }

    /// The message for a v1 receiver that keeps up, which holds all states and infos; `None` where nobody in the room speaks v1.
    #[must_use]
    pub fn v1(&self) -> Option<&Shared> {
        self.v1.as_ref()
    }

    /// Puts them where one slow receiver's frames wait, each in the place of the member's older one. `Ok(true)`: there were
    /// older ones.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when they do not fit.
    pub fn queue(&self, dialect: Dialect, outbox: &mut Outbox) -> Result<bool, Overflow> {
        let mut conflated = false;
        match dialect {
            Dialect::Plain => {
                let shown = self.updates.iter().filter(|update| update.news.has_state());
                for (update, frame) in shown.zip(&self.plain) {
                    conflated |= outbox.push_update(&update.member, frame.clone())?;
                }
            }
            Dialect::V1 => {
                for (update, entry) in self.updates.iter().zip(self.entries()) {
                    let (member, entry) = (&update.member, entry.clone());
                    conflated |= match update.news.has_info() {
                        true => outbox.push_informing(member, entry)?,
                        false => outbox.push_entry(member, entry, || informing(update))?,
                    };
                }
            }
        }
        Ok(conflated)
    }

    /// Bytes that a receiver of this dialect is sent, where it keeps up.
    pub(crate) fn bytes_in(&self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::Plain => self.plain.iter().map(Bytes::len).sum(),
            Dialect::V1 => self.v1.as_ref().map_or(0, Shared::bytes),
        }
    }

    fn entries(&self) -> &[Bytes] {
        let alone = |update: &Update| if update.news.has_info() { informing(update) } else { entry(update) };
        self.entries.get_or_init(|| self.updates.iter().map(alone).collect())
    }

    fn bytes(&self) -> usize {
        self.bytes_in(Dialect::Plain) + self.bytes_in(Dialect::V1)
    }
}

/// A frame, and its compressed form.
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

    /// The compressed frame, made when it is first asked for. `None` where that would be no smaller.
    pub fn deflated(&self, deflate: impl FnOnce(&[u8]) -> Option<Bytes>) -> Option<&Bytes> {
        self.deflated.get_or_init(|| self.frame.as_deref().and_then(deflate)).as_ref()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.frame.as_ref().map_or(0, Bytes::len)
    }
}
