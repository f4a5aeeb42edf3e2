//! What the other nodes are told of this one's members.
//!
//! It is said where the members of this node are told, so that a tick here is one envelope there. It is also said where nobody
//! here hears it: others may. All that one input leads to is said as one, in order.

use super::membership_lane::Departed;
use super::{Audience, Effect, RoomEngine, Update};
use crate::cluster::{Change, Present};
use crate::roster::{Entry, Place, Row};
use crate::{Json, MemberId, Millis, NodeId, UserId};

impl RoomEngine {
    /// The members of this node, as another one that has missed something is to be told of them. It is what they are after all that
    /// was [published](Effect::Publish) until now.
    #[must_use]
    pub fn own(&self) -> Vec<Present> {
        let own = self.roster.iter().filter(|entry| entry.node == self.config.node);
        own.map(|row| self.present(row)).collect()
    }

    /// The members for whom this node answers another one that has nobody in: its own, and those of nodes that are lost, for whom
    /// nobody else does.
    #[must_use]
    pub fn answered_for(&self) -> Vec<Present> {
        let is_lost = |node: NodeId| {
            let part = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.parts.get(&node));
            part.is_none_or(|part| part.lost_until.is_some())
        };
        let theirs = |entry: &&Row| entry.node == self.config.node || is_lost(entry.node);
        self.roster.iter().filter(theirs).map(|row| self.present(row)).collect()
    }

    /// Which process this is, or which run of a node: what stands in the entries of its own members.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.config.node
    }

    /// Whether a user is here in a room of several nodes, or this node is still to say what became of it.
    #[must_use]
    pub fn concerns(&self, user: &UserId) -> bool {
        self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.stays.has(user))
    }

    /// The users whose last member has left, and of whom this node has not said yet that they have gone.
    #[must_use]
    pub fn lingering(&self) -> Vec<UserId> {
        let stays = self.elsewhere.iter().flat_map(|elsewhere| elsewhere.stays.lingering());
        stays.filter(|user| !self.users.has(user)).collect()
    }

    /// Says all that is to be said of one input.
    pub(super) fn publish_all(&mut self, effects: &mut Vec<Effect>) {
        if self.elsewhere.is_none() {
            return;
        }
        let (is_empty, seq) = (self.is_empty(), self.seq);
        let Some(elsewhere) = &mut self.elsewhere else { return };
        if is_empty && !elsewhere.is_closed {
            elsewhere.unsaid.push(Change::Closed);
        }
        elsewhere.is_closed = is_empty;
        if !elsewhere.unsaid.is_empty() {
            let heard = elsewhere.history.as_mut().and_then(|history| history.tells_up_to(seq));
            heard.into_iter().for_each(|heard| elsewhere.unsaid.insert(0, heard));
            effects.push(Effect::Publish { changes: std::mem::take(&mut elsewhere.unsaid) });
        }
    }

    /// Asked for only where there are others.
    pub(super) fn publish(&mut self, change: impl FnOnce() -> Change) {
        if let Some(elsewhere) = &mut self.elsewhere {
            elsewhere.unsaid.push(change());
        }
    }

    pub(super) fn publish_left(&mut self, departed: Departed, now: Millis, effects: &mut Vec<Effect>) {
        let Departed { member, user, .. } = departed;
        self.publish(|| Change::Left { member });
        if let Some(user) = user {
            self.count_user_out(user, now, effects);
        }
    }

    pub(super) fn publish_joined(&mut self, place: Place) {
        let joined = self.elsewhere.as_ref().and(self.roster.get(place)).map(|row| self.present(row));
        joined.into_iter().for_each(|present| self.publish(|| Change::Joined(present)));
    }

    /// Of what is told here, what is about this node's members.
    pub(super) fn publish_updates(&mut self, updates: &[Update]) {
        if self.elsewhere.is_none() {
            return;
        }
        for Update { member, news, info, state, .. } in updates {
            if self.local_place(member).is_err() {
                continue;
            }
            if news.has_state() {
                self.publish(|| Change::State { member: member.clone(), state: state.clone() });
            }
            if news.has_info() {
                self.publish(|| Change::Info { member: member.clone(), info: info.clone() });
            }
        }
    }

    pub(super) fn publish_word(&mut self, from: Option<&MemberId>, to: &Audience, msg: &Json) {
        self.publish(|| Change::Said { from: from.cloned(), to: to.clone(), msg: msg.clone() });
    }

    /// As its node says it.
    pub(super) fn present(&self, entry: impl Into<Entry>) -> Present {
        let Entry { member, generation, user, away, info, state, .. } = entry.into();
        let session = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.sessions.get(&member));
        Present { member, generation, user, away, info, state, session }
    }
}
