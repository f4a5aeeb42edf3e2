//! Rooms, and who is in them.

use roomful_core::frame::EndpointKind;
use roomful_core::roster::{Entry, Place, Row};
use roomful_core::{Json, MemberId, NodeId, UserId};

use super::Inspection;
use super::connection::ConnectionView;
use crate::live_room::LiveRoom;
use crate::traffic::Totals;

/// A room of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomView {
    /// Which, among all that this process ever had.
    pub number: u64,
    /// Its key, as text.
    pub topic: String,
    /// What has gone through it.
    pub totals: Totals,
}

/// One line of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterView {
    /// Where it stands; what comes behind it is asked for by this.
    pub place: u64,
    /// Its id.
    pub id: MemberId,
    /// Whose it is, where the room names its users.
    pub user: Option<UserId>,
    /// Whether it has no socket and is held.
    pub away: bool,
    /// The node that it is connected to.
    pub node: NodeId,
    /// What the server says of it.
    pub info: Option<Json>,
    /// What it shows.
    pub state: Option<Json>,
    /// Its connection, where that is this process's.
    pub connection: Option<ConnectionView>,
}

impl Inspection {
    /// Every room that somebody is in, in no order. No room is locked for it.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomView> {
        self.app.hub().rooms().iter().map(|room| view(room)).collect()
    }

    /// One room, where somebody is in it.
    #[must_use]
    pub fn room(&self, topic: &str) -> Option<RoomView> {
        self.find(topic).map(|room| view(&room))
    }

    /// What the rooms of this topic are called, each as module and name.
    #[must_use]
    pub fn names(&self, topic: &str) -> Vec<(String, String)> {
        let rooms = self.app.definitions().iter().filter(|definition| definition.kind == EndpointKind::Room);
        let its = rooms.filter(|definition| definition.pattern.params_of(topic).is_some());
        its.map(|definition| (definition.terms.module.clone(), definition.terms.name.clone())).collect()
    }

    /// Who is in a room, in join order, from behind this place on, at most so many. The room is locked while they are copied.
    #[must_use]
    pub fn roster(&self, topic: &str, after: Option<u64>, most: usize) -> Vec<RosterView> {
        let Some(room) = self.find(topic) else { return Vec::new() };
        let mut roster: Vec<_> = room.read(|engine| {
            let next = engine.roster().iter_after(after.map(Place)).take(most);
            next.map(|(place, row)| of_row(place, row)).collect()
        });
        // Not under the lock.
        for member in &mut roster {
            member.connection = self.member(&member.id).and_then(|live| ConnectionView::of(&live));
        }
        roster
    }
}

fn view(room: &LiveRoom) -> RoomView {
    RoomView { number: room.id().0.get(), topic: room.topic().as_str().to_owned(), totals: room.traffic().totals() }
}

fn of_row(Place(place): Place, row: &Row) -> RosterView {
    let Entry { member, user, away, node, info, state, .. } = row.into();
    RosterView { place, id: member, user, away, node, info, state, connection: None }
}
