//! Feeds: what the server alone says, to those who listen.

use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Channel, Deny, Error, MaybeSend, MaybeSync, Result, Upgrade};

/// An audience that listens to what the app [publishes](crate::Rooms::publish) for a key of its channel: no roster, and nobody is
/// told who else is there.
///
/// A client hears each event once and in order. One that lost its connection is sent what it missed, as far as
/// [`Limits::log_frames`](crate::Limits::log_frames), [`Limits::log_bytes`](crate::Limits::log_bytes) and the time go for which a
/// member of a room could be back; or it is told that something is missing.
///
/// ```
/// use roomful::{Channel, Deny, Feed, Rooms, Upgrade};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Saved { by: String }
///
/// #[derive(Clone, Channel)]
/// #[channel("board/:boardId", event = Saved)]
/// struct Board { board_id: String }
///
/// struct Activity;
///
/// impl Feed for Activity {
///     type Channel = Board;
///     type Data = ();
///
///     async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rooms = Rooms::new().module("board", |m| m.feed("activity", Activity)).build()?;
/// rooms.publish(&Board { board_id: "main".into() }, &Saved { by: "ann".into() }).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a feed",
    note = "implement `roomful::Feed` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait Feed: MaybeSend + MaybeSync + Sized + 'static {
    /// Its key and its events.
    type Channel: Channel;

    /// What belongs to one who listens, and is found once, at the upgrade. It must be serialisable, because in a Durable Object it
    /// outlives the process that found it.
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    /// Finds the data of somebody who wants to listen, after every guard has let it through. `Err` denies, a panic closes 1011.
    fn data(&self, upgrade: &Upgrade<Self::Channel>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;

    /// Until when this data is good: as [`Socket::expires`](crate::Socket::expires).
    fn expires(&self, data: &Self::Data) -> Option<SystemTime> {
        let _ = data;
        None
    }

    /// The client gave new credentials: as [`Socket::refresh`](crate::Socket::refresh).
    fn refresh(
        &self,
        key: &Self::Channel,
        data: &Self::Data,
        credentials: &str,
    ) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend {
        let _ = (key, data, credentials);
        async { Err(Deny::no_refresh()) }
    }

    /// A hook panicked, or a socket failed. By default it is logged.
    fn on_error(&self, key: &Self::Channel, error: Error) -> impl Future<Output = ()> + MaybeSend {
        let _ = key;
        tracing::error!(feed = std::any::type_name::<Self>(), %error, "a hook of a feed failed");
        async {}
    }
}
