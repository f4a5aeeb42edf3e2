//! Which envelope is believed, and whom it makes known.

use bytes::Bytes;

use super::repair::WANTED_AT_ONCE;
use super::{Address, Candidate, ClusterEngine, Effect, Turn};
use crate::cluster::Incarnation;
use crate::cluster::envelope::{Envelope, Rejected};
use crate::cluster::message::{Heard, Heartbeat, Message};
use crate::cluster::peer::Standing;
use crate::cluster::replays::Replays;
use crate::cluster::wire::Reader;
use crate::{Millis, NodeId};

/// Nodes that were heard and not met: whoever can publish can make them up.
const MOST_CANDIDATES: usize = 256;

impl ClusterEngine {
    pub(super) fn hear(&mut self, envelope: Bytes, turn: &mut Turn<'_>) {
        if let Err(rejected) = self.try_hear(envelope, turn) {
            turn.effects.push(Effect::Rejected(rejected));
        }
    }

    fn try_hear(&mut self, envelope: Bytes, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        let Envelope { from, count, kind, content } = Envelope::open(envelope, self.config.key.as_ref())?;
        turn.count = count;
        let message = Message::read(kind, &mut Reader::new(content))?;
        if from == self.me {
            if let Some(Message::Heartbeat(heartbeat)) = message {
                self.watch.hear(heartbeat.number, turn.now);
            }
            return Ok(());
        }
        self.check_is_newest(&from, turn)?;
        let node = from.node();
        let names_us = message.as_ref().is_some_and(|message| self.is_named_by(message));
        if self.peers.contains_key(&node) {
            self.hear_peer(&from, count, turn)?;
        } else {
            self.hear_candidate(&from, count, names_us, turn)?;
        }
        let message = message.ok_or(Rejected::Unknown)?;
        if message.to().is_some_and(|to| to != self.me.node()) {
            return Err(Rejected::NotForUs);
        }
        self.take(node, message, turn)
    }

    /// An envelope of a run that is over counts no more; its node may be one that began with a clock that is behind.
    fn check_is_newest(&mut self, from: &Incarnation, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        let is_own_name = from.name == self.me.name;
        let met = self.names.get(&from.name).filter(|_| !is_own_name);
        let is_forgotten = met.is_some_and(|met| met.is_forgotten && met.newest == *from);
        let newest = if is_own_name { Some(&self.me) } else { met.map(|met| &met.newest) };
        let Some(newest) = newest.filter(|newest| *newest > from || is_forgotten) else { return Ok(()) };
        let is_alive = is_own_name || self.live.contains(&newest.node());
        let message = Message::Superseded { to: from.node(), start: newest.start, is_alive };
        if self.may_greet(from, turn.now) {
            self.send(Address::Node(from.node()), &message, turn);
        }
        Err(Rejected::Older)
    }

    fn hear_peer(&mut self, from: &Incarnation, count: u64, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        let Some(peer) = self.peers.get_mut(&from.node()) else { return Ok(()) };
        if peer.incarnation != *from {
            return Err(Rejected::Malformed);
        }
        if !peer.replays.admit(count) {
            return Err(Rejected::Replayed);
        }
        if peer.standing == Standing::Over {
            return Err(Rejected::Older);
        }
        peer.heard_at = turn.now;
        if peer.standing == Standing::Silent {
            self.meet_again(from.node(), turn);
        }
        Ok(())
    }

    /// What it says may have been captured before this node began, and its node be long dead. It is believed once it names
    /// this incarnation, which nobody could do before.
    fn hear_candidate(
        &mut self,
        from: &Incarnation,
        count: u64,
        names_us: bool,
        turn: &mut Turn<'_>,
    ) -> Result<(), Rejected> {
        self.forget_candidates(turn.now);
        let node = from.node();
        let is_full = self.candidates.len() >= MOST_CANDIDATES;
        if !self.candidates.contains_key(&node) && (is_full || node == self.me.node()) {
            return Err(Rejected::Stranger);
        }
        let candidate = self.candidates.entry(node).or_insert_with(|| Candidate {
            incarnation: from.clone(),
            replays: Replays::new(),
            heard_at: turn.now,
            greeted_at: None,
        });
        if candidate.incarnation != *from {
            return Err(Rejected::Malformed);
        }
        if !candidate.replays.admit(count) {
            return Err(Rejected::Replayed);
        }
        candidate.heard_at = turn.now;
        if names_us && self.has_room_for_a_peer() {
            if let Some(Candidate { incarnation, replays, .. }) = self.candidates.remove(&node) {
                self.meet(incarnation, replays, turn);
            }
            return Ok(());
        }
        self.greet(from, turn);
        Err(Rejected::Stranger)
    }

    fn is_named_by(&self, message: &Message) -> bool {
        let me = self.me.node();
        match message {
            Message::Heartbeat(heartbeat) => heartbeat.heard.iter().any(|heard| heard.node == me),
            other => other.to() == Some(me),
        }
    }

    /// Says to one node alone that this one lives and has heard of it.
    pub(super) fn greet(&mut self, to: &Incarnation, turn: &mut Turn<'_>) {
        if !self.may_greet(to, turn.now) {
            return;
        }
        let node = to.node();
        let number = self.watch.last_beat();
        let heard = vec![Heard { node, digest: self.digest_for(node) }];
        let heartbeat = Heartbeat { number, is_draining: self.is_draining, heard, ..Heartbeat::default() };
        self.send(Address::Node(node), &Message::Heartbeat(heartbeat), turn);
    }

    /// Once a while, so that two who do not understand each other do not go on about it.
    fn may_greet(&mut self, to: &Incarnation, now: Millis) -> bool {
        let node = to.node();
        let greeted_at = match (self.peers.get_mut(&node), self.candidates.get_mut(&node)) {
            (Some(peer), _) => &mut peer.greeted_at,
            (None, Some(candidate)) => &mut candidate.greeted_at,
            (None, None) => return self.may_greet_older(to, now),
        };
        let may = greeted_at.is_none_or(|at| now.saturating_sub(at) >= self.config.settings.repair_ms);
        if may {
            *greeted_at = Some(now);
        }
        may
    }

    /// It is of a run that counts no more, and is not known.
    fn may_greet_older(&mut self, to: &Incarnation, now: Millis) -> bool {
        if self.candidates.len() >= MOST_CANDIDATES {
            return false;
        }
        let candidate =
            Candidate { incarnation: to.clone(), replays: Replays::new(), heard_at: now, greeted_at: Some(now) };
        self.candidates.insert(to.node(), candidate);
        true
    }

    fn forget_candidates(&mut self, now: Millis) {
        let lease = self.config.settings.lease_ms;
        self.candidates.retain(|_, candidate| now.saturating_sub(candidate.heard_at) < lease);
    }

    /// What a node says that is known.
    fn take(&mut self, node: NodeId, message: Message, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        match message {
            Message::Heartbeat(heartbeat) => self.hear_heartbeat(node, heartbeat, turn),
            Message::Ask(opening) => return self.hear_ask(node, opening, turn),
            Message::Changes(changes) => return self.hear_changes(node, changes, turn),
            Message::Want { rooms, .. } => {
                rooms.into_iter().take(WANTED_AT_ONCE).for_each(|wanted| self.give(node, wanted, turn))
            }
            Message::Roster { roster, .. } => return self.hear_roster(node, roster, turn),
            Message::Absent { subject, .. } => self.hear_absent(node, &subject, turn),
            Message::Compare { prefixes, .. } => self.tell_what_is_in(node, &prefixes, turn),
            Message::Sums { prefix, sums, .. } => self.hear_sums(node, &prefix, &sums, turn),
            Message::Listed { prefix, rooms, .. } => self.hear_listed(node, &prefix, &rooms, turn),
            Message::Parted(room) => self.hear_absent(node, &room.subject, turn),
            Message::Superseded { start, is_alive, .. } => self.hear_superseded(start, is_alive, turn),
            Message::Goodbye => self.hear_goodbye(node, turn),
            Message::Command { number, command } | Message::CommandTo { number, command, .. } => {
                self.hear_command(node, number, command, turn);
            }
            Message::Answer { number, page, .. } => self.hear_answer(node, number, page, turn),
        }
        Ok(())
    }
}
