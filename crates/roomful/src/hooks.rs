//! Where JSON becomes the app's types: the hooks of one member of a room, or of one typed socket.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use roomful_core::{Close, Json, UserId};
use roomful_runtime::{
    Decision, DenialReason, HookNames, Hooks, MemberHooks, MessageError, Misfit, Showing, VisitHooks,
};
use serde::Serialize;

use crate::payload::{decode, encode, unless_null};
use crate::{BoxFuture, Conn, Deny, Error, Presence, Result, Room, Socket, SocketConn, Visit};

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
        Ok(self.conn.member().watched_call("expires", || self.room.expires(&self.conn.data())))
    }

    fn refresh<'a>(&'a self, credentials: &'a str, is_kept: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>> {
        Box::pin(self.conn.member().watched("refresh", async move {
            let data = self.room.refresh(&self.conn, credentials).await.map_err(Deny::into_reason)?;
            if self.room.user(&data) != self.room.user(&self.conn.data()) {
                return Err(DenialReason::Expired);
            }
            let kept = is_kept.then(|| encode(&data)).transpose().map_err(DenialReason::Failed)?;
            self.conn.renew(Arc::new(data));
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
        Ok(self.conn.member().watched_call("user", || self.room.user(&self.conn.data())))
    }

    fn info(&self) -> Result<Option<Json>> {
        let info = self
            .conn
            .member()
            .watched_call("info", || self.room.info(&self.conn.data()).as_ref().map(encode).transpose())?;
        Ok(info.and_then(unless_null))
    }

    fn seed(&self) -> Result<Option<Json>> {
        self.conn.member().watched_call("presence", || self.room.presence(&self.conn).as_ref().map(encode).transpose())
    }

    fn on_presence(&self, state: Option<Json>) -> Result<Showing<'_>, Misfit> {
        let member = self.conn.member();
        member.watched_call("presence", || {
            let typed: Presence<R> = decode(state.as_ref())?;
            let is_absent = state.is_none();
            if !member.shows_everything() {
                return Ok(Showing::Asked(Box::pin(member.watched("on_presence", self.decide(typed, is_absent)))));
            }
            match written(&typed, is_absent) {
                Ok(state) => Ok(Showing::AsItIs(state)),
                Err(error) => Err(Misfit(error.to_string())),
            }
        })
    }

    fn renew(&self, by: &dyn MemberHooks) {
        if let Some(by) = by.as_any().downcast_ref::<Self>() {
            self.conn.renew(by.conn.data());
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn on_away(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.conn.member().watched("on_away", async { self.room.on_away(&self.conn).await }))
    }

    fn on_return(&self) -> BoxFuture<'_, Result> {
        Box::pin(self.conn.member().watched("on_return", async { self.room.on_return(&self.conn).await }))
    }

    fn visit(&self, user: &UserId) -> Arc<dyn VisitHooks> {
        Arc::new(RoomVisit::new(self, user.clone()))
    }
}

impl<R: Room> RoomHooks<R> {
    async fn decide(&self, state: Presence<R>, was_absent: bool) -> Result<Decision> {
        let Some(shown) = self.room.on_presence(&self.conn, state).await? else { return Ok(Decision::Refuse) };
        match written(&shown, was_absent) {
            Ok(state) => Ok(Decision::Show(state)),
            // It is the client's own state, as it came.
            Err(error) if self.conn.member().shows_everything() => Ok(Decision::Misfit(Misfit(error.to_string()))),
            Err(error) => Err(error),
        }
    }
}

/// The hooks of a visit.
struct RoomVisit<R: Room> {
    visit: Visit<R>,
    /// Of the member that it is known by.
    hooks: RoomHooks<R>,
}

impl<R: Room> RoomVisit<R> {
    fn new(hooks: &RoomHooks<R>, user: UserId) -> Self {
        let hooks = RoomHooks { room: Arc::clone(&hooks.room), conn: hooks.conn.clone() };
        Self { visit: Visit::new(user, hooks.conn.clone()), hooks }
    }
}

impl<R: Room> VisitHooks for RoomVisit<R> {
    fn on_user_join(&self) -> BoxFuture<'_, Result> {
        Box::pin(
            self.hooks.conn.member().watched("on_user_join", async { self.hooks.room.on_user_join(&self.visit).await }),
        )
    }

    fn on_user_leave(&self) -> BoxFuture<'_, Result> {
        Box::pin(
            self.hooks
                .conn
                .member()
                .watched("on_user_leave", async { self.hooks.room.on_user_leave(&self.visit).await }),
        )
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        self.hooks.on_error(error)
    }
}

/// A state that was absent, and may be (an `Option`, a unit), stays absent: written again it would be `null`.
fn written<P: Serialize>(state: &P, was_absent: bool) -> Result<Option<Json>> {
    let written = encode(state)?;
    Ok(Some(written).filter(|written| !was_absent || written.as_str() != "null"))
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
        Ok(self.conn.member().watched_call("expires", || self.socket.expires(&self.conn.data())))
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

#[cfg(all(test, feature = "test"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]
#[allow(unused_imports, reason = "elsewhere nobody is told what the derive writes and does not need")]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::test::TestRoom;
    use crate::{Channel, Deny, Upgrade};

    #[derive(Clone, Channel)]
    #[channel("desk", presence = String, crate = crate)]
    struct Desk;

    type Joined<R> = Arc<Mutex<Vec<Conn<R>>>>;

    struct Plain(Joined<Self>);

    impl Room for Plain {
        type Channel = Desk;
        type Data = ();

        async fn data(&self, _: &Upgrade<Desk>) -> Result<(), Deny> {
            Ok(())
        }

        async fn on_join(&self, conn: &Conn<Self>) -> Result {
            self.0.lock().unwrap().push(conn.clone());
            Ok(())
        }
    }

    struct Asked(Joined<Self>);

    impl Room for Asked {
        type Channel = Desk;
        type Data = ();

        async fn data(&self, _: &Upgrade<Desk>) -> Result<(), Deny> {
            Ok(())
        }

        async fn on_join(&self, conn: &Conn<Self>) -> Result {
            self.0.lock().unwrap().push(conn.clone());
            Ok(())
        }

        async fn on_presence(&self, _: &Conn<Self>, state: String) -> Result<Option<String>> {
            Ok(Some(state))
        }
    }

    /// Whether the room was asked, for one state of each of two members and then one more of the first.
    async fn asked<R: Room<Channel = Desk, Data = ()>>(make: impl Fn(Joined<R>) -> R) -> Vec<bool> {
        let joined = Joined::default();
        let room = TestRoom::new(make(Arc::clone(&joined)));
        let members = (room.join(Desk, ()).await, room.join(Desk, ()).await);
        room.stats().await;
        let conns = joined.lock().unwrap().clone();
        let mut asked = Vec::new();
        for conn in [&conns[0], &conns[1], &conns[0]] {
            let hooks = RoomHooks { room: Arc::new(make(Joined::default())), conn: conn.clone() };
            let state = Json::encode("here").unwrap();
            let shown = match hooks.on_presence(Some(state.clone())).unwrap() {
                Showing::AsItIs(shown) => {
                    asked.push(false);
                    shown
                }
                Showing::Asked(deciding) => {
                    asked.push(true);
                    let Decision::Show(shown) = deciding.await.unwrap() else { panic!("it is shown") };
                    shown
                }
            };
            assert_eq!(shown, Some(state));
        }
        drop(members);
        asked
    }

    #[tokio::test]
    async fn a_room_without_the_hook_is_found_out_once_and_nothing_is_boxed_from_then_on() {
        assert_eq!(asked(Plain).await, [true, false, false]);
        assert_eq!(asked(Asked).await, [true, true, true]);
    }
}
