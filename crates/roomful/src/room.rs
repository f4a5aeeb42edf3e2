//! A room's behaviour: what the app writes.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Channel, Conn, Deny, Error, Result, Upgrade, UserId};
use roomful_runtime::{MaybeSend, MaybeSync};

/// What a client of this room sends.
pub type Incoming<R> = <<R as Room>::Channel as Channel>::Incoming;
/// What the server sends in this room.
pub type Outgoing<R> = <<R as Room>::Channel as Channel>::Outgoing;
/// What each member of this room shows of itself.
pub type Presence<R> = <<R as Room>::Channel as Channel>::Presence;

/// What happens in every room of one channel. One value serves all of them, so it holds what the app shares (a pool, a
/// client), and nothing of a single connection: that is [`Data`](Room::Data).
///
/// Hooks of one connection run one at a time, in order; different connections never wait for each other. A hook that
/// returns an error or panics ends nothing but itself: see [`on_error`](Room::on_error).
///
/// ```
/// use roomful::{Channel, Conn, Deny, Result, Room, Upgrade};
///
/// #[derive(Clone, Channel)]
/// #[channel("chat/:topic", message = String, presence = String)]
/// struct Topic { topic: String }
///
/// struct Chat;
///
/// impl Room for Chat {
///     type Channel = Topic;
///     type Data = String;
///
///     async fn data(&self, upgrade: &Upgrade<Topic>) -> Result<String, Deny> {
///         upgrade.query("name").ok_or_else(|| Deny::because("no name"))
///     }
///     fn presence(&self, conn: &Conn<Self>) -> Option<String> {
///         Some(conn.data().clone())
///     }
///     async fn on_message(&self, conn: &Conn<Self>, text: String) -> Result {
///         conn.broadcast(&text)
///     }
/// }
/// # let _ = roomful::Rooms::new().module("chat", |m| m.room("chat", Chat)).build();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a room",
    note = "implement `roomful::Room` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait Room: MaybeSend + MaybeSync + Sized + 'static {
    /// The channel that keys this room.
    type Channel: Channel;

    /// What a connection knows of itself, found once at the upgrade: the user, the locale. Serialisable, because in a
    /// Durable Object it outlives the process that found it.
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    /// Finds a connection's data, after every guard has let it through. `Err` denies, a panic closes 1011.
    ///
    /// There is no default: a type that happens to have a `Default` would then let everybody in as nobody. A room
    /// without data has `type Data = ()` and returns `Ok(())`.
    fn data(&self, upgrade: &Upgrade<Self::Channel>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;

    /// Whose connection this is: several members may be one user, as three tabs and a phone are. Everybody in the room is
    /// told. By default nobody's.
    fn user(&self, data: &Self::Data) -> Option<UserId> {
        let _ = data;
        None
    }

    /// The state that the member joins with; others get it with the join. By default none.
    fn presence(&self, conn: &Conn<Self>) -> Option<Presence<Self>> {
        let _ = conn;
        None
    }

    /// The member is in the roster and has its snapshot. An error or a panic closes it 1011.
    fn on_join(&self, conn: &Conn<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = conn;
        async { Ok(()) }
    }

    /// The client sent a message that fits the channel's type. What others get of it is this hook's decision: by
    /// default nothing.
    fn on_message(&self, conn: &Conn<Self>, msg: Incoming<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = (conn, msg);
        async { Ok(()) }
    }

    /// The member has left: the roster and the others know, [deferred](Conn::defer) teardowns have run. Runs exactly
    /// once for every connection that joined, whatever ended it.
    fn on_leave(&self, conn: &Conn<Self>) -> impl Future<Output = ()> + MaybeSend {
        let _ = conn;
        async {}
    }

    /// A hook returned an error or panicked, or the socket failed. By default it is logged.
    fn on_error(&self, conn: &Conn<Self>, error: Error) -> impl Future<Output = ()> + MaybeSend {
        tracing::error!(member = %conn.id(), room = std::any::type_name::<Self>(), %error, "a room's hook failed");
        async {}
    }
}
