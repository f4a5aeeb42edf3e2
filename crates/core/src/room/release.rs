//! Members of this node whose clients have come to another one, which asks for them.
//!
//! Such a member is silent here, and nobody is told. Until the other node is heard to have it, it may still come back here, or to a
//! third node, since what the other one sent it may be lost. So each time that it is given away the next claim to it is to be higher,
//! and so is this node's own where it comes back: whoever has its client last has it.

use super::{Effect, Refused, RoomEngine};
use crate::cluster::{self, Present};
use crate::roster::Place;
use crate::{Generation, MemberId, Millis};

/// For so long after something was relayed another node may not have relayed it, in milliseconds: whoever asks for it asks for two
/// seconds, and what it asked last has to come.
const RELAYED_WITHIN_MS: Millis = 2_500;

impl RoomEngine {
    /// What it has shown and said is told before, and nobody here hears of its loss.
    pub(super) fn release(&mut self, member: &MemberId, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let place = self.local_place(member)?;
        self.membership.returning.remove(&place);
        self.flush_one(place, effects);
        let Some(before) = self.roster.get(place).map(|entry| entry.generation) else { return Err(Refused::NotIn) };
        if self.roster.get(place).is_some_and(|entry| !entry.away) {
            self.roster.set_away(place, true);
            self.present -= 1;
        }
        if let Some(elsewhere) = &mut self.elsewhere {
            let given = elsewhere.given.entry(member.clone()).or_insert(before);
            *given = next(*given);
        }
        self.publish(|| cluster::Change::Ceded { member: member.clone() });
        Ok(())
    }

    /// A member that was [given away](super::Input::Release), as the node that asked last is to take it over. `None`: it is not.
    #[must_use]
    pub fn given(&self, member: &MemberId) -> Option<Present> {
        let given = self.elsewhere.as_ref()?.given.get(member)?;
        let present = self.present(self.roster.find(member)?);
        Some(Present { generation: Generation(given.0.saturating_sub(1)), ..present })
    }

    /// Whether something was said of late that each node relays to its own members alone: which of two nodes' messages it is nobody
    /// can tell.
    #[must_use]
    pub fn has_relayed(&self, now: Millis) -> bool {
        let at = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.relayed_at);
        at.is_some_and(|at| now < at.saturating_add(RELAYED_WITHIN_MS))
    }

    /// Where a member of this node stands that may show or say something.
    pub(super) fn speaking_place(&self, member: &MemberId) -> Result<Place, Refused> {
        let is_given = self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.given.contains_key(member));
        if is_given { Err(Refused::NotIn) } else { self.local_place(member) }
    }

    /// It is this node's again, whoever was given it. `false`: it was all the time.
    pub(super) fn take_back(&mut self, place: Place) -> bool {
        let Some(member) = self.roster.get(place).map(|entry| entry.member.clone()) else { return false };
        let given = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.given.remove(&member));
        given.is_some_and(|given| self.roster.hand_to(place, self.config.node, next(given)).is_some())
    }

    /// Another node has it, or it has left.
    pub(super) fn give_no_more(&mut self, member: &MemberId) {
        let _before = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.given.remove(member));
    }
}

fn next(generation: Generation) -> Generation {
    Generation(generation.0.saturating_add(1))
}
