//! What becomes of the members of a node that is lost, or that gave them up.
//!
//! It is as if each of them had lost its socket: they are away, and leave when their grace is over, all of them together. Their
//! hooks died with their node. So one of the nodes that had them in the same room tells the app of them, and then the others that
//! it has; until then they owe it, too, and tell it themselves where it takes too long. So it is told at least once.

use super::elsewhere::Owed;
use super::{Change, Effect, RoomEngine};
use crate::cluster::{self, Incarnation};
use crate::roster::Entry;
use crate::{MemberId, Millis, NodeId};

/// For so long others may take to tell the app of those who are lost, in milliseconds: a lease, in which they may be lost, too.
const TOLD_WITHIN_MS: Millis = 10_000;

impl RoomEngine {
    pub(super) fn lose(&mut self, node: &Incarnation, now: Millis, effects: &mut Vec<Effect>) {
        let until = now.saturating_add(self.config.limits.grace_ms);
        let places = self.places_of(node.node());
        let Some(elsewhere) = &mut self.elsewhere else { return };
        if places.is_empty() {
            elsewhere.parts.remove(&node.node());
            return self.orphan_stays(node.node(), now, effects);
        }
        elsewhere.part(node).lost_until = Some(until);
        if until <= now {
            return self.expire(now, effects);
        }
        self.hear_open(node.node(), false, now, effects);
        // What they showed is older than the loss.
        if self.presence.wakes_at().is_some() {
            self.flush_presence(now, effects);
        }
        let mut changes = Vec::new();
        for place in places {
            let was_away = self.roster.get(place).is_none_or(|entry| entry.away);
            let lost = self.roster.set_away(place, true).filter(|_| !was_away);
            changes.extend(lost.map(|entry| Change::Away { member: entry.member.clone() }));
        }
        self.announce(changes, None, effects);
    }

    /// Whoever was held for long enough leaves.
    pub(super) fn expire(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.hear_withheld(now, effects);
        self.expire_lost(now, effects);
        self.expire_ceded(now, effects);
        self.wake_stays(now, effects);
        self.mourn(now, effects);
    }

    /// Has this node tell the app of those who are owed, where it is this node's to do so.
    pub(super) fn mourn(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.elsewhere.as_ref().is_none_or(|elsewhere| elsewhere.owed.is_empty()) {
            return;
        }
        let is_oldest = self.is_oldest();
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let ours = elsewhere.owed.values_mut().filter(|owed| !owed.is_ours && (is_oldest || owed.due <= now));
        let members: Vec<_> = ours
            .map(|owed| {
                owed.is_ours = true;
                owed.present.clone()
            })
            .collect();
        if !members.is_empty() {
            effects.push(Effect::LostMembers { members });
        }
    }

    /// The app has been told of them.
    pub(super) fn mourned(&mut self, members: &[MemberId]) {
        let Some(elsewhere) = self.elsewhere.as_deref_mut() else { return };
        let told = members.iter().filter(|member| elsewhere.owed.remove(*member).is_some());
        let changes = told.map(|member| cluster::Change::Mourned { member: member.clone() });
        elsewhere.unsaid.extend(changes);
    }

    /// Of the nodes that live and have somebody in the room. Who has nobody in may not know what is owed.
    fn is_oldest(&self) -> bool {
        let Some(elsewhere) = &self.elsewhere else { return false };
        let has_members = |node: NodeId| self.roster.iter().any(|entry| entry.node == node);
        let living = elsewhere.parts.iter().filter(|(_, part)| part.lost_until.is_none());
        let mut older = living.filter(|(_, part)| part.incarnation < elsewhere.me);
        !older.any(|(node, _)| has_members(*node))
    }

    fn expire_lost(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let over: Vec<NodeId> = elsewhere
            .parts
            .iter()
            .filter(|(_, part)| part.lost_until.is_some_and(|until| until <= now))
            .map(|(node, _)| *node)
            .collect();
        over.iter().for_each(|node| drop(elsewhere.parts.remove(node)));
        let places = over.iter().flat_map(|node| self.places_of(*node)).collect::<Vec<_>>();
        let gone: Vec<Entry> = places.into_iter().filter_map(|place| self.take_out(place)).collect();
        let changes = gone.iter().map(|entry| Change::Left { member: entry.member.clone() }).collect();
        self.announce(changes, None, effects);
        over.into_iter().for_each(|node| self.orphan_stays(node, now, effects));
        let due = now.saturating_add(TOLD_WITHIN_MS);
        let owed: Vec<_> = gone.iter().map(|entry| self.present(entry.clone())).collect();
        let Some(elsewhere) = &mut self.elsewhere else { return };
        for present in owed {
            elsewhere.owed.insert(present.member.clone(), Owed { present, is_ours: false, due });
        }
    }

    fn expire_ceded(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let over: Vec<_> = elsewhere.ceded.extract_if(.., |_, ceded| ceded.until <= now).collect();
        let mut changes = Vec::new();
        for (member, ceded) in over {
            let place = self
                .roster
                .place(&member)
                .filter(|_| self.roster.find(&member).is_some_and(|entry| entry.node == ceded.by));
            let gone = place.and_then(|place| self.take_out(place));
            changes.extend(gone.map(|entry| Change::Left { member: entry.member }));
        }
        self.announce(changes, None, effects);
    }
}
