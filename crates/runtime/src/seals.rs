//! Members that another process had, which ended without a word: who they are stands in the seals of their tokens.

use std::time::SystemTime;

use roomful_core::pattern::Topic;
use roomful_core::room::RoomEngine;
use roomful_core::roster::Place;
use roomful_core::session::{Offered, Seal, Sealed, Token};
use roomful_core::{Limits, MemberId, Millis};

use crate::process::Process;

/// The clock moves on faster than members come to one room, so a place that is made of the time is behind all that were given
/// earlier, by whatever process.
const PLACES_PER_MILLISECOND: u64 = 1_024;

impl Process {
    /// Where the first stands who is new in a room that begins here.
    pub(crate) fn first_place(&self) -> Place {
        Place(self.seal().map_or(0, |_| self.since_1970().saturating_mul(PLACES_PER_MILLISECOND)))
    }

    /// What this process says in a room that begins here has numbers of its own above this: above all that it said there before.
    pub(crate) fn first_word(&self) -> u64 {
        self.since_1970().saturating_mul(PLACES_PER_MILLISECOND)
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

    /// What the seal behind a token says of its member, where this process may believe it.
    pub(crate) fn unseal(&self, offered: &Offered, topic: &Topic) -> Option<Sealed> {
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
