//! Whom the client of a newcomer was before: a member that another process had, or that another node still has.

use roomful_core::cluster::Verdict;
use roomful_core::pattern::Topic;
use roomful_core::roster::Place;
use roomful_core::session::{Offered, Resume};
use roomful_core::{Generation, MemberId, NodeId, UserId};

use crate::came::Came;
use crate::claims::Claim;
use crate::elsewhere::{Elsewhere, LookedInto};
use crate::member::LiveMember;
use crate::room_sessions;

/// A client is back at one node, and was at most at one other in the same moment.
const MOST_ASKED: usize = 2;

/// While this is there nobody else is let in as that one.
pub(crate) struct Former {
    member: MemberId,
    user: Option<UserId>,
    place: Option<Place>,
    generation: Generation,
    /// The node that has it, where it is another one of the cluster.
    at: Option<NodeId>,
    turn: u64,
    resume: Resume,
    /// What its client has presented, and what its node has given away.
    pub(crate) came: Came,
    pub(crate) claim: Claim,
}

impl Former {
    /// Where it stood, and how often it has been taken over when it is back.
    pub(crate) fn stood(&self) -> (Option<Place>, Generation) {
        (self.place, Generation(self.generation.0.saturating_add(1)))
    }

    /// With what its node gives away. `None`: nobody has it any more.
    async fn given_by(mut self, at: NodeId, room: &LookedInto) -> Option<Self> {
        let mut asked = at;
        // It may have gone on to another node meanwhile, which can be asked, too.
        for _ in 0..MOST_ASKED {
            let verdict = room.ask_for(&self.member, asked, self.resume).await;
            if let Verdict::Released(released) = verdict {
                self.came = self.came.given_by(asked, self.resume.seen, *released);
                return Some(self);
            }
            let (now_at, generation) = room.holder(&self.member)?;
            self.generation = self.generation.max(generation);
            match verdict {
                _ if now_at != asked => asked = now_at,
                Verdict::NotHeld => return None,
                Verdict::Released(_) | Verdict::Silent => break,
            }
        }
        Some(self)
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
        let known = match elsewhere {
            Elsewhere::Has { member, user, generation, at } => (member, user, None, generation, Some(at)),
            Elsewhere::HasNot => return None,
            Elsewhere::Unknown => {
                let sealed = self.process().unseal(offered, topic)?;
                (sealed.member, sealed.user, Some(sealed.place), sealed.generation, None)
            }
        };
        let (member, user, place, generation, at) = known;
        let claim = self.process().claims().claim(&member).await;
        let turn = turn.unwrap_or_else(|| self.process().next_turn());
        let came = Came::new(offered.resume);
        Some(Former { member, user, place, generation, at, turn, resume: offered.resume, came, claim })
    }

    /// Is that one from here on, where it is still the same user and nobody has that id now. Before it asks to be let in, and when
    /// its guards have run. Of one that another node has that one is asked first; it may have it no more.
    pub(crate) async fn be_as_formerly(
        &self,
        former: Former,
        user: Option<&UserId>,
        room: Option<&LookedInto>,
    ) -> Option<Former> {
        if former.user.as_ref() != user {
            return None;
        }
        let is_in_cluster = self.process().in_cluster().is_some();
        let former = match former.at.zip(room).filter(|_| is_in_cluster) {
            // Boxed, because few come from another node.
            Some((at, room)) => Box::pin(former.given_by(at, room)).await?,
            None => former,
        };
        if !self.be(&former.member) {
            return None;
        }
        let said = if is_in_cluster { former.came.said() } else { None };
        said.into_iter().for_each(|said| self.inbox().go_on_from(said));
        // Who presents the same and began earlier comes too late.
        let _first = self.inbox().is_newer(former.turn);
        Some(former)
    }
}
