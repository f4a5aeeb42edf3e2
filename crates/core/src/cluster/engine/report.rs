//! What an operator wants to know of a node.

use super::ClusterEngine;
use crate::Millis;
use crate::cluster::{ClusterSettings, Incarnation, Repairs};

/// One other node, as this one knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerReport {
    /// Which run of it.
    pub incarnation: Incarnation,
    /// Whether it is there: it was heard within its lease, and has not said goodbye.
    pub is_live: bool,
    /// Whether it lets nobody in any more, and is about to end.
    pub is_draining: bool,
    /// How many milliseconds ago it was heard.
    pub silent_ms: Millis,
    /// How many rooms it takes part in, as far as this node knows.
    pub rooms: usize,
    /// In how many of them this node takes part, too, and so has a replica of that one's stream.
    pub streams: usize,
    /// How many of these streams something is missing of.
    pub behind: usize,
}

impl ClusterEngine {
    /// Every node that is known, in the order of their ids; those too that are gone and not forgotten.
    pub fn peers(&self, now: Millis) -> impl Iterator<Item = PeerReport> {
        self.peers.values().map(move |peer| PeerReport {
            incarnation: peer.incarnation.clone(),
            is_live: peer.is_live(),
            is_draining: peer.is_draining,
            silent_ms: now.saturating_sub(peer.heard_at),
            rooms: peer.room_count(),
            streams: peer.stream_count(),
            behind: peer.behind.len(),
        })
    }

    /// What was missing, and what became of that.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.repairs
    }

    /// Times and bounds.
    #[must_use]
    pub fn settings(&self) -> &ClusterSettings {
        &self.config.settings
    }

    /// How many rooms this node takes part in, those too that linger.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }
}
