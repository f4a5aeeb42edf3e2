//! The seam between what is typed and what is not: one connection's room, its types forgotten.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use roomful_core::Json;
use serde::de::DeserializeOwned;

use crate::absent::Absent;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{Conn, Error, ErrorKind, Presence, Result, Room};

/// The hooks of one connection. A hook may panic: call it through [`caught`].
pub(crate) trait Session: MaybeSend + MaybeSync {
    fn seed(&self) -> Result<Option<Json>>;
    fn on_join(&self) -> BoxFuture<'_, Result>;
    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>>;
    fn on_leave(&self) -> BoxFuture<'_, ()>;
    fn on_error(&self, error: Error) -> BoxFuture<'_, ()>;
    /// A client's own state as the room's presence type writes it: what others get of it is what the type says, not
    /// whatever else the client wrote.
    fn canonical_presence(&self, state: Option<Json>) -> Result<Option<Json>, Misfit>;
}

/// A payload that is not of the room's type; the text says where.
#[derive(Debug)]
pub(crate) struct Misfit(pub(crate) String);

pub(crate) enum MessageError {
    Misfit(Misfit),
    Handler(Error),
}

pub(crate) struct TypedSession<R: Room> {
    pub(crate) room: Arc<R>,
    pub(crate) conn: Conn<R>,
}

impl<R: Room> Session for TypedSession<R> {
    fn seed(&self) -> Result<Option<Json>> {
        self.room.presence(&self.conn).as_ref().map(encode_state::<R>).transpose()
    }

    fn on_join(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.room.on_join(&self.conn))
    }

    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        Box::pin(async move {
            let msg = decode(msg.as_ref()).map_err(MessageError::Misfit)?;
            self.room.on_message(&self.conn, msg).await.map_err(MessageError::Handler)
        })
    }

    fn on_leave(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.room.on_leave(&self.conn))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.room.on_error(&self.conn, error))
    }

    fn canonical_presence(&self, state: Option<Json>) -> Result<Option<Json>, Misfit> {
        let typed: Presence<R> = decode(state.as_ref())?;
        // An absent state that fits (an `Option`, a unit) stays absent, or it would become a `null` for everybody.
        let encoded = state.map(|_| encode_state::<R>(&typed)).transpose();
        encoded.map_err(|error| Misfit(error.to_string()))
    }
}

impl dyn Session {
    /// Tells the room of an error. A panic in the telling can only be logged.
    pub(crate) async fn report(&self, error: Error) {
        if let Err(error) = caught(self.on_error(error).map(Ok)).await {
            tracing::error!(%error, "`on_error` failed");
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

fn encode_state<R: Room>(state: &Presence<R>) -> Result<Json> {
    Json::encode(state).map_err(|error| ErrorKind::Encode(error).into_error())
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
