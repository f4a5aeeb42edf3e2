//! Who comes and who goes, and when the others are told.
//!
//! A small room, and one where nobody has come or gone for a tick, lets in and tells at once. In a large one that would be
//! members times members frames when all of them come together, so there they gather: those who come wait in the
//! [lobby](super::lobby), those who go are out of the roster and their leave is still to be told, and once a tick the others are
//! told of all of them in one frame.
//!
//! The order of that tick is what keeps every roster right. The others hear of the leaves and the joins while only they
//! are connected; then the newcomers are, and are sent the one snapshot that they share, which lists none of those who
//! left. So no newcomer hears of its own join, nor of the leave of somebody it never saw.

use std::sync::Arc;

use super::membership_lane::Departed;
use super::numbers::Numbers;
use super::take_over::Entered;
use super::{Change, Effect, Newcomer, Refused, RoomEngine};
use crate::cluster;
use crate::roster::{Entry, Listing, Place, Row};
use crate::{MemberId, Millis};

impl RoomEngine {
    pub(super) fn join(&mut self, newcomer: Newcomer, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_presence(newcomer.state.as_ref())?;
        self.check_info(newcomer.info.as_ref())?;
        if self.is_leaving(&newcomer.member) {
            self.leave_without_words(&newcomer.member, now, effects);
        }
        let (lobby, limit) = (&self.membership.lobby, self.config.limits.members);
        let is_in = self.roster.place(&newcomer.member).is_some();
        if lobby.has(&newcomer.member) || (is_in && !self.may_take_over(&newcomer)) {
            return Err(Refused::AlreadyIn);
        }
        if !is_in && self.roster.len() + lobby.len() >= limit {
            return Err(Refused::RoomFull { limit });
        }
        if !self.is_kept_in_broker() {
            self.seq = self.seq.max(newcomer.seq_above);
        }
        if self.tells_at_once(now) {
            self.admit_at_once(newcomer, now, effects);
        } else {
            self.membership.lobby.push(newcomer);
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        if self.membership.lobby.remove(member) {
            return Ok(());
        }
        let place = self.local_place(member)?;
        let at_once = self.tells_at_once(now);
        self.membership.returning.remove(&place);
        self.presence.forget(place);
        let Entry { member, number, away, user, .. } = self.roster.leave(place).ok_or(Refused::NotIn)?;
        self.forget_session(&member);
        self.is_absent(&member, self.config.node);
        self.give_no_more(&member);
        self.local -= 1;
        self.present -= usize::from(!away);
        // What the others are to be told of its user stands behind its leave.
        let user_later = if self.elsewhere.is_some() && !self.draining { user.clone() } else { None };
        let departed = Departed { member, number, user: user_later };
        if self.present == 0 {
            self.forget_leaves(now, effects);
            self.publish_left(departed, now, effects);
        } else if self.draining {
            // Those who are here are not told: see [`Input::Drain`](super::Input::Drain). Its number stays its own.
            self.publish_left(departed, now, effects);
        } else if at_once {
            self.announce_leaves(vec![departed], now, effects);
        } else {
            self.membership.left.push(departed);
        }
        if let Some(user) = user.filter(|_| self.elsewhere.is_none() || self.draining) {
            self.count_user_out(user, now, effects);
        }
        Ok(())
    }

    /// A member's socket is lost; its place, its state and its words that wait stay.
    pub(super) fn away(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let place = self.local_place(member)?;
        let was_returning = self.membership.returning.remove(&place);
        if self.roster.get(place).is_none_or(|entry| entry.away) {
            // Whoever was on its way back is away still, and nobody was told otherwise.
            return if was_returning { Ok(()) } else { Err(Refused::NotIn) };
        }
        // A state that the lane holds is older than the loss.
        self.flush_one(place, effects);
        self.roster.set_away(place, true);
        self.present -= 1;
        self.keep(place, effects);
        if self.present == 0 {
            self.forget_leaves(now, effects);
        }
        self.publish(|| cluster::Change::Away { member: member.clone() });
        if self.draining {
            return Ok(());
        }
        self.announce(vec![Change::Away { member: member.clone() }], None, effects);
        Ok(())
    }

    /// Tells of everything that has gathered.
    pub(super) fn flush_membership(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let (bytes, tick) = (self.config.limits.admission_bytes, self.config.limits.presence_tick_ms);
        let left = std::mem::take(&mut self.membership.left);
        let returned = self.returned_within(bytes);
        let newcomers = self.membership.lobby.admit((returned.len(), self.roster.listed_bytes()), bytes);
        self.membership.pace.sent(now, tick, tick);
        let is_heard = self.present > 0;
        // The leaves first: their numbers may be the newcomers'.
        let mut changes = self.leaves(left, now, effects);
        let entered: Vec<_> = newcomers.into_iter().filter_map(|newcomer| self.enter(newcomer, now)).collect();
        entered.iter().for_each(|entered| self.publish_joined(entered.place));
        let (entered, joined): (Vec<_>, Vec<_>) =
            entered.into_iter().map(|Entered { place, change }| (place, change)).unzip();
        changes.extend(joined.into_iter().flatten());
        changes.extend(returned.iter().filter_map(|place| self.be_back(*place)));
        if is_heard {
            self.announce(changes, None, effects);
        }
        self.admit(&returned, &entered, now, effects);
        // Of one that is taken over something may be shown that is new.
        entered.into_iter().for_each(|place| self.flush_one(place, effects));
    }

    /// The last words of a member come after its leave, so that one is told now.
    pub(super) fn flush_leave(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) {
        let leave = self.leave_told_now(member, now, effects);
        self.announce(leave, None, effects);
    }

    /// What is said of a member whose leave is still to be told.
    pub(super) fn leave_told_now(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) -> Vec<Change> {
        let Some(at) = self.membership.left.iter().position(|left| left.member == *member) else { return Vec::new() };
        let departed = self.membership.left.remove(at);
        self.leaves(vec![departed], now, effects)
    }

    fn announce_leaves(&mut self, left: Vec<Departed>, now: Millis, effects: &mut Vec<Effect>) {
        let leaves = self.leaves(left, now, effects);
        self.announce(leaves, None, effects);
    }

    /// What is said of those who left. It has to be said before anything else is of a member that enters from here on, which
    /// may have one of their numbers.
    fn leaves(&mut self, left: Vec<Departed>, now: Millis, effects: &mut Vec<Effect>) -> Vec<Change> {
        let leave = |departed: Departed| {
            self.numbers.free(departed.number);
            let member = departed.member.clone();
            self.publish_left(departed, now, effects);
            Change::Left { member }
        };
        left.into_iter().map(leave).collect()
    }

    /// Nobody is there to be told of those who left, or to know them by a number: whoever is away is told by a snapshot when
    /// it is back.
    pub(super) fn forget_leaves(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let left = std::mem::take(&mut self.membership.left);
        left.into_iter().for_each(|departed| self.publish_left(departed, now, effects));
        self.numbers = Numbers::of(self.roster.iter().map(|entry| entry.number));
    }

    /// Whether a join, a return or a leave is told now. One of a large room that is takes the tick's turn, so ask once for each.
    pub(super) fn tells_at_once(&mut self, now: Millis) -> bool {
        let is_awaiting = self.is_awaiting();
        let (limits, lane) = (&self.config.limits, &mut self.membership);
        if lane.holds() || is_awaiting {
            return false;
        }
        if self.config.may_be_put_away || self.roster.len() < limits.announce_at_once {
            return true;
        }
        let is_open = lane.pace.is_open(now);
        if is_open {
            lane.pace.sent(now, limits.presence_tick_ms, limits.presence_tick_ms);
        }
        is_open
    }

    fn admit_at_once(&mut self, newcomer: Newcomer, now: Millis, effects: &mut Vec<Effect>) {
        let member = newcomer.member.clone();
        let Some(Entered { place, change }) = self.enter(newcomer, now) else { return };
        self.publish_joined(place);
        effects.push(self.snapshot_for(member.clone(), &Arc::new(self.roster.listing())));
        if self.present > 1 {
            self.announce(change.into_iter().collect(), Some(member), effects);
        }
        self.flush_one(place, effects);
        self.keep(place, effects);
        self.count_user(place, now, effects);
    }

    /// Sends those who waited what they came for: the members are listed once for all of them.
    fn admit(&mut self, returned: &[Place], entered: &[Place], now: Millis, effects: &mut Vec<Effect>) {
        if returned.is_empty() && entered.is_empty() {
            return;
        }
        let listing = Arc::new(self.roster.listing());
        for place in returned {
            let Some(Row { member, .. }) = self.roster.get(*place) else { continue };
            effects.push(Effect::Returned { member: member.clone() });
            effects.push(self.snapshot_for(member.clone(), &listing));
        }
        for place in entered {
            let Some(Row { member, .. }) = self.roster.get(*place) else { continue };
            effects.push(Effect::Entered { member: member.clone() });
            effects.push(self.snapshot_for(member.clone(), &listing));
            self.keep(*place, effects);
            self.count_user(*place, now, effects);
        }
    }

    /// `None` where it is in already, which whoever joins or waits is not, unless another node has it.
    fn enter(&mut self, newcomer: Newcomer, now: Millis) -> Option<Entered> {
        if let Some(place) = self.roster.place(&newcomer.member) {
            return self.take_over(place, newcomer, now);
        }
        let Newcomer { member, user, generation, place, info, state, .. } = newcomer;
        let number = self.numbers.take();
        let entry = Entry { member, number, node: self.config.node, generation, user, away: false, info, state };
        let Some(place) = self.roster.join_at(place, entry) else {
            self.numbers.free(number);
            return None;
        };
        self.local += 1;
        self.present += 1;
        let change = self.joined(place);
        change.iter().for_each(|change| self.is_present(change.member()));
        Some(Entered { place, change })
    }

    pub(super) fn joined(&self, place: Place) -> Option<Change> {
        let Entry { member, number, user, info, state, .. } = self.roster.get(place)?.into();
        Some(Change::Joined { member, number, user, info, state })
    }

    pub(super) fn snapshot_for(&self, to: MemberId, listing: &Arc<Listing>) -> Effect {
        Effect::Snapshot { to, listing: Arc::clone(listing), seq: self.seq }
    }

    /// Where a member of this node stands: of another's, only that one says what becomes of it.
    pub(super) fn local_place(&self, member: &MemberId) -> Result<Place, Refused> {
        let place = self.roster.place(member).ok_or(Refused::NotIn)?;
        let is_local = self.roster.get(place).is_some_and(|entry| entry.node == self.config.node);
        if is_local { Ok(place) } else { Err(Refused::NotIn) }
    }

    /// For everybody who is there to hear it.
    pub(super) fn announce(&self, changes: Vec<Change>, except: Option<MemberId>, effects: &mut Vec<Effect>) {
        if !changes.is_empty() && self.present > 0 {
            effects.push(Effect::Membership { changes, except });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Input, RoomConfig};
    use super::*;
    use crate::{Generation, Json, Limits, NodeId};

    fn id(member: &str) -> MemberId {
        MemberId::parse(member).unwrap()
    }

    /// With ann of this node and bob of another.
    fn room() -> RoomEngine {
        let limits = Limits::default().into();
        let config = RoomConfig {
            node: NodeId(1),
            cluster: None,
            epoch: "e".into(),
            last_seq: 0,
            may_be_put_away: true,
            first_place: Place(0),
            limits,
        };
        let mut room = RoomEngine::restore(config, []);
        room.handle(Input::Join(Newcomer::new(id("ann"))), 0, &mut Vec::new()).unwrap();
        let (node, generation) = (NodeId(2), Generation(0));
        let number = room.numbers.take();
        let bob =
            Entry { member: id("bob"), number, node, generation, user: None, away: false, info: None, state: None };
        room.roster.join(bob).unwrap();
        room
    }

    #[test]
    fn what_becomes_of_a_member_of_another_node_only_that_one_says() {
        let mut room = room();
        for input in [
            Input::Leave { member: id("bob") },
            Input::Away { member: id("bob") },
            Input::Return { member: id("bob") },
            Input::SetPresence { member: id("bob"), state: Some(Json::encode(&1).unwrap()) },
            Input::SetInfo { member: id("bob"), info: Some(Json::encode(&1).unwrap()) },
        ] {
            let mut effects = Vec::new();
            assert_eq!(room.handle(input.clone(), 0, &mut effects), Err(Refused::NotIn), "{input:?}");
            assert_eq!(effects, [], "{input:?}");
        }
        let bob = room.roster().find(&id("bob")).unwrap();
        assert!(!bob.away && bob.info().is_none() && bob.state().is_none());
    }

    #[test]
    fn a_member_of_another_node_is_in_the_snapshot_and_keeps_nothing_alive_here() {
        let mut room = room();
        let mut effects = Vec::new();
        room.handle(Input::Join(Newcomer::new(id("cat"))), 0, &mut effects).unwrap();
        let Effect::Snapshot { listing, .. } = &effects[0] else { panic!("{effects:?}") };
        assert_eq!(listing.v1, r#"{"id":"ann","n":0},{"id":"bob","n":1},{"id":"cat","n":2}"#);
        effects.clear();
        assert_eq!(room.handle(Input::Join(Newcomer::new(id("bob"))), 0, &mut effects), Err(Refused::AlreadyIn));
        for member in ["ann", "cat"] {
            effects.clear();
            room.handle(Input::Leave { member: id(member) }, 0, &mut effects).unwrap();
        }
        assert!(room.is_empty() && !room.roster().is_empty());
        assert_eq!(effects, [], "who is left is of another node, and is not told by this one");
    }
}
