//! How long nodes wait for each other, and how much they keep for that.

use crate::{Limits, Millis};

/// The times of a cluster, in milliseconds, and its bounds. All nodes of a cluster have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSettings {
    /// Between two heartbeats. 2,000: four may be lost before anybody is missed.
    pub heartbeat_ms: Millis,
    /// For which a node may be silent before its members are away. 10,000: a restart of the broker, a long pause of a process.
    /// Who has not heard itself for half of it expires nobody.
    pub lease_ms: Millis,
    /// For which the first member of a room waits for what other nodes say of it, at most. 250: what a person takes for at once.
    pub lobby_ms: Millis,
    /// For which a node goes on taking part in a room after its last member. 10,000: a page that is loaded anew finds it as it
    /// was.
    pub linger_ms: Millis,
    /// After which what was asked for is asked for again. 1,000: half of a heartbeat, many times what an answer takes.
    pub repair_ms: Millis,
    /// For which a node that is gone is remembered with what it has said. 3,600,000: it may have been split off, and is told
    /// then what it missed.
    pub forget_ms: Millis,
    /// Changes of a room that are kept for those who miss some. 1,024.
    pub log_changes: usize,
    /// Their bytes. 512 KiB.
    pub log_bytes: usize,
    /// The bytes that all rooms keep together. 256 MiB: over it, a room keeps nothing of what it says.
    pub all_logs_bytes: usize,
    /// How long they are kept. 30,000: three leases, and whoever was away for longer takes the roster instead.
    pub log_ms: Millis,
    /// The bytes of a page of a roster, or of what is said again. 256 KiB: four fit into what a broker takes at once.
    pub page_bytes: usize,
    /// The bytes that are held of a stream while something before them is missing. 1 MiB: over it, they are asked for again.
    pub held_bytes: usize,
    /// Nodes that are remembered. 1,024: more than a broker connects. Over it, who is gone for the longest is forgotten; where all
    /// live, whoever is new is not heard.
    pub nodes: usize,
    /// Rooms of one other node. 1,048,576: more than a process has. Over it, they are not known to be its.
    pub rooms: usize,
    /// Bytes of one other node's roster in one room. 256 MiB: ten thousand members with all that they may show, five times over.
    /// Over it, it is not taken.
    pub roster_bytes: usize,
}

impl ClusterSettings {
    /// Those of a process with these limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self {
            heartbeat_ms: limits.cluster_heartbeat_ms,
            lease_ms: limits.cluster_lease_ms,
            lobby_ms: limits.cluster_lobby_ms,
            linger_ms: limits.cluster_linger_ms,
            repair_ms: limits.cluster_repair_ms,
            forget_ms: limits.cluster_forget_ms,
            log_changes: limits.cluster_log_changes,
            log_bytes: limits.cluster_log_bytes,
            all_logs_bytes: limits.cluster_logs_bytes,
            log_ms: limits.cluster_log_ms,
            page_bytes: limits.cluster_page_bytes,
            held_bytes: limits.cluster_held_bytes,
            nodes: limits.cluster_nodes,
            rooms: limits.cluster_rooms,
            roster_bytes: limits.cluster_roster_bytes,
        }
    }
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self::of(&Limits::default())
    }
}
