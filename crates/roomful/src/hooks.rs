//! Where JSON becomes the app's types: the hooks of one member of a room, or of one typed socket.

use std::sync::Arc;
use std::time::SystemTime;

use roomful_core::{Close, Json, UserId};
use roomful_runtime::{DenialReason, HookNames, Hooks, MemberHooks, MessageError, Misfit};

use crate::payload::{decode, encode};
use crate::{BoxFuture, Conn, Deny, Error, Presence, Result, Room, Socket, SocketConn};

/// The hooks of a member of a room.
pub(crate) struct RoomHooks<R: Room> {
    pub(crate) room: Arc<R>,
    pub(crate) conn: Conn<R>,
}

/// The hooks of a typed socket.
pub(crate) struct SocketHooks<S: Socket> {
    pub(crate) socket: Arc<S>,
    pub(crate) conn: SocketConn<S>,
}

impl<R: Room> Hooks for RoomHooks<R> {
    fn names(&self) -> HookNames {
        HookNames { open: "on_join", message: "on_message", end: "on_leave", error: "on_error" }
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.conn.member().watched("on_join", async { self.room.on_join(&self.conn).await }))
    }

    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        Box::pin(self.conn.member().watched("on_message", async move {
            let msg = decode(msg.as_ref()).map_err(MessageError::Misfit)?;
            self.room.on_message(&self.conn, msg).await.map_err(MessageError::Handler)
        }))
    }

    fn on_end<'a>(&'a self, _: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(self.conn.member().watched("on_leave", async { self.room.on_leave(&self.conn).await }))
    }

    fn expires(&self) -> Result<Option<SystemTime>> {
        Ok(self.conn.member().watched_call("expires", || self.room.expires(self.conn.data())))
    }

    fn refresh<'a>(&'a self, credentials: &'a str, is_kept: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>> {
        Box::pin(self.conn.member().watched("refresh", async move {
            let data = self.room.refresh(&self.conn, credentials).await.map_err(Deny::into_reason)?;
            if self.room.user(&data) != self.room.user(self.conn.data()) {
                return Err(DenialReason::Expired);
            }
            let kept = is_kept.then(|| encode(&data)).transpose().map_err(DenialReason::Failed)?;
            self.conn.renew(data);
            Ok(kept)
        }))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.conn.member().watched("on_error", async { self.room.on_error(&self.conn, error).await }))
    }

    fn member(&self) -> Option<&dyn MemberHooks> {
        Some(self)
    }
}

impl<R: Room> MemberHooks for RoomHooks<R> {
    fn user(&self) -> Result<Option<UserId>> {
        Ok(self.conn.member().watched_call("user", || self.room.user(self.conn.data())))
    }

    fn seed(&self) -> Result<Option<Json>> {
        self.conn.member().watched_call("presence", || self.room.presence(&self.conn).as_ref().map(encode).transpose())
    }

    fn canonical(&self, state: Option<Json>) -> Result<Option<Json>, Misfit> {
        self.conn.member().watched_call("presence", || {
            let typed: Presence<R> = decode(state.as_ref())?;
            // A state that is absent, and may be (an `Option`, a unit), stays absent: written again it would be `null`.
            let encoded = state.map(|_| encode(&typed)).transpose();
            encoded.map_err(|error| Misfit(error.to_string()))
        })
    }
}

impl<S: Socket> Hooks for SocketHooks<S> {
    fn names(&self) -> HookNames {
        HookNames { open: "open", message: "message", end: "close", error: "error" }
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.conn.member().watched("open", async { self.socket.open(&self.conn).await }))
    }

    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        Box::pin(self.conn.member().watched("message", async move {
            let msg = decode(msg.as_ref()).map_err(MessageError::Misfit)?;
            self.socket.message(&self.conn, msg).await.map_err(MessageError::Handler)
        }))
    }

    fn on_end<'a>(&'a self, close: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(self.conn.member().watched("close", async {
            self.socket.close(&self.conn, close.code, &close.reason).await;
        }))
    }

    fn expires(&self) -> Result<Option<SystemTime>> {
        Ok(self.conn.member().watched_call("expires", || self.socket.expires(self.conn.data())))
    }

    fn refresh<'a>(&'a self, credentials: &'a str, is_kept: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>> {
        Box::pin(self.conn.member().watched("refresh", async move {
            let data = self.socket.refresh(&self.conn, credentials).await.map_err(Deny::into_reason)?;
            let kept = is_kept.then(|| encode(&data)).transpose().map_err(DenialReason::Failed)?;
            self.conn.renew(data);
            Ok(kept)
        }))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.conn.member().watched("error", async { self.socket.error(&self.conn, error).await }))
    }

    fn member(&self) -> Option<&dyn MemberHooks> {
        None
    }
}
