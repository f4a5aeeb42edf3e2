//! Every metric of a cluster, in one place. No label is ever a room or a node: a label's values must be few.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `roomful_cluster_isolated`, 1 where this node does not hear itself | gauge | |
//! | `roomful_cluster_peers` that live | gauge | |
//! | `roomful_cluster_oldest_lease_ms`, since the one of them was heard that was not for the longest | gauge | |
//! | `roomful_cluster_rooms`, each of which is a stream | gauge | |
//! | `roomful_cluster_outgoing_bytes` that wait for the broker | gauge | |
//! | `roomful_cluster_links_total` | counter | `became`: `made`, `lost`, `failed` |
//! | `roomful_cluster_published_total`, `roomful_cluster_published_bytes_total` | counter | |
//! | `roomful_cluster_heard_total`, `roomful_cluster_heard_bytes_total` | counter | |
//! | `roomful_cluster_rejected_total` | counter | `reason` |
//! | `roomful_cluster_dropped_total` | counter | `where`: `queue`, `outgoing`, `incoming`, `sockets`, `too_large` |
//! | `roomful_cluster_done_total`, what this node has done for others | counter | |
//! | `roomful_cluster_asked_total`, what it has asked others, once that is over | counter | |
//! | `roomful_cluster_unanswered_total`, nodes that have not answered it | counter | |
//! | `roomful_cluster_repairs_total`, rosters that were taken whole | counter | |
//! | `roomful_cluster_missed_total`, messages that are lost | counter | |
//! | `roomful_cluster_history_reads_total`, answers of a broker that keeps what is said | counter | |
//! | `roomful_cluster_history_read_total`, messages in them | counter | |

use metrics::{counter, gauge};
use roomful_core::cluster::Rejected;
use roomful_runtime::ClusterHealth;

pub(crate) fn isolated(is_isolated: bool) {
    gauge!("roomful_cluster_isolated").set(if is_isolated { 1.0 } else { 0.0 });
}

/// One task sets these, so none is set by an older truth.
pub(crate) fn stands(health: &ClusterHealth, outgoing_bytes: usize) {
    let oldest = health.live().map(|peer| peer.silent_ms).max().unwrap_or(0);
    gauge!("roomful_cluster_peers").set(health.live().count() as f64);
    gauge!("roomful_cluster_oldest_lease_ms").set(oldest as f64);
    gauge!("roomful_cluster_rooms").set(health.rooms as f64);
    gauge!("roomful_cluster_outgoing_bytes").set(outgoing_bytes as f64);
}

pub(crate) fn link_made() {
    counter!("roomful_cluster_links_total", "became" => "made").increment(1);
}

pub(crate) fn link_lost() {
    counter!("roomful_cluster_links_total", "became" => "lost").increment(1);
}

pub(crate) fn link_failed() {
    counter!("roomful_cluster_links_total", "became" => "failed").increment(1);
}

pub(crate) fn published(bytes: usize) {
    counter!("roomful_cluster_published_total").increment(1);
    counter!("roomful_cluster_published_bytes_total").increment(bytes as u64);
}

pub(crate) fn heard(bytes: usize) {
    counter!("roomful_cluster_heard_total").increment(1);
    counter!("roomful_cluster_heard_bytes_total").increment(bytes as u64);
}

pub(crate) fn rejected(why: Rejected) {
    counter!("roomful_cluster_rejected_total", "reason" => name_of(why)).increment(1);
}

pub(crate) fn dropped(place: &'static str, envelopes: u64) {
    if envelopes > 0 {
        counter!("roomful_cluster_dropped_total", "where" => place).increment(envelopes);
    }
}

pub(crate) fn done_for_others() {
    counter!("roomful_cluster_done_total").increment(1);
}

/// What was asked is over, and so many have not answered.
pub(crate) fn answered(silent: u64) {
    counter!("roomful_cluster_asked_total").increment(1);
    if silent > 0 {
        counter!("roomful_cluster_unanswered_total").increment(silent);
    }
}

/// A roster was taken whole, and so many messages were lost before it.
pub(crate) fn repaired(missed: u64) {
    counter!("roomful_cluster_repairs_total").increment(1);
    if missed > 0 {
        counter!("roomful_cluster_missed_total").increment(missed);
    }
}

/// The broker has said what it keeps of a room: so many messages.
pub(crate) fn history_read(messages: usize) {
    counter!("roomful_cluster_history_reads_total").increment(1);
    counter!("roomful_cluster_history_read_total").increment(messages as u64);
}

pub(crate) fn name_of(why: Rejected) -> &'static str {
    match why {
        Rejected::Malformed => "malformed",
        Rejected::Version { .. } => "version",
        Rejected::NotAuthentic => "not_authentic",
        Rejected::Replayed => "replayed",
        Rejected::Older => "older",
        Rejected::Stranger => "stranger",
        Rejected::NotForUs => "not_for_us",
        Rejected::OtherRoom => "other_room",
        Rejected::Unknown => "unknown",
        _ => "other",
    }
}
