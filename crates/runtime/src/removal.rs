//! Taking members of this process out, because the app or another node says so.

use roomful_core::pattern::Topic;
use roomful_core::{Close, MemberId, UserId};

use crate::hub::Hub;
use crate::live_room::LiveRoom;

impl Hub {
    /// `false`: no member of this process has that id in that room.
    pub(crate) fn kick(&self, room: Option<&LiveRoom>, member: &MemberId, close: Close) -> bool {
        let is_in = room.is_some_and(|room| room.read(|room| room.roster().find(member).is_some()));
        let occupant = self.occupant(member).filter(|_| is_in);
        let is_there = occupant.is_some();
        if let Some(occupant) = occupant {
            occupant.expel(close);
        }
        is_there
    }

    /// Of one room, or of all. Whoever is on its way into one never gets there. `false`: there was nobody.
    pub(crate) fn kick_user(&self, topic: Option<&Topic>, user: &UserId, close: &Close) -> bool {
        let room = topic.and_then(|topic| self.find(topic));
        let is_meant = |member: &MemberId| match (topic, &room) {
            (None, _) => true,
            (Some(_), Some(room)) => room.read(|room| room.roster().find(member).is_some() || room.is_waiting(member)),
            (Some(_), None) => false,
        };
        let members = self.process().user_connections().members_of(user);
        let occupants = members.iter().filter(|member| is_meant(member)).filter_map(|member| self.occupant(member));
        let removed = occupants.map(|occupant| occupant.expel(close.clone())).count();
        // Nobody is to be waited for who may not come back.
        let (lingered, untold) = self.process().users().forgo(topic, user);
        self.process().tell_of_users(untold);
        let lingered_over_nodes = self.forgo_over_nodes(topic, user);
        lingered || lingered_over_nodes || removed > 0
    }

    fn forgo_over_nodes(&self, topic: Option<&Topic>, user: &UserId) -> bool {
        if self.process().in_cluster().is_none() {
            return false;
        }
        let rooms = topic.map_or_else(|| self.rooms(), |topic| self.find(topic).into_iter().collect());
        rooms.iter().filter(|room| room.forgo(user)).count() > 0
    }
}
