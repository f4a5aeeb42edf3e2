//! Which users come and go by the members who do.

use super::elsewhere::Elsewhere;
use super::stays::{Act, Facts, Stays};
use super::{Effect, RoomEngine};
use crate::cluster::{self, Incarnation, StayWord};
use crate::roster::{Place, Row};
use crate::{Millis, NodeId, UserId};

impl RoomEngine {
    /// Who has come in is of a user, maybe: says so where it is that one's first.
    pub(super) fn count_user(&mut self, place: Place, now: Millis, effects: &mut Vec<Effect>) {
        let Some(Row { member, user: Some(user), .. }) = self.roster.get(place) else { return };
        if !self.users.enter(user) {
            return;
        }
        let (user, member) = (user.clone(), member.clone());
        if self.elsewhere.is_none() {
            return effects.push(Effect::UserCame { user, member });
        }
        effects.push(Effect::UserHere { user: user.clone(), member: member.clone() });
        self.stays(now, effects, |stays, facts, acts| stays.enter(&user, &member, facts(&user), acts));
    }

    /// One member of it is in no more: says so where it was that one's last.
    pub(super) fn count_user_out(&mut self, user: UserId, now: Millis, effects: &mut Vec<Effect>) {
        if !self.users.leave(&user) {
            return;
        }
        if self.elsewhere.is_none() {
            return effects.push(Effect::UserWent { user });
        }
        self.stays(now, effects, |stays, facts, acts| stays.leave(&user, facts(&user), acts));
    }

    /// Another node has something to say of a user.
    pub(super) fn hear_stay(
        &mut self,
        from: &Incarnation,
        (user, word): (UserId, StayWord),
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        self.stays(now, effects, |stays, facts, acts| stays.hear(from, (&user, word), facts(&user), acts));
    }

    /// Whether the room is open at that node, as far as is known from here on.
    pub(super) fn hear_open(&mut self, node: NodeId, is_open: bool, now: Millis, effects: &mut Vec<Effect>) {
        self.stays(
            now,
            effects,
            |stays, facts, acts| {
                if is_open { stays.open(node) } else { stays.close(node, facts, acts) }
            },
        );
    }

    /// That node has no part in the room any more, nor the stays that it told of.
    pub(super) fn orphan_stays(&mut self, node: NodeId, now: Millis, effects: &mut Vec<Effect>) {
        self.stays(now, effects, |stays, facts, acts| {
            stays.close(node, facts, acts);
            stays.orphan(node, facts, acts);
        });
    }

    /// What time alone brings.
    pub(super) fn wake_stays(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.stays(now, effects, |stays, facts, acts| stays.wake(now, facts, acts));
    }

    pub(super) fn stays(
        &mut self,
        now: Millis,
        effects: &mut Vec<Effect>,
        change: impl FnOnce(&mut Stays, &dyn Fn(&UserId) -> Facts, &mut Vec<Act>),
    ) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let (mut stays, mut acts) = (std::mem::take(&mut elsewhere.stays), Vec::new());
        let me = elsewhere.me.clone();
        // Whoever stops waits for nobody.
        let linger_ms = if self.draining { 0 } else { self.config.limits.user_linger_ms };
        let facts = |user: &UserId| Facts { me: me.clone(), now, linger_ms, elsewhere: self.elsewhere_of(user) };
        change(&mut stays, &facts, &mut acts);
        let Some(elsewhere) = &mut self.elsewhere else { return };
        elsewhere.stays = stays;
        acts.into_iter().for_each(|act| effects.extend(elsewhere.carry_out(act)));
    }

    /// A node that lives and has a member of the user: every node names the same.
    fn elsewhere_of(&self, user: &UserId) -> Option<NodeId> {
        let elsewhere = self.elsewhere.as_ref().filter(|_| self.users.is_elsewhere(user))?;
        let lives = |node: &NodeId| elsewhere.parts.get(node).is_some_and(|part| part.lost_until.is_none());
        let its = self.roster.iter().filter(|entry| entry.user.as_ref() == Some(user)).map(|entry| entry.node);
        its.filter(lives).min()
    }
}

impl Elsewhere {
    fn carry_out(&mut self, act: Act) -> Option<Effect> {
        match act {
            Act::Say(user, word) => {
                self.unsaid.push(cluster::Change::Stay { user, word });
                None
            }
            Act::Came(user, member) => Some(Effect::UserCame { user, member }),
            Act::Went(user) => Some(Effect::UserWent { user }),
            Act::Moved(user) => Some(Effect::UserMoved { user }),
        }
    }
}
