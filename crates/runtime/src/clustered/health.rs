//! How a node stands, for who operates it.

use roomful_core::Millis;
use roomful_core::cluster::{ClusterEngine, Health, Incarnation, PeerReport};

/// How a node stands. It is at most a heartbeat old, and what changed of its health at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterHealth {
    /// What the node is called.
    pub node: String,
    /// Which run of it this is, and nobody else's.
    pub incarnation: String,
    /// Whether it is part of the cluster: it hears itself through the broker. One that does not is isolated; it serves its own
    /// members, and should get no new ones.
    pub is_well: bool,
    /// Whether another process has its name, so that it is isolated for good.
    pub is_superseded: bool,
    /// Whether there is a link to the broker.
    pub is_linked: bool,
    /// The most bytes that the broker takes at once, where there is a link.
    pub most_bytes: Option<usize>,
    /// Rooms that it takes part in.
    pub rooms: usize,
    /// The nodes that it knows; those too that are gone and not forgotten yet.
    pub peers: Vec<NodeHealth>,
}

/// One other node, as this one knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeHealth {
    /// What it is called.
    pub node: String,
    /// Which run of it.
    pub incarnation: String,
    /// Whether it is there: it was heard within its lease, and has not said goodbye.
    pub is_live: bool,
    /// Whether it lets nobody in any more, and is about to end.
    pub is_draining: bool,
    /// How many milliseconds ago it was heard.
    pub silent_ms: u64,
    /// Rooms that it takes part in, as far as this node knows.
    pub rooms: usize,
}

impl ClusterHealth {
    /// As the node's engine has it.
    #[doc(hidden)]
    #[must_use]
    pub fn of(engine: &ClusterEngine, most_bytes: Option<usize>, now: Millis) -> Self {
        let (me, health) = (engine.incarnation(), engine.health());
        Self {
            node: me.name.to_string(),
            incarnation: format!("{:016x}", me.node().0),
            is_well: health == Health::Well,
            is_superseded: health == Health::Superseded,
            is_linked: most_bytes.is_some(),
            most_bytes,
            rooms: engine.rooms(),
            peers: engine.peers(now).map(NodeHealth::of).collect(),
        }
    }

    /// A node that has not said anything yet.
    pub(crate) fn of_new(me: &Incarnation) -> Self {
        Self {
            node: me.name.to_string(),
            incarnation: format!("{:016x}", me.node().0),
            is_well: false,
            is_superseded: false,
            is_linked: false,
            most_bytes: None,
            rooms: 0,
            peers: Vec::new(),
        }
    }

    /// The nodes that are there, without this one.
    pub fn live(&self) -> impl Iterator<Item = &NodeHealth> {
        self.peers.iter().filter(|peer| peer.is_live)
    }
}

impl NodeHealth {
    /// As [`incarnation`](Self::incarnation) has it.
    pub(crate) fn name_of(incarnation: &Incarnation) -> String {
        format!("{:016x}", incarnation.node().0)
    }

    fn of(report: PeerReport) -> Self {
        let PeerReport { incarnation, is_live, is_draining, silent_ms, rooms, .. } = report;
        let (node, incarnation) = (incarnation.name.to_string(), Self::name_of(&incarnation));
        Self { node, incarnation, is_live, is_draining, silent_ms, rooms }
    }
}
