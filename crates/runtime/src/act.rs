//! What can be asked of a room from outside any connection, wherever the room is.

use roomful_core::pattern::Topic;
use roomful_core::{Json, MemberId, UserId};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use roomful_core::json::present;

/// Reaches rooms that live in other processes.
pub trait Reach: MaybeSend + MaybeSync {
    /// Asks something of a room.
    fn act<'a>(&'a self, topic: &'a Topic, act: Act) -> BoxFuture<'a, Result<Answer>>;

    /// The topics of all rooms that there are, and how many members each has. An error where nobody knows them all.
    fn all(&self) -> BoxFuture<'_, Result<Vec<(String, usize)>>>;
}

/// What is asked of a room.
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
    /// Who is in.
    Members,
    /// How many are in.
    Count,
    /// Takes a member out.
    Kick {
        /// Who.
        member: MemberId,
        /// What its client is told, in at most 123 bytes.
        reason: String,
    },
}

/// What a room answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Answer {
    /// It was done. `false`: there is no such member.
    Done(bool),
    /// Everybody, in join order.
    Members(Vec<RosterEntry>),
    /// So many.
    Count(usize),
}

/// One entry of a roster, its state untyped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// Its id.
    pub id: MemberId,
    /// Which user it belongs to, where its room says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whether it has lost its socket and is kept for a while.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What it shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<Json>,
}
