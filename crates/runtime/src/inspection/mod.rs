//! What operators may see of a process: its rooms, its connections, and the bounds that were reached.
//!
//! Nothing here keeps a room waiting for longer than it takes to copy a page of its roster. Sums are read without any lock, members
//! are gone over a few at a time, and what is returned is a copy, so nothing is locked while it is written out.

mod connection;
mod outboxes;
mod room;

use std::sync::Arc;
use std::time::SystemTime;

pub use connection::{ConnectionView, Phase};
pub use outboxes::Outboxes;
pub use room::{RoomView, RosterView};
use roomful_core::pattern::Topic;
use roomful_core::{Close, Limits, MemberId, Millis};

use crate::Result;
use crate::act::{Act, Answer};
use crate::app::App;
use crate::clustered::ClusterHealth;
use crate::held::member_of;
use crate::hits::{Bound, LimitHit};
use crate::live_room::LiveRoom;
use crate::member::LiveMember;
use crate::process::Stats;
use crate::taps::{TapRead, TooManyTaps};

/// Milliseconds that a client which an operator has closed is told to wait before it comes back. 500: it is to come back.
const RETRY_MS: Millis = 500;

/// What operators may see of a process. It is made by [`Platform::inspection`](crate::Platform::inspection); a clone is cheap.
#[derive(Clone)]
pub struct Inspection {
    app: App,
}

/// A process as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessView {
    /// What there is right now.
    pub stats: Stats,
    /// Sockets, those too whose members have left.
    pub sockets: usize,
    /// Connections that have left while their hooks still run.
    pub departed: usize,
    /// Members that are held without a socket.
    pub held: usize,
    /// Bytes that may be held for clients in all.
    pub most_bytes: usize,
    /// Rooms that operators watch.
    pub taps: usize,
    /// Whether it lets nobody in any more, and is about to end.
    pub is_draining: bool,
    /// How it stands in its cluster, where it is in one.
    pub cluster: Option<ClusterHealth>,
}

/// Why a room cannot be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTap {
    /// Nobody is in it, in this process.
    #[error("nobody is in that room, in this process")]
    NoRoom,
    /// As many are watched as may be.
    #[error(transparent)]
    TooMany(#[from] TooManyTaps),
}

impl Inspection {
    pub(crate) fn of(app: &App) -> Self {
        Self { app: app.clone() }
    }

    /// The bounds of the process.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.app.settings().limits
    }

    /// The platform's clock, which all times here are of: in milliseconds, from a beginning of its own.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.app.hub().process().now()
    }

    /// The time of day.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        self.app.hub().process().system_time()
    }

    /// The process as a whole.
    #[must_use]
    pub fn process(&self) -> ProcessView {
        let (hub, process) = (self.app.hub(), self.app.hub().process());
        ProcessView {
            stats: process.stats(),
            sockets: process.sockets(),
            departed: process.departed(),
            held: hub.held(),
            most_bytes: process.memory().limit(),
            taps: process.taps().count(),
            is_draining: process.is_draining(),
            cluster: process.in_cluster().map(|node| node.health()),
        }
    }

    /// The bounds that were reached since the process began.
    #[must_use]
    pub fn hits(&self) -> Vec<LimitHit> {
        self.app.hub().process().hits().all()
    }

    /// Begins to watch a room, and says by which number to [read](Self::read_tap).
    ///
    /// # Errors
    ///
    /// When nobody is in it, or as many are watched as may be.
    pub fn open_tap(&self, topic: &str, has_payloads: bool) -> Result<u64, NoTap> {
        let room = self.find(topic).ok_or(NoTap::NoRoom)?;
        let (process, limits) = (self.app.hub().process(), self.limits());
        let opened = process.taps().open(room.taps(), has_payloads, limits, self.now());
        opened.map_err(|too_many| {
            process.hit(Bound::Taps, limits.taps);
            too_many.into()
        })
    }

    /// What has come to a tap behind the frame of this number. `None`: there is none, or it was not read for too long.
    #[must_use]
    pub fn read_tap(&self, tap: u64, after: u64) -> Option<TapRead> {
        self.app.hub().process().taps().read(tap, after, self.limits(), self.now())
    }

    /// Watches no more. `false`: there is no such tap.
    pub fn close_tap(&self, tap: u64) -> bool {
        self.app.hub().process().taps().close(tap)
    }

    /// Closes a connection 1012, after which its client comes back; a member that is away leaves. `false`: there is none of this id.
    pub fn close(&self, member: &MemberId) -> bool {
        let occupant = self.app.hub().occupant(member);
        occupant.is_some_and(|occupant| {
            occupant.send_away(Close::restarting(RETRY_MS));
            true
        })
    }

    /// Removes a member from its room, whichever node it is connected to: its connection is closed 4410. `false`: it is not in it.
    ///
    /// # Errors
    ///
    /// When the reason has over 123 bytes, or the room cannot be reached.
    pub async fn kick(&self, topic: &str, member: &MemberId, reason: &str) -> Result<bool> {
        let Some(topic) = self.topic(topic) else { return Ok(false) };
        let act = Act::Kick { member: member.clone(), reason: reason.to_owned() };
        self.app.act(&topic, act).await.map(|answer| matches!(answer, Answer::Done(true)))
    }

    fn topic(&self, topic: &str) -> Option<Topic> {
        self.app.topic_of(topic)
    }

    fn find(&self, topic: &str) -> Option<Arc<LiveRoom>> {
        self.app.hub().find(&self.topic(topic)?)
    }

    fn member(&self, id: &MemberId) -> Option<Arc<LiveMember>> {
        member_of(self.app.hub().occupant(id)?)
    }
}
