//! Whose client was a member elsewhere: what it presents, and what the node that had it gives away.

use std::sync::Arc;

use roomful_core::NodeId;
use roomful_core::cluster::Released;
use roomful_core::room::{Newcomer, RoomEngine};
use roomful_core::session::{Carried, KeptSaid, Resume, Said};

use crate::clustered::Seat;

/// One that was in another process, or is in at another node.
#[derive(Clone)]
pub(crate) struct Came {
    /// What its client has presented.
    pub(crate) resume: Resume,
    from: Option<Arc<FromNode>>,
}

/// Of one that its node has given away.
pub(crate) struct FromNode {
    node: NodeId,
    /// The last message that its client has seen.
    seen: u64,
    pub(crate) released: Released,
}

impl Came {
    pub(crate) fn new(resume: Resume) -> Self {
        Self { resume, from: None }
    }

    /// That node has given it away to a client that has seen so much.
    pub(crate) fn given_by(self, node: NodeId, seen: u64, released: Released) -> Self {
        Self { from: Some(Arc::new(FromNode { node, seen, released })), ..self }
    }

    /// What its node has given away, in a room that has a place in a cluster.
    pub(crate) fn released(&self, _: &Seat) -> Option<&FromNode> {
        self.from.as_deref()
    }

    /// What is known of what its client has said, where its node has said so.
    pub(crate) fn said(&self) -> Option<KeptSaid> {
        self.from.as_ref()?.released.said.clone()
    }

    /// Goes on where it stood. What the server says of it is what it says now: its guards and `data` have run again, and who has lost a
    /// role must not keep it on another node's word.
    pub(crate) fn goes_on(&self, newcomer: &mut Newcomer, room: &RoomEngine, seat: &Seat) {
        if let Some(entry) = room.roster().find(&newcomer.member) {
            newcomer.taken_over_from(entry.generation);
            newcomer.state = entry.state();
        }
        if let Some(FromNode { node, released, .. }) = self.released(seat) {
            newcomer.taken_over_from(released.present.generation);
            newcomer.state.clone_from(&released.present.state);
            newcomer.behind = released.heard.iter().find(|heard| heard.node == *node).copied();
            let beyond = room.heard_beyond(&released.heard).map_or(0, |beyond| beyond.len() as u64);
            newcomer.seq_above = released.top.saturating_add(beyond);
        }
    }
}

impl FromNode {
    /// What its client missed there.
    pub(crate) fn carried(&self) -> Option<Carried> {
        self.released.carried(self.seen)
    }

    /// The highest id received of what its client has said, where that is known.
    pub(crate) fn acked(&self) -> Option<u64> {
        Said::restored(self.released.said.clone()?).acked()
    }
}
