//! Who is there: heartbeats, leases, runs that follow each other.

use std::collections::BTreeSet;

use super::{Address, ClusterEngine, Effect, Met, Turn};
use crate::cluster::message::{Heard, Heartbeat, Message};
use crate::cluster::news::News;
use crate::cluster::peer::{Peer, Standing};
use crate::cluster::replays::Replays;
use crate::cluster::replica::Replica;
use crate::cluster::watch::Health;
use crate::cluster::{Incarnation, Subject};
use crate::{Millis, NodeId};

/// So many rooms that were opened and closed stand in a heartbeat; those who want to know more find it by their digest.
const MOST_NEWS: usize = 4_096;

impl ClusterEngine {
    /// Says to everybody that this node lives, and what it has.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_>) {
        self.next_beat = turn.now + self.config.settings.heartbeat_ms;
        self.forget_the_lost(turn.now);
        self.let_go_of_logs(turn.now);
        self.in_flight.let_go(turn.now);
        if self.awaits_rebirth {
            return;
        }
        // Half of what the broker takes is for the two of them.
        let most_news = MOST_NEWS.min(self.most_bytes / 4 / Subject::BYTES);
        let news = |subjects: BTreeSet<_>| subjects.into_iter().take(most_news).collect();
        let (opened, closed) = (std::mem::take(&mut self.opened), std::mem::take(&mut self.closed));
        let peers = self.peers.iter().filter(|(_, peer)| peer.is_live()).map(|(node, _)| *node);
        let known: Vec<NodeId> = peers.chain(self.candidates.keys().copied()).collect();
        let heard = known.into_iter().map(|node| Heard { node, digest: self.digest_for(node) }).collect();
        let heartbeat = Heartbeat {
            number: self.watch.beat(turn.now),
            is_draining: self.is_draining,
            opened: news(opened),
            closed: news(closed),
            heard,
        };
        self.send(Address::Everybody, &Message::Heartbeat(heartbeat), turn);
        self.want_again(turn);
    }

    pub(super) fn hear_heartbeat(&mut self, node: NodeId, heartbeat: Heartbeat, turn: &mut Turn<'_>) {
        let Heartbeat { is_draining, opened, closed, heard, .. } = heartbeat;
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.is_draining = is_draining;
        }
        closed.iter().for_each(|subject| self.hear_absent(node, subject, turn));
        opened.iter().for_each(|subject| self.enter(node, *subject, turn.count));
        self.want(node, turn);
        match heard.iter().find(|heard| heard.node == self.me.node()) {
            Some(heard) => self.compare_with(node, heard.digest, turn),
            None => {
                if let Some(incarnation) = self.peers.get(&node).map(|peer| peer.incarnation.clone()) {
                    self.greet(&incarnation, turn);
                }
            }
        }
    }

    /// A node has shown that it lives.
    pub(super) fn meet(&mut self, incarnation: Incarnation, replays: Replays, turn: &mut Turn<'_>) {
        let (node, name) = (incarnation.node(), incarnation.name.clone());
        if name == self.me.name {
            // It is the newer one, or it would have been told that there is one.
            self.watch.supersede();
        }
        let met = Met { newest: incarnation.clone(), is_forgotten: false };
        if let Some(before) = self.names.insert(name, met) {
            self.lose(before.newest.node(), Standing::Over, turn);
        }
        self.peers.insert(node, Peer::new(incarnation.clone(), replays, turn.now));
        self.live.insert(node);
        turn.effects.push(Effect::Met(incarnation.clone()));
        self.greet(&incarnation, turn);
    }

    /// It was silent, and goes on.
    pub(super) fn meet_again(&mut self, node: NodeId, turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.standing = Standing::Live;
        let incarnation = peer.incarnation.clone();
        self.live.insert(node);
        turn.effects.push(Effect::Met(incarnation.clone()));
        self.greet(&incarnation, turn);
        self.want(node, turn);
    }

    pub(super) fn hear_goodbye(&mut self, node: NodeId, turn: &mut Turn<'_>) {
        self.lose(node, Standing::Over, turn);
    }

    /// Those who were silent for a lease are lost.
    pub(super) fn expire(&mut self, turn: &mut Turn<'_>) {
        let is_over = |peer: &Peer| self.watch.expires_at(peer.heard_at).is_some_and(|at| at <= turn.now);
        let silent = self.peers.iter().filter(|(_, peer)| peer.is_live() && is_over(peer));
        for node in silent.map(|(node, _)| *node).collect::<Vec<_>>() {
            self.lose(node, Standing::Silent, turn);
        }
    }

    /// A node's members have lost their sockets, once, in every room that it was in.
    fn lose(&mut self, node: NodeId, standing: Standing, turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        let was_live = peer.is_live();
        if peer.standing != Standing::Over {
            peer.standing = standing;
        }
        if !was_live {
            return;
        }
        self.live.remove(&node);
        turn.effects.push(Effect::Lost(peer.incarnation.clone()));
        let shared = peer.shared();
        let told: Vec<_> =
            shared.into_iter().filter(|subject| peer.change(subject, Replica::lose) == Some(true)).collect();
        told.into_iter().for_each(|subject| self.tell_room(subject, node, News::Lost, turn));
        if standing == Standing::Over {
            self.forget_rooms_of(node);
        }
        // Whoever was asked and did not answer is not waited for.
        let lobbies = self.rooms.iter().filter(|(_, hosted)| hosted.lobby.is_some());
        let lobbies: Vec<_> = lobbies.map(|(subject, _)| *subject).collect();
        lobbies.iter().for_each(|subject| self.settle_if_over(subject, turn));
        self.settle_questions(turn);
    }

    /// This node's name had a later run. If it has only just begun it begins once more, behind that one. If not, and that one
    /// lives, they will meet; if it does not live, some others have forgotten less than this node knows, and go on not to
    /// believe it.
    pub(super) fn hear_superseded(&mut self, start: Millis, is_alive: bool, turn: &mut Turn<'_>) {
        let is_settling = turn.now < self.settling_until;
        if start < self.me.start || !self.may_be_reborn() || (is_alive && !is_settling) {
            return;
        }
        self.least_start = self.least_start.max(start);
        self.await_rebirth(turn);
    }

    /// Whoever is superseded would come back as the newer of two that live, and they would take turns.
    pub(super) fn may_be_reborn(&self) -> bool {
        !self.awaits_rebirth && self.watch.health() != Health::Superseded
    }

    pub(super) fn await_rebirth(&mut self, turn: &mut Turn<'_>) {
        self.awaits_rebirth = true;
        turn.effects.push(Effect::Reincarnate);
    }

    /// A new run of this node: nobody has heard anything of it, and it believes nothing of what it knew.
    pub(super) fn reincarnate(&mut self, clock: Millis, random: u64, turn: &mut Turn<'_>) {
        if !self.awaits_rebirth {
            return;
        }
        self.awaits_rebirth = false;
        self.least_start = self.least_start.max(self.me.start) + 1;
        self.me = Incarnation { start: clock.max(self.least_start), name: self.me.name.clone(), random };
        self.count = 0;
        self.give_up_questions(turn);
        turn.effects.push(Effect::Reborn(self.me.clone()));
        for peer in self.peers.values_mut() {
            peer.shared().iter().for_each(|subject| {
                peer.change(subject, Replica::distrust);
            });
        }
        self.beat(turn);
    }

    /// It is never heard again.
    fn forget_rooms_of(&mut self, node: NodeId) {
        self.rooms.values_mut().for_each(|hosted| {
            hosted.sharers.remove(&node);
            hosted.roster_for.remove(&node);
        });
        self.peers.get_mut(&node).into_iter().for_each(Peer::forget_rooms);
    }

    fn forget_the_lost(&mut self, now: Millis) {
        let forget_ms = self.config.settings.forget_ms;
        let is_forgotten = |peer: &Peer| !peer.is_live() && now.saturating_sub(peer.heard_at) >= forget_ms;
        let forgotten: Vec<_> =
            self.peers.iter().filter(|(_, peer)| is_forgotten(peer)).map(|(node, _)| *node).collect();
        forgotten.into_iter().for_each(|node| self.forget(node));
        if self.names.len() > self.config.settings.nodes {
            self.names.retain(|_, met| !met.is_forgotten);
        }
    }

    /// Where there is none, whoever is gone for the longest is forgotten.
    pub(super) fn has_room_for_a_peer(&mut self) -> bool {
        if self.peers.len() < self.config.settings.nodes {
            return true;
        }
        let gone = self.peers.iter().filter(|(_, peer)| !peer.is_live());
        let longest = gone.min_by_key(|(_, peer)| peer.heard_at).map(|(node, _)| *node);
        longest.into_iter().for_each(|node| self.forget(node));
        longest.is_some()
    }

    fn forget(&mut self, node: NodeId) {
        self.forget_rooms_of(node);
        let Some(peer) = self.peers.remove(&node) else { return };
        if let Some(met) = self.names.get_mut(&peer.incarnation.name) {
            met.is_forgotten |= met.newest == peer.incarnation;
        }
    }
}
