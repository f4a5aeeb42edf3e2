//! Connections: whose they are, and what they wait for.

use std::net::IpAddr;
use std::sync::Arc;

use roomful_core::life::Life;
use roomful_core::{Dialect, MemberId, Millis, UserId};

use super::Inspection;
use crate::inbox::Inbox;
use crate::line::Line;
use crate::member::{LiveMember, Scope};

/// A connection, or a member that is held without one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionView {
    /// The id that it has as a member; a socket's own.
    pub id: MemberId,
    /// Its module and the name of its room or socket, where there is such a one.
    pub endpoint: Option<(String, String)>,
    /// The topic of the room that it is in.
    pub topic: Option<String>,
    /// Whose it is, where the room names its users.
    pub user: Option<UserId>,
    /// Where its client is, where the platform knows.
    pub peer: Option<IpAddr>,
    /// What it speaks; `None` while it has no socket.
    pub dialect: Option<Dialect>,
    /// Milliseconds since its socket was opened, to the second.
    pub age_ms: Option<Millis>,
    /// Frames that wait for its hooks.
    pub queued_frames: usize,
    /// Bytes of their payloads.
    pub queued_bytes: usize,
    /// Bytes that wait for its client, and what has come of a message that is not whole.
    pub outbox_bytes: usize,
    /// Where it stands.
    pub phase: Phase,
}

/// Where a connection stands, and so what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Its guards, `data` and seed are being found.
    Opening,
    /// Its room lets it in with its next tick.
    Waiting,
    /// Nothing is to be done.
    Idle,
    /// One of its hooks runs, or is about to.
    Working,
    /// It has lost its socket, and leaves in so many milliseconds unless its client is back.
    Away(Millis),
    /// This side has closed it, and what it said before is handled.
    Closing,
    /// It has ended, and its last hooks run.
    Leaving,
}

impl Phase {
    /// What stands for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Away(_) => "away",
            Self::Closing => "closing",
            Self::Leaving => "leaving",
        }
    }
}

impl Inspection {
    /// Those who come behind this member, in the order of their ids, which is none that means anything. They are gone over up to
    /// so many; the second is the last of those, `None` where there are no more.
    #[must_use]
    pub fn connections(&self, after: Option<&MemberId>, most: usize) -> (Vec<ConnectionView>, Option<MemberId>) {
        let some = self.app.hub().everybody_after(after, most);
        let last = some.last().filter(|_| some.len() == most).map(|(id, _)| id.clone());
        let views = some.into_iter().filter_map(|(_, occupant)| ConnectionView::of(&super::member_of(occupant)?));
        (views.collect(), last)
    }

    /// The connection of one member.
    #[must_use]
    pub fn connection(&self, id: &MemberId) -> Option<ConnectionView> {
        ConnectionView::of(&self.member(id)?)
    }
}

impl ConnectionView {
    /// `None` for one that goes on as another, and for one of which nothing is left.
    pub(super) fn of(member: &Arc<LiveMember>) -> Option<Self> {
        if member.moved().is_some() {
            return None;
        }
        let now = member.process().now();
        let line = member.line();
        let (user, (queued_frames, queued_bytes), phase) = {
            let mut inbox = member.inbox();
            let phase = phase(&inbox, line.as_deref(), now)?;
            (inbox.place().and_then(|place| place.user().cloned()), inbox.queued(), phase)
        };
        let topic = match member.scope() {
            Some(Scope::Room(room)) => Some(room.topic().as_str().to_owned()),
            _ => None,
        };
        Some(Self {
            id: member.id().clone(),
            endpoint: member.terms().map(|terms| (terms.module.clone(), terms.name.clone())),
            topic,
            user,
            peer: line.as_ref().and_then(|line| line.peer()),
            dialect: line.as_ref().map(|line| line.dialect()),
            age_ms: line.as_ref().map(|line| now.saturating_sub(line.opened_at())),
            queued_frames,
            queued_bytes,
            outbox_bytes: line.as_ref().map_or(0, |line| line.held() + line.transport().held_bytes()),
            phase,
        })
    }
}

/// `None`: it is over.
fn phase(inbox: &Inbox, line: Option<&Line>, now: Millis) -> Option<Phase> {
    let is_closing = line.is_some_and(|line| line.closing().is_some());
    Some(match inbox.life() {
        Life::Opening => Phase::Opening,
        Life::Waiting { .. } => Phase::Waiting,
        Life::Away { until, .. } => Phase::Away(until.saturating_sub(now)),
        Life::In { .. } if is_closing => Phase::Closing,
        Life::In { .. } if inbox.is_idle() => Phase::Idle,
        Life::In { .. } => Phase::Working,
        Life::Leaving { .. } => Phase::Leaving,
        Life::Over => return None,
    })
}
