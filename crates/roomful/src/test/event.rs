//! What a member sees.

use roomful_core::Close;

use super::TestMember;
use crate::{MemberId, Outgoing, Presence, Room};

/// One thing that reached a member. `M` is the channel's outgoing message, `P` its presence.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<M, P> {
    /// A message.
    Message {
        /// Who said it; `None` when no member did.
        from: Option<MemberId>,
        /// What.
        msg: M,
    },
    /// Another member came.
    Join {
        /// Who.
        id: MemberId,
        /// What it shows.
        state: Option<P>,
    },
    /// A member, perhaps this one, shows something else.
    Update {
        /// Who.
        id: MemberId,
        /// What it shows now.
        state: Option<P>,
    },
    /// Another member went.
    Leave {
        /// Who.
        id: MemberId,
    },
    /// Something this member sent was not handled.
    Error {
        /// The code on the wire, `bad_message` for one.
        code: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection was closed; nothing follows.
    Closed(Close),
}

impl<M, P> Event<M, P> {
    /// A message from that member.
    pub fn message<R: Room>(from: &TestMember<R>, msg: M) -> Self {
        Self::Message { from: Some(from.id().clone()), msg }
    }

    /// A message from no member: `rooms.at(&key).broadcast`.
    pub fn announcement(msg: M) -> Self {
        Self::Message { from: None, msg }
    }

    /// That member came.
    pub fn join<R: Room>(member: &TestMember<R>, state: Option<P>) -> Self {
        Self::Join { id: member.id().clone(), state }
    }

    /// That member shows something else.
    pub fn update<R: Room>(member: &TestMember<R>, state: P) -> Self {
        Self::Update { id: member.id().clone(), state: Some(state) }
    }
}

/// The events of a member of `R`.
pub(super) type EventOf<R> = Event<Outgoing<R>, Presence<R>>;
