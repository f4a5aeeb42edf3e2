//! Where two nodes differ.

use std::collections::BTreeSet;

use super::{Address, ClusterEngine, LONGEST_NUMBER, Turn};
use crate::NodeId;
use crate::cluster::Subject;
use crate::cluster::message::{Listed, Message, Prefix};
use crate::cluster::peer::{range, sums_within};
use crate::cluster::sums::{BUCKETS, LEVELS, LISTED_AT_ONCE, part_of_room, part_of_stream};

impl ClusterEngine {
    /// All that this node takes part in, and how far its streams have come where that other node does, too.
    pub(super) fn digest_for(&self, node: NodeId) -> u64 {
        let shared = self.peers.get(&node).map_or(0, |peer| peer.ours.total());
        self.hosted.total().wrapping_add(shared)
    }

    /// That node's digest should be what is had of it.
    pub(super) fn compare_with(&mut self, node: NodeId, digest: u64, turn: &mut Turn<'_>) {
        let repair_ms = self.config.settings.repair_ms;
        let Some(peer) = self.peers.get_mut(&node) else { return };
        let is_due = peer.compared_at.is_none_or(|at| turn.now.saturating_sub(at) >= repair_ms);
        if peer.digest() != digest && is_due {
            peer.compared_at = Some(turn.now);
            self.repairs.differed += 1;
            let prefixes = vec![Prefix(Vec::new())];
            self.send(Address::Node(node), &Message::Compare { to: node, prefixes }, turn);
        }
    }

    pub(super) fn tell_what_is_in(&mut self, node: NodeId, prefixes: &[Prefix], turn: &mut Turn<'_>) {
        // Nobody asks for more at once than differ in one answer.
        for prefix in prefixes.iter().take(BUCKETS) {
            let at_once = LISTED_AT_ONCE.min(self.page_bytes("") / (Subject::BYTES + LONGEST_NUMBER));
            let few = self.rooms.range(range(prefix)).take(at_once + 1).count() <= at_once;
            let prefix = prefix.clone();
            let message = if few || prefix.0.len() == LEVELS {
                let listed = self.rooms.range(range(&prefix));
                let rooms =
                    listed.map(|(subject, hosted)| Listed { subject: *subject, at: hosted.origin.at() }).collect();
                Message::Listed { to: node, prefix, rooms }
            } else {
                Message::Sums { to: node, sums: self.own_sums_in(node, &prefix), prefix }
            };
            self.send(Address::Node(node), &message, turn);
        }
    }

    pub(super) fn hear_sums(&mut self, node: NodeId, prefix: &Prefix, sums: &[u64], turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get(&node).filter(|_| prefix.0.len() < LEVELS) else { return };
        let differ = (0..=u8::MAX).zip(peer.sums_in(prefix)).zip(sums).filter(|((_, held), sum)| held != *sum);
        let within = |bucket| Prefix(prefix.0.iter().copied().chain([bucket]).collect());
        let prefixes: Vec<_> = differ.map(|((bucket, _), _)| within(bucket)).collect();
        if !prefixes.is_empty() {
            self.send(Address::Node(node), &Message::Compare { to: node, prefixes }, turn);
        }
    }

    /// What is not listed there is not there.
    pub(super) fn hear_listed(&mut self, node: NodeId, prefix: &Prefix, rooms: &[Listed], turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get(&node) else { return };
        let listed: BTreeSet<_> = rooms.iter().map(|listed| listed.subject).collect();
        let gone = peer.rooms_in(prefix).into_iter().filter(|subject| !listed.contains(subject));
        for subject in gone.collect::<Vec<_>>() {
            self.hear_absent(node, &subject, turn);
        }
        for Listed { subject, at } in rooms {
            if range(prefix).contains(subject) {
                self.enter(node, *subject, turn.count);
                self.learn(node, subject, *at);
            }
        }
        self.want(node, turn);
    }

    fn own_sums_in(&self, node: NodeId, prefix: &Prefix) -> Vec<u64> {
        let peer = self.peers.get(&node);
        if prefix.0.is_empty() {
            let hosted = self.hosted.buckets();
            return match peer {
                Some(peer) => hosted.zip(peer.ours.buckets()).map(|(room, ours)| room.wrapping_add(ours)).collect(),
                None => hosted.collect(),
            };
        }
        let parts = self.rooms.range(range(prefix)).map(|(subject, hosted)| {
            let is_shared = hosted.sharers.contains(&node);
            let stream = if is_shared { part_of_stream(subject, hosted.origin.at()) } else { 0 };
            (*subject, part_of_room(subject).wrapping_add(stream))
        });
        sums_within(prefix, parts)
    }
}
