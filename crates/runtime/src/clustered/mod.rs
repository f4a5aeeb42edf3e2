//! Between the rooms of a process and whoever speaks for them with other nodes.

#![cfg_attr(target_family = "wasm", allow(dead_code, reason = "a worker is no node, and asks none"))]

mod asked;
mod health;
mod history;
mod node;
mod queue;

pub use asked::Answered;
pub use health::{ClusterHealth, NodeHealth};
pub use history::{Append, HistoryBounds, Known, ReadHistory};
pub(crate) use history::{is_in_broker, taken};
pub(crate) use node::{BoxedSeat, Done, Household, Mourner, Node, RoomInCluster, Seat, Shown};
pub use queue::{ClusterQueue, Handed, Receipt};
use roomful_core::Millis;
use roomful_core::NodeId;
#[cfg(doc)]
use roomful_core::cluster::Input;
use roomful_core::cluster::{Command, HistoryNews, Incarnation, News, Subject};
use roomful_core::pattern::Topic;

use crate::maybe_send::{MaybeSend, MaybeSync};

/// The rooms of a process, as the cluster tells them of other nodes. Nothing of a cluster's is locked while it is called.
pub trait ClusterRooms: MaybeSend + MaybeSync + 'static {
    /// This [`Input::Open`] was taken from the queue. What is told of its room from here on is of this room, and of none that had its
    /// topic before.
    fn opened(&self, topic: &Topic);

    /// A node has said something of a room, or is silent or gone.
    fn deliver(&self, room: &Subject, node: Incarnation, news: News);

    /// All others have said who is in a room, or are not waited for: its members may be let in.
    fn ready(&self, room: &Subject);

    /// Pushes the room's own members as an [`Input::Roster`], under the room's lock; without members where there is none.
    fn give_roster(&self, room: &Subject);

    /// What this run of the node is called from here on, for all rooms and those that are made later.
    fn reborn(&self, node: &Incarnation);

    /// How this node stands, at each change of it and with each heartbeat.
    fn stands(&self, health: ClusterHealth);

    /// Another node asks for this: it is done here, once, and what came of it is pushed as [`Input::Done`].
    fn carry_out(&self, node: NodeId, number: u64, command: Command);

    /// What an [`Input::Ask`] of this number has come to.
    fn answered(&self, number: u64, answered: Answered);

    /// The broker says something of what is said in a room whose history it has.
    fn hear_history(&self, room: &Subject, news: HistoryNews);

    /// There is a fresh link, or something that was heard was dropped: what the broker keeps of what was said is to be looked at.
    fn may_have_missed(&self);

    /// The time of the process, by which what is said may be [taken](Append::until).
    fn now(&self) -> Millis;

    /// The goodbye that was in the queue has been said, or could not be. Nothing is taken from the queue any more.
    fn ended(&self);
}
