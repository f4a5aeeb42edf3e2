//! What other nodes say of their members, and what becomes of that here.
//!
//! Each node speaks for its own members. Of two that speak for one member the higher [claim](Claim) has it, and what the other
//! says of it means nothing any more. Whatever is said of somebody who is not in, or not that node's, is late: it changes nothing.
//!
//! It is told here as what becomes of this node's members is: once a tick what they show, one order for all of it. Who comes and
//! goes there has gathered there, so it is told at once.

use std::collections::BTreeSet;

use super::elsewhere::Ceded;
use super::{Change, Effect, News, RoomEngine};
use crate::cluster::{self, Claim, Incarnation, Present, Words};
use crate::roster::{Entry, Place, Row};
use crate::{Generation, Json, MemberId, Millis, NodeId};

/// What one input says, as far as it was not told yet.
struct Telling<'a> {
    now: Millis,
    /// Who came and went, in order.
    changes: Vec<Change>,
    /// Whether what members show is to be told when all is heard.
    shows: bool,
    /// Whether a member was another node's, or another run's of the same one.
    has_anothers: bool,
    effects: &'a mut Vec<Effect>,
}

/// What a node said before its roster, as far as it is heard.
struct Late {
    /// So many messages are not.
    missed: u64,
    /// Some may be missing before each of these.
    runs: Vec<Vec<cluster::Change>>,
}

impl Late {
    /// Where nothing is heard something may be missing all the same.
    fn of(missed: u64, runs: Vec<Vec<cluster::Change>>) -> Self {
        Self { missed, runs: if runs.is_empty() { vec![Vec::new()] } else { runs } }
    }

    fn speakers(&self) -> BTreeSet<MemberId> {
        let speaker = |change: &cluster::Change| match change {
            cluster::Change::Said { from, .. } => from.clone(),
            _ => None,
        };
        self.runs.iter().flatten().filter_map(speaker).collect()
    }
}

impl RoomEngine {
    pub(super) fn hear(&mut self, node: &Incarnation, news: cluster::News, now: Millis, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        if let cluster::News::Own { words } = news {
            return elsewhere.heard.begin_before(self.config.node, words);
        }
        if elsewhere.me.node() == node.node() {
            return;
        }
        let news = match news {
            cluster::News::Changes(changes) => cluster::News::Changes(self.pass_changes(node, changes, now)),
            news => {
                self.hear_held_back(node, now, effects);
                news
            }
        };
        self.hear_in_turn(node, news, now, effects);
        self.hear_withheld(now, effects);
        self.advance(now, effects);
        self.mourn(now, effects);
    }

    /// What nothing is to be told before.
    pub(super) fn hear_now(&mut self, node: &Incarnation, news: cluster::News, now: Millis, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        match news {
            cluster::News::Changes(changes) => {
                elsewhere.part(node);
                self.hear_open(node.node(), true, now, effects);
                self.hear_changes(node, changes, now, effects);
            }
            cluster::News::Roster { members, is_open, missed, late, words } => {
                elsewhere.part(node).lost_until = None;
                let late_words = late.iter().flatten().filter(|change| change.is_message()).count() as u64;
                let said = words.said.saturating_sub(late_words);
                elsewhere.heard.begin(node.node(), Words { said, ..words });
                self.hear_open(node.node(), is_open, now, effects);
                self.hear_roster(node, members, Late::of(missed, late), now, effects);
            }
            cluster::News::Unheard { messages } => {
                elsewhere.heard.pass(node.node(), messages);
                self.seq += 1;
                effects.push(Effect::Gap { seq: self.seq });
            }
            cluster::News::Opened { words } => {
                words.into_iter().for_each(|words| elsewhere.heard.begin(node.node(), words));
                self.hear_open(node.node(), true, now, effects);
            }
            // It is of this node itself.
            cluster::News::Own { .. } => {}
            cluster::News::Lost => {
                elsewhere.heard.forget(node.node());
                self.lose(node, now, effects);
            }
            cluster::News::Parted => {
                elsewhere.heard.forget(node.node());
                elsewhere.parts.remove(&node.node());
                self.take_out_all(node.node(), effects);
                self.orphan_stays(node.node(), now, effects);
            }
        }
    }

    /// All that there are have said who is in.
    pub(super) fn ready(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        elsewhere.is_awaiting = false;
        elsewhere.stays.ready(now);
        if self.membership.holds() && !self.is_awaiting() {
            self.flush_membership(now, effects);
        }
    }

    /// This node is another run, which speaks for the members of the one before.
    pub(super) fn reborn(&mut self, me: Incarnation) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let (before, node) = (std::mem::replace(&mut self.config.node, me.node()), me.node());
        elsewhere.me = me;
        elsewhere.heard.rename(before, node);
        for place in self.places_of(before) {
            let generation = self.roster.get(place).map(|entry| entry.generation).unwrap_or_default();
            self.roster.hand_to(place, node, generation);
        }
    }

    /// Everybody of a node has left, and the others are told at once.
    pub(super) fn take_out_all(&mut self, node: NodeId, effects: &mut Vec<Effect>) -> Vec<Entry> {
        let places = self.places_of(node);
        let gone: Vec<_> = places.into_iter().filter_map(|place| self.take_out(place)).collect();
        let changes = gone.iter().map(|entry| Change::Left { member: entry.member.clone() }).collect();
        self.announce(changes, None, effects);
        gone
    }

    /// A member of another node is in no more.
    pub(super) fn take_out(&mut self, place: Place) -> Option<Entry> {
        self.presence.forget(place);
        let entry = self.roster.leave(place)?;
        self.forget_session(&entry.member);
        self.is_absent(&entry.member, entry.node);
        entry.user.iter().for_each(|user| self.users.leave_elsewhere(user));
        // Its leave is told with whoever comes next, or before.
        self.numbers.free(entry.number);
        Some(entry)
    }

    /// Where all members of a node stand.
    pub(super) fn places_of(&self, node: NodeId) -> Vec<Place> {
        let places = self.roster.places().zip(self.roster.iter());
        places.filter(|(_, entry)| entry.node == node).map(|(place, _)| place).collect()
    }

    pub(super) fn hear_changes(
        &mut self,
        node: &Incarnation,
        changes: Vec<cluster::Change>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let mut telling = Telling { now, changes: Vec::new(), shows: false, has_anothers: false, effects };
        for change in changes {
            self.hear_change(node, change, &mut telling);
        }
        self.tell(telling);
    }

    /// Whoever is not in it is in no more, and whoever is in it is as it says. Who speaks late leaves behind its last word.
    fn hear_roster(
        &mut self,
        node: &Incarnation,
        members: Vec<Present>,
        late: Late,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let mut telling = Telling { now, changes: Vec::new(), shows: false, has_anothers: false, effects };
        let listed: BTreeSet<_> = members.iter().map(|present| present.member.clone()).collect();
        let speakers = late.speakers();
        self.take_out_unlisted(node, |member| listed.contains(member) || speakers.contains(member), &mut telling);
        members.into_iter().for_each(|present| self.hear_present(node, present, &mut telling));
        self.tell_changes(&mut telling);
        // What the node before it said last may be missing, and is in nobody's count.
        if late.missed == 0 && telling.has_anothers {
            self.tell_gap(&mut telling);
        }
        for run in late.runs {
            if late.missed > 0 {
                self.tell_gap(&mut telling);
            }
            let news = |change: &cluster::Change| !matches!(change, cluster::Change::Joined(present) if listed.contains(&present.member));
            run.into_iter().filter(news).for_each(|change| self.hear_late(node, change, &speakers, &mut telling));
        }
        self.take_out_unlisted(node, |member| listed.contains(member), &mut telling);
        self.tell(telling);
    }

    /// What was said before a roster, by somebody who is known to have been in there then.
    fn hear_late(
        &mut self,
        node: &Incarnation,
        change: cluster::Change,
        speakers: &BTreeSet<MemberId>,
        telling: &mut Telling<'_>,
    ) {
        match &change {
            cluster::Change::Joined(present) if speakers.contains(&present.member) => {
                self.hear_change(node, change, telling);
            }
            cluster::Change::Said { from, .. } => {
                let is_known = |from| self.place_at(node.node(), from).is_some();
                if from.as_ref().is_none_or(is_known) {
                    return self.hear_change(node, change, telling);
                }
                // Nobody knows who that was, or it has another node, and what it said there since may have been told.
                self.tell_gap(telling);
                self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.heard.pass(node.node(), 1));
            }
            _ => {}
        }
    }

    /// Those of a node are in no more, but for some, and those that it ceded to others.
    fn take_out_unlisted(&mut self, node: &Incarnation, stays: impl Fn(&MemberId) -> bool, telling: &mut Telling<'_>) {
        let ceded: BTreeSet<_> = self.elsewhere.iter().flat_map(|elsewhere| elsewhere.ceded.keys()).cloned().collect();
        let is_gone = |place: &Place| {
            let entry = self.roster.get(*place);
            entry.is_some_and(|entry| !stays(&entry.member) && !ceded.contains(&entry.member))
        };
        let gone: Vec<_> = self.places_of(node.node()).into_iter().filter(is_gone).collect();
        gone.into_iter().for_each(|place| self.hear_left(place, telling));
    }

    /// Something that was said is not heard here. What the broker keeps is, whatever a node has said.
    fn tell_gap(&mut self, telling: &mut Telling<'_>) {
        if self.is_kept_in_broker() {
            return;
        }
        self.tell_changes(telling);
        self.seq += 1;
        telling.effects.push(Effect::Gap { seq: self.seq });
    }

    fn hear_change(&mut self, node: &Incarnation, change: cluster::Change, telling: &mut Telling<'_>) {
        let its = |member: &MemberId| self.place_at(node.node(), member);
        match change {
            cluster::Change::Joined(present) => self.hear_present(node, present, telling),
            cluster::Change::Left { member } => {
                if let Some(place) = its(&member) {
                    self.hear_left(place, telling);
                }
            }
            cluster::Change::Away { member } => {
                if let Some(place) = its(&member) {
                    self.hear_away(place, true, telling);
                }
            }
            cluster::Change::Back { member } => {
                if let Some(place) = its(&member) {
                    // Its client is there again, whatever was to become of it.
                    if let Some(elsewhere) = &mut self.elsewhere {
                        elsewhere.ceded.remove(&member);
                    }
                    self.hear_away(place, false, telling);
                }
            }
            cluster::Change::State { member, state } => {
                if let Some(place) = its(&member) {
                    self.hear_state(place, state, telling);
                }
            }
            cluster::Change::Info { member, info } => {
                if let Some(place) = its(&member) {
                    self.hear_info(place, info, telling);
                }
            }
            // Of a node whose room keeps it otherwise: the broker has no number for it.
            cluster::Change::Said { .. } if self.is_kept_in_broker() => {}
            cluster::Change::Said { from, to, msg } => {
                let place = from.as_ref().and_then(its);
                self.tell_changes(telling);
                place.into_iter().for_each(|place| self.flush_one(place, telling.effects));
                self.seq += 1;
                self.note_word(node.node());
                telling.effects.push(Effect::Said { seq: self.seq, from, to, msg });
            }
            cluster::Change::Session { member, session } => {
                if its(&member).is_some() {
                    self.hear_session(&member, session);
                }
            }
            cluster::Change::Ceded { member } => self.hear_ceded(node.node(), member, telling.now),
            cluster::Change::Mourned { member } => {
                let owed = self.elsewhere.iter_mut().map(|elsewhere| &mut elsewhere.owed);
                owed.for_each(|owed| drop(owed.remove(&member)));
            }
            cluster::Change::Stay { user, word } => {
                self.hear_stay(node, (user, word), telling.now, telling.effects);
            }
            cluster::Change::Closed => self.hear_open(node.node(), false, telling.now, telling.effects),
            // They were waited for.
            cluster::Change::Behind(_) | cluster::Change::UpTo { .. } => {}
            // The second is said of what is listened to, which no room is.
            cluster::Change::Unknown | cluster::Change::Woken => {}
        }
    }

    /// Somebody is in at that node: it came, or it has come before and is known or not.
    fn hear_present(&mut self, node: &Incarnation, present: Present, telling: &mut Telling<'_>) {
        let claim = Claim { generation: present.generation, incarnation: node.clone() };
        if let Some(held) = self.claim_to(&present.member) {
            if held > claim {
                return;
            }
            telling.has_anothers |= held.incarnation.node() != node.node();
            if held.incarnation.node() == self.config.node {
                self.give_up(&present.member, (node.node(), present.generation), telling);
            }
        }
        self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.settle(&present.member));
        self.hear_session(&present.member, present.session);
        match self.roster.place(&present.member) {
            Some(place) => self.hear_claimed(node.node(), place, present, telling),
            None => self.hear_joined(node.node(), present, telling),
        }
    }

    /// The claim to somebody who is in or waits to be let in.
    pub(super) fn claim_to(&self, member: &MemberId) -> Option<Claim> {
        let elsewhere = self.elsewhere.as_ref()?;
        if let Some(generation) = self.membership.lobby.generation(member) {
            return Some(Claim { generation, incarnation: elsewhere.me.clone() });
        }
        let Row { node, generation, .. } = self.roster.find(member)?;
        Some(Claim { generation: *generation, incarnation: elsewhere.incarnation(*node)?.clone() })
    }

    /// Another node has a member of this one. What becomes of it is told as of that node's.
    fn give_up(&mut self, member: &MemberId, to: (NodeId, Generation), telling: &mut Telling<'_>) {
        telling.effects.push(Effect::TakenOver { member: member.clone() });
        if self.membership.lobby.remove(member) {
            return;
        }
        let place = self.roster.place(member);
        let Some(entry) = place.and_then(|place| self.roster.hand_to(place, to.0, to.1)) else { return };
        let (was_away, user) = (entry.away, entry.user.clone());
        self.give_no_more(member);
        self.local -= 1;
        self.present -= usize::from(!was_away);
        self.publish(|| cluster::Change::Ceded { member: member.clone() });
        if let Some(user) = user {
            self.users.enter_elsewhere(&user);
            self.count_user_out(user, telling.now, telling.effects);
        }
        if self.present == 0 {
            self.forget_leaves(telling.now, telling.effects);
        }
    }

    fn hear_joined(&mut self, node: NodeId, present: Present, telling: &mut Telling<'_>) {
        let Present { member, generation, user, away, info, state, .. } = present;
        // It may have left here in this tick.
        let leave = self.leave_told_now(&member, telling.now, telling.effects);
        telling.changes.extend(leave);
        user.iter().for_each(|user| self.users.enter_elsewhere(user));
        self.is_present(&member);
        let number = self.numbers.take();
        let entry = Entry { member: member.clone(), number, node, generation, user, away, info, state };
        let joined = self.roster.join(entry).and_then(|place| self.joined(place));
        telling.changes.extend(joined);
        if away {
            telling.changes.push(Change::Away { member });
        }
    }

    /// It is in: that node has it from here on, or has had it and says what is true of it.
    fn hear_claimed(&mut self, node: NodeId, place: Place, present: Present, telling: &mut Telling<'_>) {
        self.roster.hand_to(place, node, present.generation);
        self.hear_info(place, present.info, telling);
        if self.roster.get(place).is_some_and(|entry| entry.state() != present.state) {
            self.hear_state(place, present.state, telling);
        }
        self.hear_away(place, present.away, telling);
    }

    fn hear_left(&mut self, place: Place, telling: &mut Telling<'_>) {
        let left = self.take_out(place).map(|entry| Change::Left { member: entry.member });
        telling.changes.extend(left);
    }

    fn hear_away(&mut self, place: Place, away: bool, telling: &mut Telling<'_>) {
        let Some(entry) = self.roster.get(place).filter(|entry| entry.away != away) else { return };
        let (member, state) = (entry.member.clone(), entry.state());
        if away && self.presence.holds(place) {
            // What it showed is older than the loss.
            self.tell_changes(telling);
            self.flush_one(place, telling.effects);
        }
        self.roster.set_away(place, away);
        telling.changes.push(if away { Change::Away { member } } else { Change::Back { member, state } });
    }

    fn hear_state(&mut self, place: Place, state: Option<Json>, telling: &mut Telling<'_>) {
        self.roster.set_state(place, state);
        telling.shows |= self.presence.mark(place, News::State, telling.now);
    }

    fn hear_info(&mut self, place: Place, info: Option<Json>, telling: &mut Telling<'_>) {
        if self.roster.get(place).is_some_and(|entry| entry.info() != info) {
            self.roster.set_info(place, info);
            telling.shows |= self.presence.mark(place, News::Info, telling.now);
        }
    }

    /// It has another node, of which it was not heard yet, or is gone from there already.
    fn hear_ceded(&mut self, by: NodeId, member: MemberId, now: Millis) {
        let until = now.saturating_add(self.config.limits.grace_ms);
        let is_its = self.place_at(by, &member).is_some();
        if let Some(elsewhere) = self.elsewhere.as_mut().filter(|_| is_its) {
            elsewhere.ceded.insert(member, Ceded { by, until });
        }
    }

    fn place_at(&self, node: NodeId, member: &MemberId) -> Option<Place> {
        let place = self.roster.place(member)?;
        self.roster.get(place).filter(|entry| entry.node == node).map(|_| place)
    }

    fn tell_changes(&self, telling: &mut Telling<'_>) {
        self.announce(std::mem::take(&mut telling.changes), None, telling.effects);
    }

    fn tell(&mut self, mut telling: Telling<'_>) {
        self.tell_changes(&mut telling);
        if telling.shows {
            self.flush_presence(telling.now, telling.effects);
        }
    }
}
