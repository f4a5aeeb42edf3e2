//! What comes out of the engine.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Audience;
use crate::cluster::{self, Present};
use crate::json::present;
use crate::roster::{Listing, Number, Place};
use crate::session::To;
use crate::{Generation, Json, MemberId, Millis, UserId};

/// What the runtime is to do, in the order the effects stand.
///
/// An effect says what happened, to whom, and with which number. It becomes bytes where it is delivered
/// ([`frame::fanout`](crate::frame::fanout)), so that a log or a broker can take it before that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// A member whose join had to wait is in from here on; its snapshot is next. The effects before this one are not for
    /// it.
    ///
    /// It is said of those alone that [waited](super::RoomEngine::is_waiting): a small or quiet room lets in at once. One
    /// that leaves before is never let in.
    Entered {
        /// Who.
        member: MemberId,
    },
    /// A member whose return had to wait has its socket from here on; its snapshot is next. The effects before this one are not for
    /// it.
    ///
    /// It is said of those alone that [waited](super::RoomEngine::is_returning): in a small or quiet room nobody does.
    Returned {
        /// Who.
        member: MemberId,
    },
    /// The whole room, for one member: the first thing that it hears, and again when it is back.
    Snapshot {
        /// Who hears it.
        to: MemberId,
        /// Everybody, this member too; shared by all who come together.
        listing: Arc<Listing>,
        /// The last number given to a message.
        seq: u64,
    },
    /// Who came and who went, for everybody in the room. None may be missed or conflated.
    Membership {
        /// In order.
        changes: Vec<Change>,
        /// Not for this one: it is its own join.
        except: Option<MemberId>,
    },
    /// What members show now, and what the server says of them, for everybody in the room.
    ///
    /// Who keeps up is told all of it together. For who does not only the latest of each member counts: see
    /// [`Outbox::push_update`](crate::outbox::Outbox::push_update).
    Presence {
        /// In join order.
        updates: Vec<Update>,
    },
    /// A message to the room.
    Said {
        /// Its number.
        seq: u64,
        /// Who says it; `None`: no member, the app itself.
        from: Option<MemberId>,
        /// Who hears it.
        to: Audience,
        /// What.
        msg: Json,
    },
    /// A message to one member.
    Told {
        /// Its number.
        seq: u64,
        /// Who hears it.
        to: MemberId,
        /// What.
        msg: Json,
    },
    /// Give this to the broker, behind all that was [published](Self::Publish) before. It has no number yet: it is heard by nobody
    /// before the broker has given it one. Only of a room whose [history](crate::History) is there.
    Append {
        /// What.
        word: cluster::Word,
        /// After this it may not be taken any more.
        until: Millis,
    },
    /// Ask the broker what it has of the room.
    ReadHistory {
        /// The last number that is known.
        after: u64,
    },
    /// What was to be said with this number of this node's own is settled.
    Settled {
        /// Which.
        number: u64,
        /// Whether the broker has it. If not it was said to nobody, or nobody knows.
        is_taken: bool,
    },
    /// A message that was said before this node had the room: for who comes back, and for nobody else.
    Recalled {
        /// Its number.
        seq: u64,
        /// Who says it.
        from: Option<MemberId>,
        /// Who is to hear it.
        to: To,
        /// What.
        msg: Json,
    },
    /// A user's first member is in: of all nodes, where there are several.
    UserCame {
        /// Whose.
        user: UserId,
        /// Which.
        member: MemberId,
    },
    /// A user's last member has left. One that is away is still in.
    UserWent {
        /// Whose.
        user: UserId,
    },
    /// A user's first member of this node is in. Of a room in a cluster it stands before [`UserCame`](Self::UserCame), which
    /// comes only where no other node has that user.
    UserHere {
        /// Whose.
        user: UserId,
        /// Which.
        member: MemberId,
    },
    /// A user's last member of this node is in no more, and another node has one.
    UserMoved {
        /// Whose.
        user: UserId,
    },
    /// Tell the other nodes, in the order in which it stands among all that the room does. It is not dropped here.
    Publish {
        /// What became of this node's members, and what they said.
        changes: Vec<cluster::Change>,
    },
    /// Messages of another node are missing, and cannot be had any more: what is kept of messages up to this one is not all
    /// that was said.
    Gap {
        /// A number of its own, so that whoever was away when it was given knows by its last one that it missed something.
        seq: u64,
    },
    /// Another node has taken this member over. Here it is a member no more, and nobody is told anything.
    TakenOver {
        /// Who.
        member: MemberId,
    },
    /// The node of these members died, and nobody came back to them: they have left, and their hooks with their node. This node is
    /// the one that says so to the app. Say [when that is done](super::Input::Mourned).
    LostMembers {
        /// Who, and what they showed last.
        members: Vec<Present>,
    },
    /// Keep this where the next process finds it: it is what [`RoomEngine::restore`](super::RoomEngine::restore) takes.
    /// Only a room that [may be put away](super::RoomConfig::may_be_put_away) asks for it.
    Keep(Kept),
}

/// Somebody came, went, or lost and found its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A member came.
    Joined {
        /// Who.
        member: MemberId,
        /// What names it in the [updates](Update) that follow.
        number: Number,
        /// Whose it is.
        user: Option<UserId>,
        /// What the server says of it.
        info: Option<Json>,
        /// The state it comes with.
        state: Option<Json>,
    },
    /// A member went.
    Left {
        /// Who.
        member: MemberId,
    },
    /// A member lost its socket and is held.
    Away {
        /// Who.
        member: MemberId,
    },
    /// A member that was away has a socket again.
    Back {
        /// Who.
        member: MemberId,
        /// What it shows.
        state: Option<Json>,
    },
}

impl Change {
    /// Whom it is about.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        match self {
            Self::Joined { member, .. } | Self::Left { member } | Self::Away { member } | Self::Back { member, .. } => {
                member
            }
        }
    }
}

/// What a member shows now, and what the server says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Who.
    pub member: MemberId,
    /// What names it, as everybody was told who hears this.
    pub number: Number,
    /// What of it is news; the rest is as it was told before.
    pub news: News,
    /// What the server says. `None`: nothing any more.
    pub info: Option<Json>,
    /// What the member shows. `None`: nothing any more.
    pub state: Option<Json>,
}

/// What of an [`Update`] is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// What the member shows.
    State,
    /// What the server says of it, which v1 alone is told.
    Info,
    /// Either.
    Both,
}

impl News {
    /// Whether the state is new.
    #[must_use]
    pub fn has_state(self) -> bool {
        matches!(self, Self::State | Self::Both)
    }

    /// Whether the info is new.
    #[must_use]
    pub fn has_info(self) -> bool {
        matches!(self, Self::Info | Self::Both)
    }

    /// This and that together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}

/// All that must be kept of a member for its room to go on in another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its id.
    pub member: MemberId,
    /// Where it stands in the join order.
    pub place: Place,
    /// What names it: those who are connected still know it by that.
    pub number: Number,
    /// How often it was taken over.
    #[serde(default)]
    pub generation: Generation,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whether it has no socket and is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What the server says of it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub info: Option<Json>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<Json>,
}
