//! A room from outside any connection: an HTTP handler of the worker's, a scheduled job.

use std::marker::PhantomData;

use roomful::{Channel, Member, MemberId, Rooms};
use roomful_core::Json;
use roomful_core::pattern::Pattern;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Method, Request, RequestInit, Response};

use crate::edge::{OBJECT, Objects};

/// One room, whether anybody is in it or not. Made by [`RoomsExt::remote`](crate::RoomsExt::remote). Each call is a request
/// to the room's object.
pub struct RemoteRoom<C: Channel> {
    objects: Objects,
    /// `None` when the key names no room: a required param is empty. Nobody can be in it.
    topic: Option<String>,
    channel: PhantomData<fn() -> C>,
}

/// Why a room could not be acted on.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The message cannot be JSON, or a state does not fit the presence type.
    #[error("the value is not what the channel says: {0}")]
    Value(#[from] serde_json::Error),
    /// The room refused: the message is over its limit.
    #[error("{0}")]
    Refused(String),
    /// The platform failed, or the object did.
    #[error("the room's object did not answer: {0}")]
    Platform(#[from] worker::Error),
}

/// What the worker asks of an object.
#[derive(Serialize, Deserialize)]
enum Act {
    Broadcast(Json),
    Members,
    Kick(MemberId),
}

impl<C: Channel> RemoteRoom<C> {
    pub(crate) fn new(objects: Objects, key: &C) -> Self {
        let topic = Pattern::parse(C::PATTERN).ok().and_then(|pattern| pattern.topic(&key.to_params()).ok());
        Self { objects, topic: topic.map(|topic| topic.as_str().to_owned()), channel: PhantomData }
    }

    /// A message to every member, from nobody: its `from` is the empty string. Returns how many members there were.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](roomful::Limits::message_bytes), or the object
    /// does not answer.
    pub async fn broadcast(&self, msg: &C::Outgoing) -> Result<usize, RemoteError> {
        self.ask(&Act::Broadcast(Json::encode(msg)?)).await
    }

    /// Everybody in the room, in join order.
    ///
    /// # Errors
    ///
    /// When a state is of another type, or the object does not answer.
    pub async fn members(&self) -> Result<Vec<Member<C::Presence>>, RemoteError> {
        let members: Vec<Member<Json>> = self.ask(&Act::Members).await?;
        let typed = |Member { id, state }: Member<Json>| {
            Ok(Member { id, state: state.map(|state| state.decode()).transpose()? })
        };
        members.into_iter().map(typed).collect()
    }

    /// Removes a member: it leaves at once and its connection is closed 4410. `false` when there is no such member.
    ///
    /// # Errors
    ///
    /// When the object does not answer.
    pub async fn kick(&self, member: &MemberId) -> Result<bool, RemoteError> {
        self.ask(&Act::Kick(member.clone())).await
    }

    async fn ask<A: DeserializeOwned + Default>(&self, act: &Act) -> Result<A, RemoteError> {
        let Some(topic) = &self.topic else { return Ok(A::default()) };
        let body = serde_json::to_string(act)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Transport).with_body(Some(body.into()));
        let request = Request::new_with_init(OBJECT, &init)?;
        let mut response = self.objects.named(topic)?.fetch_with_request(request).await?;
        match response.status_code() {
            200 => Ok(serde_json::from_slice(&response.bytes().await?)?),
            _ => Err(RemoteError::Refused(response.text().await?)),
        }
    }
}

/// The object's half of [`RemoteRoom::ask`].
pub(crate) fn act(rooms: &Rooms, body: &[u8]) -> worker::Result<Response> {
    let room = rooms.only_room();
    match serde_json::from_slice(body)? {
        Act::Broadcast(msg) => match room.broadcast(msg) {
            Ok(members) => Response::from_json(&members),
            Err(error) => Response::error(error.to_string(), 400),
        },
        Act::Members => Response::from_json(&room.members()),
        Act::Kick(member) => Response::from_json(&room.kick(&member)),
    }
}
