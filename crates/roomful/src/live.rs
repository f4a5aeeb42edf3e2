//! Live values: loaded when somebody listens, and anew when they may have changed.

use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Channel, Deny, Error, MaybeSend, MaybeSync, Result, Upgrade};

/// A value that pages show and that is always the latest: whoever listens is sent it, and sent it again whenever the app says that
/// it may have [changed](crate::Rooms::wake) and it has.
///
/// However many listen to one key it is loaded once. No two loads of one key overlap; however often it is woken while one runs, one
/// more follows. Where nobody listens nothing is loaded. The same bytes are not sent again. A load that fails, or takes longer than
/// [`Limits::load_timeout_ms`](crate::Limits::load_timeout_ms), leaves the last value as it is, and is tried again after
/// [`Limits::load_retry_ms`](crate::Limits::load_retry_ms).
///
/// A value that differs by who asks is a [`LiveFor`].
///
/// ```
/// use roomful::{Channel, Live, Result, Rooms};
///
/// #[derive(Clone, Channel)]
/// #[channel("board/:boardId")]
/// struct Board { board_id: String }
///
/// struct Tasks;
///
/// impl Live for Tasks {
///     type Channel = Board;
///     type Value = Vec<String>;
///
///     async fn load(&self, board: &Board) -> Result<Vec<String>> {
///         Ok(vec![format!("water the plants of {}", board.board_id)])
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rooms = Rooms::new().module("board", |m| m.live("tasks", Tasks)).build()?;
/// rooms.wake(&Board { board_id: "main".into() }).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live value",
    note = "implement `roomful::Live` for it: `type Channel`, `type Value` and `async fn load` are what it must have"
)]
pub trait Live: MaybeSend + MaybeSync + Sized + 'static {
    /// Its key.
    type Channel: Channel;

    /// What it is.
    type Value: LiveValue;

    /// What it is now. Dropped where it takes too long.
    fn load(&self, key: &Self::Channel) -> impl Future<Output = Result<Self::Value>> + MaybeSend;

    /// A load failed, panicked or took too long. By default it is logged.
    fn on_error(&self, key: &Self::Channel, error: Error) -> impl Future<Output = ()> + MaybeSend {
        let _ = key;
        tracing::error!(live = std::any::type_name::<Self>(), %error, "a live value could not be loaded");
        async {}
    }
}

/// A [`Live`] value that differs by who asks. It is loaded once for all whose [`Data`](LiveFor::Data) is equal as JSON: give it no
/// more than what makes a difference, the user's role and not the user's name.
///
/// ```
/// use roomful::{Channel, Deny, LiveFor, Result, Rooms, Upgrade};
///
/// #[derive(Clone, Channel)]
/// #[channel("inbox")]
/// struct Inbox;
///
/// struct Unread;
///
/// impl LiveFor for Unread {
///     type Channel = Inbox;
///     type Data = String;
///     type Value = usize;
///
///     async fn data(&self, upgrade: &Upgrade<Inbox>) -> Result<String, Deny> {
///         upgrade.header("x-user").map(str::to_owned).ok_or_else(Deny::forbidden)
///     }
///     async fn load_for(&self, _: &Inbox, user: &String) -> Result<usize> {
///         Ok(user.len())
///     }
/// }
/// let rooms = Rooms::new().module("mail", |m| m.live_for("unread", Unread)).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live value that differs by who asks",
    note = "implement `roomful::LiveFor` for it: `type Channel`, `type Data`, `type Value`, `async fn data` and \
            `async fn load_for` are what it must have"
)]
pub trait LiveFor: MaybeSend + MaybeSync + Sized + 'static {
    /// Its key.
    type Channel: Channel;

    /// What it differs by, found once for each who listens, at the upgrade.
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    /// What it is.
    type Value: LiveValue;

    /// Finds the data of somebody who wants to listen, after every guard has let it through. `Err` denies, a panic closes 1011.
    fn data(&self, upgrade: &Upgrade<Self::Channel>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;

    /// Until when this data is good: as [`Socket::expires`](crate::Socket::expires). New credentials are taken with a new connection
    /// alone, because other data may be another value.
    fn expires(&self, data: &Self::Data) -> Option<SystemTime> {
        let _ = data;
        None
    }

    /// What it is now, for those who have this data. Dropped where it takes too long.
    fn load_for(&self, key: &Self::Channel, data: &Self::Data)
    -> impl Future<Output = Result<Self::Value>> + MaybeSend;

    /// A load failed, panicked or took too long. By default it is logged.
    fn on_error(&self, key: &Self::Channel, error: Error) -> impl Future<Output = ()> + MaybeSend {
        let _ = key;
        tracing::error!(live = std::any::type_name::<Self>(), %error, "a live value could not be loaded");
        async {}
    }
}

/// What a [live](Live) value may be: what serde writes. With the feature `typescript` it also says what it is there, so that the
/// browser's types have it: derive [`TS`](crate::TS). Never implemented by hand.
#[cfg(feature = "typescript")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a live value",
    note = "it has to be `Serialize`, and with the feature `typescript` also `TS`: add `#[derive(Serialize, TS)]` to it"
)]
pub trait LiveValue: Serialize + crate::TS {}

#[cfg(feature = "typescript")]
impl<T: Serialize + crate::TS> LiveValue for T {}

/// What a [live](Live) value may be: what serde writes. Never implemented by hand.
#[cfg(not(feature = "typescript"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a live value",
    note = "it has to be `Serialize`: add `#[derive(Serialize)]` to it"
)]
pub trait LiveValue: Serialize {}

#[cfg(not(feature = "typescript"))]
impl<T: Serialize> LiveValue for T {}

/// A live value that is the same for everybody.
pub struct ForAll<L>(L);

impl<L> ForAll<L> {
    pub(crate) fn new(live: L) -> Self {
        Self(live)
    }
}

impl<L: Live> LiveFor for ForAll<L> {
    type Channel = L::Channel;
    type Data = ();
    type Value = L::Value;

    async fn data(&self, _: &Upgrade<L::Channel>) -> Result<(), Deny> {
        Ok(())
    }

    async fn load_for(&self, key: &L::Channel, (): &()) -> Result<L::Value> {
        self.0.load(key).await
    }

    async fn on_error(&self, key: &L::Channel, error: Error) {
        self.0.on_error(key, error).await;
    }
}
