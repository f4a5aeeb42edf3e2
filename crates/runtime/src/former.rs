//! Whom the client of a newcomer was before: a member that another process had, or that another node still has.

use roomful_core::pattern::Topic;
use roomful_core::roster::Place;
use roomful_core::session::{Offered, Token};
use roomful_core::{Generation, MemberId, UserId};

use crate::claims::Claim;
use crate::elsewhere::{Elsewhere, LookedInto};
use crate::member::LiveMember;
use crate::room_sessions;

/// While this is there nobody else is let in as that one.
pub(crate) struct Former {
    member: MemberId,
    user: Option<UserId>,
    place: Option<Place>,
    generation: Generation,
    turn: u64,
    /// What its client has presented.
    pub(crate) token: Token,
    pub(crate) claim: Claim,
}

impl Former {
    /// Where it stood, and how often it has been taken over when it is back.
    pub(crate) fn stood(&self) -> (Option<Place>, Generation) {
        (self.place, Generation(self.generation.0.saturating_add(1)))
    }
}

impl LiveMember {
    /// Whom its client was elsewhere, where that is known: another node of the cluster has it, or the token has a seal that says so; and
    /// the room that was looked into for that. Waits for whoever is about to be let in as that one: it may be the same client's, on a connection that it has given up.
    pub(crate) async fn former(
        &self,
        (offered, turn): (Option<&Offered>, Option<u64>),
        topic: Option<&Topic>,
    ) -> (Option<Former>, Option<LookedInto>) {
        let has_session = self.line().is_some_and(|line| room_sessions::are_kept_for(line.dialect(), self.limits()));
        let Some((offered, topic)) = offered.filter(|_| has_session).zip(topic) else { return (None, None) };
        let (elsewhere, room) = self.find_elsewhere(offered.resume.token, topic).await;
        (self.claim_former((offered, turn), topic, elsewhere).await, room)
    }

    async fn claim_former(
        &self,
        (offered, turn): (&Offered, Option<u64>),
        topic: &Topic,
        elsewhere: Elsewhere,
    ) -> Option<Former> {
        let token = offered.resume.token;
        let known = match elsewhere {
            Elsewhere::Has { member, user, generation } => (member, user, None, generation),
            Elsewhere::HasNot => return None,
            Elsewhere::Unknown => {
                let sealed = self.process().unseal(offered, topic)?;
                (sealed.member, sealed.user, Some(sealed.place), sealed.generation)
            }
        };
        let (member, user, place, generation) = known;
        let claim = self.process().claims().claim(&member).await;
        let turn = turn.unwrap_or_else(|| self.process().next_turn());
        Some(Former { member, user, place, generation, turn, token, claim })
    }

    /// Is that one from here on, where it is still the same user and nobody has that id now. Before it asks to be let in, and when
    /// its guards have run.
    pub(crate) fn be_as_formerly(&self, former: &Former, user: Option<&UserId>) -> bool {
        if former.user.as_ref() != user || !self.be(&former.member) {
            return false;
        }
        // Who presents the same and began earlier comes too late.
        let _first = self.inbox().is_newer(former.turn);
        true
    }
}
