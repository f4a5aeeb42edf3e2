//! The seam between what is typed and what is not: one connection's room or socket, its types forgotten.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use roomful_core::{Close, Json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::absent::Absent;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{Conn, Error, ErrorKind, Presence, Result, Room, Socket, SocketConn};

/// The hooks of one connection, to a room or to a socket. A hook may panic: call it through [`caught`].
pub(crate) trait Session: MaybeSend + MaybeSync {
    /// What its hooks are called.
    fn names(&self) -> HookNames;
    /// A room's `on_join`, a socket's `open`.
    fn on_open(&self) -> BoxFuture<'_, Result>;
    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>>;
    /// A room's `on_leave`, a socket's `close`.
    fn on_end<'a>(&'a self, close: &'a Close) -> BoxFuture<'a, ()>;
    fn on_error(&self, error: Error) -> BoxFuture<'_, ()>;
    /// What a room's member shows. A socket has nobody to show it to.
    fn presence(&self) -> Option<&dyn PresenceHooks>;
}

/// A room's hooks for what its members show.
pub(crate) trait PresenceHooks: MaybeSend + MaybeSync {
    fn seed(&self) -> Result<Option<Json>>;
    /// A client's own state as the room's presence type writes it: what others get of it is what the type says, not
    /// whatever else the client wrote.
    fn canonical(&self, state: Option<Json>) -> Result<Option<Json>, Misfit>;
}

/// Hooks as logs and metrics name them.
#[derive(Clone, Copy)]
pub(crate) struct HookNames {
    pub(crate) open: &'static str,
    pub(crate) message: &'static str,
    pub(crate) end: &'static str,
    pub(crate) error: &'static str,
}

/// A payload that is not of the type it should be; the text says where.
#[derive(Debug)]
pub(crate) struct Misfit(pub(crate) String);

pub(crate) enum MessageError {
    Misfit(Misfit),
    Handler(Error),
}

/// A room's.
pub(crate) struct RoomSession<R: Room> {
    pub(crate) room: Arc<R>,
    pub(crate) conn: Conn<R>,
}

/// A socket's.
pub(crate) struct SocketSession<S: Socket> {
    pub(crate) socket: Arc<S>,
    pub(crate) conn: SocketConn<S>,
}

impl<R: Room> Session for RoomSession<R> {
    fn names(&self) -> HookNames {
        HookNames { open: "on_join", message: "on_message", end: "on_leave", error: "on_error" }
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.room.on_join(&self.conn))
    }

    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        Box::pin(async move {
            let msg = decode(msg.as_ref()).map_err(MessageError::Misfit)?;
            self.room.on_message(&self.conn, msg).await.map_err(MessageError::Handler)
        })
    }

    fn on_end<'a>(&'a self, _: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(self.room.on_leave(&self.conn))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.room.on_error(&self.conn, error))
    }

    fn presence(&self) -> Option<&dyn PresenceHooks> {
        Some(self)
    }
}

impl<R: Room> PresenceHooks for RoomSession<R> {
    fn seed(&self) -> Result<Option<Json>> {
        self.room.presence(&self.conn).as_ref().map(encode).transpose()
    }

    fn canonical(&self, state: Option<Json>) -> Result<Option<Json>, Misfit> {
        let typed: Presence<R> = decode(state.as_ref())?;
        // An absent state that fits (an `Option`, a unit) stays absent, or it would become a `null` for everybody.
        let encoded = state.map(|_| encode(&typed)).transpose();
        encoded.map_err(|error| Misfit(error.to_string()))
    }
}

impl<S: Socket> Session for SocketSession<S> {
    fn names(&self) -> HookNames {
        HookNames { open: "open", message: "message", end: "close", error: "error" }
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.socket.open(&self.conn))
    }

    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        Box::pin(async move {
            let msg = decode(msg.as_ref()).map_err(MessageError::Misfit)?;
            self.socket.message(&self.conn, msg).await.map_err(MessageError::Handler)
        })
    }

    fn on_end<'a>(&'a self, close: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(self.socket.close(&self.conn, close.code, &close.reason))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.socket.error(&self.conn, error))
    }

    fn presence(&self) -> Option<&dyn PresenceHooks> {
        None
    }
}

impl dyn Session {
    /// Tells the app of an error. A panic in the telling can only be logged.
    pub(crate) async fn report(&self, error: Error) {
        if let Err(error) = caught(self.on_error(error).map(Ok)).await {
            tracing::error!(%error, "`{}` failed", self.names().error);
        }
    }
}

/// Runs a hook; its panic becomes an error like any other.
pub(crate) async fn caught<T>(hook: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(hook).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Error::panic(&*panic)),
    }
}

/// What the app gives away, as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Json> {
    Json::encode(value).map_err(|error| ErrorKind::Encode(error).into_error())
}

fn decode<T: DeserializeOwned>(payload: Option<&Json>) -> Result<T, Misfit> {
    match payload {
        Some(payload) => payload.decode().map_err(|error| Misfit(without_position(&error))),
        None => T::deserialize(Absent).map_err(|error| Misfit(error.to_string())),
    }
}

/// A line and a column of what was on the wire mean nothing to whoever called `send`.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
