//! Who comes to this node and is in at another one: the same member, in its place.
//!
//! The others hear nothing of it but what is new: that it is back, where it was away. The node that had it hears of the higher claim
//! and forgets it in silence; until it has, it still speaks for it, and what it says means nothing any more.

use super::{Change, Newcomer, News, Refused, RoomEngine};
use crate::cluster::{self, Claim, Heard};
use crate::roster::{Place, Row};
use crate::session::{SessionHash, TokenHash};
use crate::{Json, MemberId, Millis, NodeId};

/// Somebody who has come in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) place: Place,
    /// What the others here are told; nothing of one who is taken over and was not away.
    pub(super) change: Option<Change>,
}

impl RoomEngine {
    /// The member that takes this token, on whatever node: what is known of it, as far as it is known who is in.
    #[must_use]
    pub fn holder_of(&self, token: TokenHash) -> Option<&Row> {
        self.roster.find(self.elsewhere.as_ref()?.sessions.find(token)?)
    }

    /// The last number that was given when the session of a member of another node began, in a room whose numbers are those of all.
    #[must_use]
    pub fn entered(&self, member: &MemberId) -> Option<u64> {
        Some(self.elsewhere.as_ref()?.sessions.get(member)?.entered)
    }

    /// Whether it is known who is in at that node, or was.
    #[must_use]
    pub fn has_heard_of(&self, node: NodeId) -> bool {
        self.heard().iter().any(|heard| heard.node == node)
    }

    /// How much of what each node has said was heard here until now.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.elsewhere.as_ref().map_or(Vec::new(), |elsewhere| elsewhere.heard.all())
    }

    /// Whether all that another node had heard, as it [says](Self::heard), was heard here, too.
    #[must_use]
    pub fn has_heard(&self, there: &[Heard]) -> bool {
        self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.heard.has(there))
    }

    /// The numbers of the messages that were heard here, and were not there. `None`: not all of them are known.
    #[must_use]
    pub fn heard_beyond(&self, there: &[Heard]) -> Option<Vec<u64>> {
        self.elsewhere.as_ref()?.heard.beyond(there)
    }

    pub(super) fn note_word(&mut self, node: NodeId) {
        let (seq, most) = (self.seq, self.config.limits.log_frames);
        self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.heard.note(node, seq, most));
    }

    /// Whether it is not known yet who is in at other nodes, or what was said there.
    #[must_use]
    pub fn awaits_others(&self) -> bool {
        self.is_awaiting()
    }

    /// What the session of a member of this node takes from here on.
    pub(super) fn set_session(&mut self, member: &MemberId, session: Option<SessionHash>) -> Result<(), Refused> {
        self.local_place(member)?;
        if self.hear_session(member, session) {
            self.publish(|| cluster::Change::Session { member: member.clone(), session });
        }
        Ok(())
    }

    pub(super) fn hear_session(&mut self, member: &MemberId, session: Option<SessionHash>) -> bool {
        self.elsewhere.as_mut().is_some_and(|elsewhere| elsewhere.sessions.set(member, session))
    }

    pub(super) fn forget_session(&mut self, member: &MemberId) {
        self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.sessions.remove(member));
    }

    /// Whether somebody who is in at another node may be let in here in its place.
    pub(super) fn may_take_over(&self, newcomer: &Newcomer) -> bool {
        let (Some(elsewhere), Some(entry)) = (&self.elsewhere, self.roster.find(&newcomer.member)) else {
            return false;
        };
        let claim = Claim { generation: newcomer.generation, incarnation: elsewhere.me.clone() };
        let is_lower = self.claim_to(&newcomer.member).is_none_or(|held| held < claim);
        let waits = self.membership.lobby.has(&newcomer.member);
        is_lower && !waits && entry.node != self.config.node && entry.user == newcomer.user
    }

    /// It is this node's member from here on.
    pub(super) fn take_over(&mut self, place: Place, newcomer: Newcomer, now: Millis) -> Option<Entered> {
        let Newcomer { member, user, generation, info, state, behind, .. } = newcomer;
        // It may have come to this node on another way meanwhile.
        self.roster.get(place).filter(|entry| entry.node != self.config.node)?;
        self.roster.hand_to(place, self.config.node, generation);
        user.iter().for_each(|user| self.users.leave_elsewhere(user));
        self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.settle(&member));
        behind.into_iter().for_each(|heard| self.publish(|| cluster::Change::Behind(heard)));
        self.show_anew(place, (info, state), now);
        let was_away = self.roster.get(place).is_some_and(|entry| entry.away);
        let entry = self.roster.set_away(place, false);
        let change = entry.filter(|_| was_away).map(|entry| Change::Back { member, state: entry.state() });
        self.local += 1;
        self.present += 1;
        Some(Entered { place, change })
    }

    fn show_anew(&mut self, place: Place, (info, state): (Option<Json>, Option<Json>), now: Millis) {
        let Some(before) = self.roster.get(place) else { return };
        let (is_informed, is_shown) = (before.info() != info, before.state() != state);
        if is_informed {
            self.roster.set_info(place, info);
            self.presence.mark(place, News::Info, now);
        }
        if is_shown {
            self.roster.set_state(place, state);
            self.presence.mark(place, News::State, now);
        }
    }
}
