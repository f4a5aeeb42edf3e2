//! What this node has asked others and what has come of it.

use std::collections::BTreeMap;

use super::Subject;
use super::command::{Answer, Command};
use super::lobby::{Audible, Lobby};
use crate::{Millis, NodeId};

/// A question that is out.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) whom: Whom,
    pub(super) command: Command,
    /// Who has answered, and how many are to.
    pub(super) lobby: Lobby,
    /// After so long those who have not answered are asked once more.
    pub(super) again_ms: Millis,
    /// Of so many questions about its room the broker is still to say who hears them: what it says names the room alone, and what is
    /// said of one that was asked before may be from before another node opened the room.
    pub(super) unsaid: usize,
    /// The most that was said of those.
    pub(super) most: Option<Audible>,
    pub(super) next_at: Millis,
    pub(super) answers: BTreeMap<NodeId, Pages>,
}

/// Who is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    Node(NodeId),
    Room(Subject),
    Everybody,
}

/// What a node has answered as far as it has come.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) next: u64,
    pub(super) answer: Answer,
}
