//! What goes into the engine, and why it may refuse it.

use super::Audience;
use crate::cluster::{self, Heard, Incarnation};
use crate::roster::Place;
use crate::session::SessionHash;
use crate::{Generation, Json, MemberId, UserId};

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input {
    /// Somebody who was let in becomes a member: at once, or in a large room with all who come in the same tick, when
    /// [`Effect::Entered`](super::Effect::Entered) says so. Until then it can only leave.
    ///
    /// One that is in at another node, with a lower [claim](crate::cluster::Claim) and of the same user, is taken over from that:
    /// it stands where it stood, and the others hear of it what is new.
    Join(Newcomer),
    /// A member's socket is lost, and its place is held.
    Away {
        /// Who.
        member: MemberId,
    },
    /// A member has a socket again, or another one.
    Return {
        /// Who.
        member: MemberId,
    },
    /// Somebody is no longer a member, whatever ended it.
    Leave {
        /// Who.
        member: MemberId,
    },
    /// A member's state is now this.
    SetPresence {
        /// Who.
        member: MemberId,
        /// `None`: it has no state any more.
        state: Option<Json>,
    },
    /// What the server says of a member is now this.
    SetInfo {
        /// Who.
        member: MemberId,
        /// `None`: nothing any more.
        info: Option<Json>,
    },
    /// A message to the room, from somebody who is in it.
    Broadcast {
        /// Who says it; `None`: no member, the app itself.
        from: Option<MemberId>,
        /// Who hears it.
        to: Audience,
        /// What.
        msg: Json,
    },
    /// A message that the app has said to the room at a node where nobody is in it, which tells all nodes that have somebody: it is for
    /// the members of this node alone.
    Relayed {
        /// What.
        msg: Json,
    },
    /// A message to everybody from a member that has left: what the hook of its leave says, and nothing else of it.
    LastWords {
        /// Who has left.
        from: MemberId,
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
    /// The time that [`next_wake`](super::RoomEngine::next_wake) gave has come. It may come late, and in vain.
    Wake,
    /// The process stops. Members are closed one after the other and come back elsewhere, so from here on those who are here are not
    /// told of a leave, nor that somebody is away: those who are closed last would see the room empty, and fill again. Other nodes are
    /// told; whoever may be back there is held, and has not left.
    Drain,
    /// Another node has something to say of its members, or is lost.
    Remote {
        /// Which run of which node.
        node: Incarnation,
        /// What.
        news: cluster::News,
    },
    /// Another node asks for a member, whose client has come there, and may do so more than once. It stays until that node
    /// [says so](Input::Remote), and speaks no more; nobody here is told. One that is [back](Input::Return) is this node's again, and
    /// who was given it is not believed.
    Release {
        /// Whom.
        member: MemberId,
    },
    /// Which tokens the session of a member takes from here on, for the other nodes to know them by.
    Session {
        /// Who.
        member: MemberId,
        /// `None`: it has none.
        session: Option<SessionHash>,
    },
    /// The app removes a user, on each node that has the room: it has gone with its last member, and is not waited for.
    Forgo {
        /// Whom.
        user: UserId,
    },
    /// The broker says something of what is said in a room whose history it has.
    History(cluster::HistoryNews),
    /// All nodes that there are have said who is in: those who [wait](super::RoomEngine::is_waiting) may come in.
    Ready,
    /// This node is another run from here on.
    Reborn {
        /// Which.
        node: Incarnation,
    },
    /// The app has been told of these [lost members](super::Effect::LostMembers).
    Mourned {
        /// Whom.
        members: Vec<MemberId>,
    },
    /// Which states the members were told is not known any more: a room that was put away held some back. All are told
    /// again.
    TellAll,
}

/// Somebody who is to become a member.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The id that it is known by.
    pub member: MemberId,
    /// Whose it is, where the room names its users.
    pub user: Option<UserId>,
    /// How often it was taken over.
    pub generation: Generation,
    /// Numbers of messages are above this one from then on: what its client was sent elsewhere has lower ones. 0 for whoever comes
    /// from nowhere.
    pub seq_above: u64,
    /// So much of what the node that gave it away has said stands before all that it says here, for whoever hears both.
    pub behind: Option<Heard>,
    /// Where it stood, for one that comes back to a room which does not know it any more. Where that is another's by now, and
    /// for `None`, it stands at the end.
    pub place: Option<Place>,
    /// What the server says of it.
    pub info: Option<Json>,
    /// The presence seed.
    pub state: Option<Json>,
}

impl Newcomer {
    /// Somebody new, of no named user and without a state.
    #[must_use]
    pub fn new(member: MemberId) -> Self {
        Self {
            member,
            user: None,
            generation: Generation::default(),
            seq_above: 0,
            behind: None,
            place: None,
            info: None,
            state: None,
        }
    }

    /// It was taken over so often where it was until now, and is once more.
    pub fn taken_over_from(&mut self, before: Generation) {
        self.generation = self.generation.max(Generation(before.0.saturating_add(1)));
    }
}

/// Why an input changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The room has all the members it may have.
    #[error("the room is full: {limit} members (`Limits::members`)")]
    RoomFull {
        /// The bound.
        limit: usize,
    },
    /// That member is in the room already, and with no lower claim.
    #[error("already in the room")]
    AlreadyIn,
    /// That member is not in the room.
    #[error("not in the room")]
    NotIn,
    /// The state is over its bound; the old one stays.
    #[error("a presence state of {bytes} bytes is over the limit of {limit} (`Limits::presence_bytes`)")]
    PresenceTooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// What the server is to say of the member is over its bound; the old info stays.
    #[error("an info of {bytes} bytes is over the limit of {limit} (`Limits::info_bytes`)")]
    InfoTooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// In a room whose history is in the broker: that has not taken what was said before.
    #[error("the cluster's broker is behind: {limit} messages of this room wait for it (`Limits::log_frames`)")]
    BrokerBehind {
        /// The bound.
        limit: usize,
    },
    /// The message is over its bound.
    #[error("a message of {bytes} bytes is over the limit of {limit} (`Limits::message_bytes`)")]
    MessageTooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
}
