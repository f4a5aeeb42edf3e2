//! A room from outside any connection.

use std::marker::PhantomData;
use std::sync::Arc;

use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::{Audience, Input};
use roomful_core::roster::Entry;
use roomful_core::{Json, MemberId};
use serde::{Deserialize, Serialize};

use crate::absent::present;
use crate::runtime::{Hub, LiveRoom};
use crate::{Channel, ErrorKind, Result};

/// One room, whether anybody is in it or not. Made by [`Rooms::at`](crate::Rooms::at).
pub struct RoomHandle<C: Channel> {
    hub: Arc<Hub>,
    /// `None` when the key names no room: a required param is empty. Nobody can be in it.
    topic: Option<Topic>,
    channel: PhantomData<fn() -> C>,
}

/// One room, its types unknown: what a platform acts on for somebody who knows them. Made by
/// [`Rooms::only_room`](crate::Rooms::only_room).
pub struct UntypedRoom(Option<Arc<LiveRoom>>);

/// One entry of a roster. As JSON it is what a snapshot says: `{"id": .., "state": ..}`, without a state no `state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
pub struct Member<P> {
    /// Its id.
    pub id: MemberId,
    /// What it shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<P>,
}

impl<C: Channel> RoomHandle<C> {
    pub(crate) fn new(hub: Arc<Hub>, key: &C) -> Self {
        let topic = Pattern::parse(C::PATTERN).ok().and_then(|pattern| pattern.topic(&key.to_params()).ok());
        Self { hub, topic, channel: PhantomData }
    }

    /// A message to every member, from nobody: its `from` is the empty string. Returns how many members there were.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes);
    /// [`ErrorKind::Overloaded`] when the sockets are behind.
    pub fn broadcast(&self, msg: &C::Outgoing) -> Result<usize> {
        let msg = Json::encode(msg).map_err(|error| ErrorKind::Encode(error).into_error())?;
        self.room().broadcast(msg)
    }

    /// Everybody in the room, in join order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a state is of another type: a room that shares this channel has set it.
    pub fn members(&self) -> Result<Vec<Member<C::Presence>>> {
        let typed = |Member { id, state }: Member<Json>| {
            let state = state.map(|state| state.decode()).transpose();
            Ok(Member { id, state: state.map_err(|error| ErrorKind::Decode(error).into_error())? })
        };
        self.room().members().into_iter().map(typed).collect()
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.room().count()
    }

    /// Removes a member: it leaves at once and its connection is closed 4410. `false` when there is no such member.
    pub fn kick(&self, id: &str) -> bool {
        MemberId::parse(id).is_ok_and(|id| self.room().kick(&id))
    }

    fn room(&self) -> UntypedRoom {
        UntypedRoom::new(self.topic.as_ref().and_then(|topic| self.hub.find(topic)))
    }
}

impl UntypedRoom {
    pub(crate) fn new(room: Option<Arc<LiveRoom>>) -> Self {
        Self(room)
    }

    /// As [`RoomHandle::broadcast`].
    ///
    /// # Errors
    ///
    /// When the message is over [`Limits::message_bytes`](crate::Limits::message_bytes); [`ErrorKind::Overloaded`] when
    /// the sockets are behind.
    pub fn broadcast(&self, msg: Json) -> Result<usize> {
        let Some(room) = &self.0 else { return Ok(0) };
        room.tell(Input::Broadcast { from: None, to: Audience::Everybody, msg })?;
        Ok(self.count())
    }

    /// Everybody in the room, in join order.
    #[must_use]
    pub fn members(&self) -> Vec<Member<Json>> {
        let member = |entry: &Entry| Member { id: entry.member.clone(), state: entry.state.clone() };
        let room = self.0.as_ref();
        room.map_or_else(Vec::new, |room| room.read(|room| room.roster().iter().map(member).collect()))
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |room| room.read(|room| room.roster().len()))
    }

    /// As [`RoomHandle::kick`].
    #[must_use = "`false` says that there was no such member"]
    pub fn kick(&self, id: &MemberId) -> bool {
        let link = self.0.as_ref().and_then(|room| room.link(id));
        if let Some(link) = &link {
            link.kick();
        }
        link.is_some()
    }
}
