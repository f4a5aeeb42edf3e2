//! What a member sees.

use roomful_core::Close;

use crate::{MemberId, Outgoing, Presence};

/// One thing that reached a member. `M` is the channel's outgoing message, `P` its presence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
    /// A member, perhaps this one, shows something else, or the server says something else of it: that is in
    /// [`TestMember::members`](super::TestMember::members).
    Update {
        /// Who.
        id: MemberId,
        /// What it shows now.
        state: Option<P>,
    },
    /// Another member has lost its connection, and may come back. An [`Update`](Event::Update) ends that, or a
    /// [`Leave`](Event::Leave).
    Away {
        /// Who.
        id: MemberId,
    },
    /// Another member went.
    Leave {
        /// Who.
        id: MemberId,
    },
    /// Something this member sent was not handled, or nobody knows whether it was.
    Error {
        /// The code on the wire, `bad_message` for one; `lost` where nobody knows.
        code: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection was closed; nothing follows.
    Closed(Close),
}

/// The events of a member of `R`.
pub(super) type EventOf<R> = Event<Outgoing<R>, Presence<R>>;
