//! Members that another process had, which ended without a word: who they are stands in the seals of their tokens.

use std::time::SystemTime;

use roomful_core::pattern::Topic;
use roomful_core::room::RoomEngine;
use roomful_core::roster::Place;
use roomful_core::session::{Offered, Seal, Sealed, Token};
use roomful_core::{Generation, Limits, MemberId, Millis, UserId};

use crate::claims::Claim;
use crate::member::LiveMember;
use crate::process::Process;
use crate::room_sessions;

/// The clock moves on faster than members come to one room, so a place that is made of the time is behind all that were given
/// earlier, by whatever process.
const PLACES_PER_MILLISECOND: u64 = 1_024;

/// Whom the client of a newcomer was in another process. While this is there nobody else is let in as that one.
pub(crate) struct Unsealed {
    sealed: Sealed,
    turn: u64,
    /// What its client has presented.
    pub(crate) token: Token,
    pub(crate) claim: Claim,
}

impl Unsealed {
    /// Where it stood, and how often it has been taken over when it is back.
    pub(crate) fn stood(&self) -> (Place, Generation) {
        (self.sealed.place, Generation(self.sealed.generation.0.saturating_add(1)))
    }
}

impl Process {
    /// Where the first stands who is new in a room that begins here.
    pub(crate) fn first_place(&self) -> Place {
        Place(self.seal().map_or(0, |_| self.since_1970().saturating_mul(PLACES_PER_MILLISECOND)))
    }

    /// What is to stand behind the token that this member of the room is given.
    pub(crate) fn seal_for(
        &self,
        topic: &Topic,
        room: &RoomEngine,
        (member, token): (&MemberId, Token),
        limits: &Limits,
    ) -> Option<Seal> {
        let key = self.seal().filter(|_| limits.seal_ms > 0)?;
        let place = room.roster().place(member)?;
        let entry = room.roster().get(place)?;
        let until = self.since_1970().saturating_add(limits.seal_ms);
        let (member, user) = (member.clone(), entry.user.clone());
        Some(key.seal(token, topic, &Sealed { member, place, generation: entry.generation, user, until }))
    }

    fn unseal(&self, offered: &Offered, topic: &Topic) -> Option<Sealed> {
        let (key, token) = (self.seal()?, offered.resume.token);
        // What this process gave and does not know any more is over, and so is what those gave in whose place it goes on.
        if token.node() == self.giver() || self.tokens().find(token).is_some() {
            return None;
        }
        key.open(offered.seal.as_ref()?, token, topic, self.since_1970())
    }

    fn since_1970(&self) -> Millis {
        let since = self.system_time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

impl LiveMember {
    /// Whom its client was in another process, where the token has a seal that says so. Waits for whoever is about to be let in as
    /// that one: it may be the same client's, on a connection that it has given up.
    pub(crate) async fn unseal(
        &self,
        (offered, turn): (Option<&Offered>, Option<u64>),
        topic: Option<&Topic>,
    ) -> Option<Unsealed> {
        let has_session = room_sessions::are_kept_for(self.line()?.dialect(), self.limits());
        let offered = offered.filter(|_| has_session)?;
        let sealed = self.process().unseal(offered, topic?)?;
        let claim = self.process().claims().claim(&sealed.member).await;
        let turn = turn.unwrap_or_else(|| self.process().next_turn());
        Some(Unsealed { sealed, turn, token: offered.resume.token, claim })
    }

    /// Is that one from here on, where it is still the same user and nobody has that id now. Before it asks to be let in, and when
    /// its guards have run.
    pub(crate) fn be_as_sealed(&self, unsealed: &Unsealed, user: Option<&UserId>) -> bool {
        if unsealed.sealed.user.as_ref() != user || !self.be(&unsealed.sealed.member) {
            return false;
        }
        // Who presents the same and began earlier comes too late.
        let _first = self.inbox().is_newer(unsealed.turn);
        true
    }
}
