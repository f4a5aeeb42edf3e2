//! What a room in a cluster knows of the other nodes that have it.

use std::collections::{BTreeMap, VecDeque};

use super::heard::HeardWords;
use super::history::History;
use super::session_hashes::SessionHashes;
use super::stays::Stays;
use crate::cluster::{Change, Heard, Incarnation, News, Present};
use crate::{Generation, MemberId, Millis, NodeId};

/// Beside the roster, which has the members of all nodes.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// This run of this node.
    pub(super) me: Incarnation,
    /// Whether it is not known yet who is in: until then nobody is let in.
    pub(super) is_awaiting: bool,
    /// The nodes that said something of the room.
    pub(super) parts: BTreeMap<NodeId, Part>,
    /// Members that their node speaks for no more, because another one does which was not heard yet. If it never is, they leave.
    pub(super) ceded: BTreeMap<MemberId, Ceded>,
    /// Members of this node that were given to others, and how often each was taken over when the last of these has it.
    pub(super) given: BTreeMap<MemberId, Generation>,
    /// What nodes say that is to be told behind what another one has said before, and is still to come.
    pub(super) withheld: BTreeMap<NodeId, Withheld>,
    /// When something was said last that each node relays to its own members, at a moment of its own.
    pub(super) relayed_at: Option<Millis>,
    /// What was heard of what each node said.
    pub(super) heard: HeardWords,
    /// Where what is said is kept in the broker: what is known of that.
    pub(super) history: Option<Box<History>>,
    /// What is known of the tokens of everybody's session.
    pub(super) sessions: SessionHashes,
    /// What the others are to be told of the present input.
    pub(super) unsaid: Vec<Change>,
    /// Of which users this node tells the app.
    pub(super) stays: Stays,
    /// Whether nobody is in here, and the others were told so.
    pub(super) is_closed: bool,
    /// Members of the dead of whom the app is to be told by this node or by another.
    pub(super) owed: BTreeMap<MemberId, Owed>,
}

/// Another node that has the room.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) incarnation: Incarnation,
    /// Where the node is lost: until when its members are held.
    pub(super) lost_until: Option<Millis>,
}

/// A member that changes its node.
#[derive(Debug)]
pub(super) struct Ceded {
    pub(super) by: NodeId,
    pub(super) until: Millis,
}

/// What a node says, until it may be told.
#[derive(Debug)]
pub(super) struct Withheld {
    pub(super) incarnation: Incarnation,
    /// What is waited for.
    pub(super) behind: Heard,
    /// And until when, at the latest.
    pub(super) until: Millis,
    pub(super) news: VecDeque<News>,
    pub(super) bytes: usize,
}

/// A member of a node that died.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) present: Present,
    /// Whether this node tells the app.
    pub(super) is_ours: bool,
    /// When this node does so in any case.
    pub(super) due: Millis,
}

/// Rooms in no cluster pay a pointer for it.
#[cfg(not(target_family = "wasm"))]
pub(super) type BoxedElsewhere = Box<Elsewhere>;
/// A worker is in no cluster, and is downloaded: what has this does nothing there, and the compiler knows it.
#[cfg(target_family = "wasm")]
pub(super) type BoxedElsewhere = crate::NoBox<Elsewhere>;

impl Elsewhere {
    #[cfg(target_family = "wasm")]
    pub(super) fn beside(_: Incarnation) -> Option<BoxedElsewhere> {
        None
    }

    #[cfg(not(target_family = "wasm"))]
    pub(super) fn beside(me: Incarnation) -> Option<BoxedElsewhere> {
        let (parts, ceded, unsaid, owed, given, withheld) = Default::default();
        let (stays, sessions, heard) = Default::default();
        Some(Box::new(Self {
            me,
            is_awaiting: true,
            parts,
            ceded,
            given,
            withheld,
            relayed_at: None,
            heard,
            history: None,
            sessions,
            unsaid,
            stays,
            is_closed: true,
            owed,
        }))
    }

    /// What is said is kept in the broker. This node's words have numbers above that.
    pub(super) fn keep_in_broker(&mut self, last_word: u64) {
        self.history = Some(Box::new(History::after(last_word)));
    }

    /// That node has said something of the room.
    pub(super) fn part(&mut self, node: &Incarnation) -> &mut Part {
        let new = || Part { incarnation: node.clone(), lost_until: None };
        self.parts.entry(node.node()).or_insert_with(new)
    }

    /// Which run of a node that is.
    pub(super) fn incarnation(&self, node: NodeId) -> Option<&Incarnation> {
        if node == self.me.node() {
            return Some(&self.me);
        }
        self.parts.get(&node).map(|part| &part.incarnation)
    }

    /// A node speaks for that member: nobody owes it anything, and which node has it is known.
    pub(super) fn settle(&mut self, member: &MemberId) {
        self.ceded.remove(member);
        self.owed.remove(member);
    }

    /// Whether nothing is still to be said or done of members of other nodes, or of users who have none here any more.
    pub(super) fn is_settled(&self) -> bool {
        let is_said = self.history.as_ref().is_none_or(|history| history.is_settled());
        is_said
            && self.owed.is_empty()
            && self.stays.is_settled()
            && self.parts.values().all(|part| part.lost_until.is_none())
    }

    /// When time alone changes something.
    pub(super) fn wakes_at(&self) -> Option<Millis> {
        let lost = self.parts.values().filter_map(|part| part.lost_until);
        let ceded = self.ceded.values().map(|ceded| ceded.until);
        let owed = self.owed.values().filter(|owed| !owed.is_ours).map(|owed| owed.due);
        let withheld = self.withheld.values().map(|withheld| withheld.until);
        let history = self.history.as_ref().and_then(|history| history.wakes_at());
        lost.chain(ceded).chain(owed).chain(withheld).chain(self.stays.wakes_at()).chain(history).min()
    }
}
