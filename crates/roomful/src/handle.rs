//! A room from outside any connection.

use std::marker::PhantomData;
use std::sync::Arc;

use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::{Audience, Input, Refused};
use roomful_core::{Json, MemberId};
use serde::Serialize;

use crate::runtime::{Hub, LiveRoom};
use crate::{Channel, Error, ErrorKind, Result};

/// One room, whether anybody is in it or not. Made by [`Rooms::at`](crate::Rooms::at).
pub struct RoomHandle<C: Channel> {
    hub: Arc<Hub>,
    /// `None` when the key names no room: a required param is empty. Nobody can be in it.
    topic: Option<Topic>,
    channel: PhantomData<fn() -> C>,
}

/// One entry of a roster. As JSON it is what a snapshot says: `{"id": .., "state": ..}`, without a state no `state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member<P> {
    /// Its id.
    pub id: MemberId,
    /// What it shows of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes).
    pub fn broadcast(&self, msg: &C::Outgoing) -> Result<usize> {
        let msg = Json::encode(msg).map_err(|error| ErrorKind::Encode(error).into_error())?;
        let Some(room) = self.room() else { return Ok(0) };
        match room.handle(Input::Broadcast { from: None, to: Audience::Everybody, msg }) {
            Ok(()) => Ok(room.read(|room| room.roster().len())),
            // The last member left in between.
            Err(Refused::NotIn) => Ok(0),
            Err(refused) => Err(Error::refused(refused)),
        }
    }

    /// Everybody in the room, in join order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a state is of another type: a room that shares this channel has set it.
    pub fn members(&self) -> Result<Vec<Member<C::Presence>>> {
        let entries = self.room().map(|room| room.read(|room| room.roster().iter().cloned().collect::<Vec<_>>()));
        let member = |entry: roomful_core::roster::Entry| {
            let state = entry.state.map(|state| state.decode()).transpose();
            let state = state.map_err(|error| ErrorKind::Decode(error).into_error())?;
            Ok(Member { id: entry.member, state })
        };
        entries.unwrap_or_default().into_iter().map(member).collect()
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.room().map_or(0, |room| room.read(|room| room.roster().len()))
    }

    /// Removes a member: it leaves at once and its connection is closed 4410. `false` when there is no such member.
    pub fn kick(&self, id: &str) -> bool {
        let member = MemberId::parse(id).ok();
        let link = member.zip(self.room()).and_then(|(member, room)| room.link(&member));
        if let Some(link) = &link {
            link.kick();
        }
        link.is_some()
    }

    fn room(&self) -> Option<Arc<LiveRoom>> {
        self.hub.find(self.topic.as_ref()?)
    }
}
