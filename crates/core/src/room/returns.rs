//! Who has a socket again, and when it is sent the room.
//!
//! Like those who [come](super::membership), those who are back in a large room within a tick of another wait for that: to list
//! thousands of members takes its time, and when thousands are back at once they share what is listed. Until then such a member is as
//! it was. What is said meanwhile follows its snapshot as what it missed before does.

use std::sync::Arc;

use super::{Change, Effect, Refused, RoomEngine};
use crate::cluster;
use crate::roster::Place;
use crate::{MemberId, Millis};

impl RoomEngine {
    /// Whether that member is back and waits for the room's tick: see [`Effect::Returned`].
    #[must_use]
    pub fn is_returning(&self, member: &MemberId) -> bool {
        self.roster.place(member).is_some_and(|place| self.membership.returning.contains(&place))
    }

    /// A member has a socket again, or another one. It hears the whole room anew, and where it was away the others hear of it.
    pub(super) fn return_of(
        &mut self,
        member: &MemberId,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        let place = self.local_place(member)?;
        if !self.tells_at_once(now) {
            self.membership.returning.insert(place);
            return Ok(());
        }
        let back = self.be_back(place);
        if back.is_some() {
            self.keep(place, effects);
        }
        effects.push(self.snapshot_for(member.clone(), &Arc::new(self.roster.listing())));
        self.announce(back.into_iter().collect(), Some(member.clone()), effects);
        Ok(())
    }

    /// Those who are back and whose turn it is: as many as whose snapshots together are within `limit` bytes, and one at least.
    pub(super) fn returned_within(&mut self, limit: usize) -> Vec<Place> {
        let most = limit.checked_div(self.roster.listed_bytes()).unwrap_or(usize::MAX).max(1);
        let first: Vec<_> = std::iter::from_fn(|| self.membership.returning.pop_first()).take(most).collect();
        // One that another node has taken over meanwhile is not back here.
        first.into_iter().filter(|place| self.is_local(*place)).collect()
    }

    fn is_local(&self, place: Place) -> bool {
        self.roster.get(place).is_some_and(|entry| entry.node == self.config.node)
    }

    /// It has a socket from here on; what the others hear of that, where it was away.
    pub(super) fn be_back(&mut self, place: Place) -> Option<Change> {
        let entry = self.roster.get(place).filter(|entry| entry.away)?;
        let back = Change::Back { member: entry.member.clone(), state: entry.state() };
        self.roster.set_away(place, false);
        self.present += 1;
        if self.take_back(place) {
            self.publish_joined(place);
        } else {
            self.publish(|| cluster::Change::Back { member: back.member().clone() });
        }
        Some(back)
    }
}
