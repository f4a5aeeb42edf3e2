//! What can be asked of a room from outside any connection, wherever the room is.

use roomful_core::pattern::Topic;
use roomful_core::session::Token;
use roomful_core::{Json, MemberId, UserId};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::roster::{Member, User};

/// Reaches rooms that live in other processes.
pub trait Reach: MaybeSend + MaybeSync {
    /// Asks something of a room, or of what is [listened to](Act::is_for_listeners). Of one topic the two never meet.
    fn act<'a>(&'a self, topic: &'a Topic, act: Act) -> BoxFuture<'a, Result<Answer>>;

    /// The topics of all rooms that there are, and how many members each has. An error where nobody knows them all.
    fn all(&self) -> BoxFuture<'_, Result<Vec<(String, usize)>>>;
}

/// What is asked of a room, or of what is listened to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Act {
    /// A message to every member, from nobody.
    Broadcast {
        /// What.
        msg: Json,
    },
    /// A message to one member.
    Send {
        /// Who hears it.
        to: MemberId,
        /// What.
        msg: Json,
    },
    /// A message to all members of a user.
    SendUser {
        /// Who hears it.
        user: UserId,
        /// What.
        msg: Json,
    },
    /// An event to everybody who listens to the feed of this topic.
    Publish {
        /// What.
        event: Json,
    },
    /// The live values of this topic may have changed.
    Wake,
    /// Who is in.
    Members,
    /// Which users are in.
    Users,
    /// How many are in.
    Count,
    /// Ends the session that this token is good for: a guard has denied its return.
    EndSession {
        /// What was presented.
        token: Token,
        /// How it ends, and what is told to a socket that the member still has.
        code: u16,
    },
    /// Takes a member out.
    Kick {
        /// Who.
        member: MemberId,
        /// What its client is told, in at most 123 bytes.
        reason: String,
    },
    /// Takes all members of a user out, who then has gone at once.
    KickUser {
        /// Who.
        user: UserId,
        /// What its clients are told, in at most 123 bytes.
        reason: String,
    },
}

impl Act {
    /// Whether it is for those who listen to the topic, whom no room knows.
    #[must_use]
    pub fn is_for_listeners(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::Wake)
    }
}

/// What a room answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Answer {
    /// It was done. `false`: there is no such member, or user.
    Done(bool),
    /// Everybody, in join order.
    Members(Vec<Member<Json, Json>>),
    /// Every user once.
    Users(Vec<User>),
    /// So many.
    Count(usize),
}
