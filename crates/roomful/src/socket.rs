//! A typed socket, a private channel to one client beside the rooms, and the connection that its hooks are given.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use roomful_core::MemberId;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::LiveMember;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::Newest;
use crate::payload::encode;
use crate::{Deny, Error, MaybeSend, MaybeSync, Result, Rooms, Upgrade};

/// What a client of this socket sends.
pub type SocketIncoming<S> = <<S as Socket>::Channel as SocketChannel>::Incoming;
/// What the server sends on this socket.
pub type SocketOutgoing<S> = <<S as Socket>::Channel as SocketChannel>::Outgoing;

/// The params of a typed socket, and the types that travel on it. A value of the type is what one client asked with.
///
/// Derive it:
///
/// ```
/// use roomful::SocketChannel;
///
/// /// An assistant for one document.
/// #[derive(Clone, SocketChannel)]
/// #[socket("doc/:docId", incoming = String, outgoing = Vec<String>)]
/// pub struct Assistant {
///     pub doc_id: String,
/// }
///
/// /// Without params there is no pattern.
/// #[derive(Clone, SocketChannel)]
/// #[socket(message = String)]
/// pub struct Echo;
///
/// assert_eq!(Assistant::PATTERN, "doc/:docId");
/// ```
///
/// The pattern has a channel's grammar, and its params are fields as a channel's are: see [`Channel`](crate::Channel).
/// `message` is `incoming` and `outgoing` in one. What is not given is `()`. Nobody shares anything over a socket, so two
/// sockets may have the same pattern, and a socket may have that of a room.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a socket's definition",
    note = "add `#[derive(Clone, SocketChannel)]` and `#[socket(\"name/:param\", incoming = .., outgoing = ..)]` to it"
)]
pub trait SocketChannel: Clone + Send + Sync + Sized + 'static {
    /// The pattern, as the derive was given it; empty where it was given none.
    const PATTERN: &'static str;
    /// What a client sends.
    type Incoming: DeserializeOwned + Send + 'static;
    /// What the server sends.
    type Outgoing: Serialize;

    /// The value with these params.
    ///
    /// # Errors
    ///
    /// When a required param is missing.
    fn from_params(params: &Params) -> Result<Self, KeyError>;

    /// The params of this value.
    fn to_params(&self) -> Params;

    /// Adds the socket's types to `types`, for `rooms.typescript()`. Written by the derive.
    #[doc(hidden)]
    fn describe(types: &mut crate::__private::TypeSink);
}

/// What happens on a typed socket: a private channel to one client, without others and without a roster. One value serves all
/// connections, so it holds what the app shares; what belongs to a single connection is its [`Data`](Socket::Data).
///
/// Hooks of one connection run one at a time, in order; different connections never wait for each other. A hook that
/// returns an error or panics ends nothing but itself: see [`error`](Socket::error).
///
/// ```
/// use roomful::{Deny, Result, Rooms, Socket, SocketChannel, SocketConn, Upgrade};
///
/// #[derive(Clone, SocketChannel)]
/// #[socket("doc/:docId", incoming = String, outgoing = String)]
/// struct Assistant { doc_id: String }
///
/// struct Answers;
///
/// impl Socket for Answers {
///     type Channel = Assistant;
///     type Data = String;
///
///     async fn data(&self, upgrade: &Upgrade<Assistant>) -> Result<String, Deny> {
///         upgrade.query("name").ok_or_else(|| Deny::because("no name"))
///     }
///     async fn message(&self, socket: &SocketConn<Self>, question: String) -> Result {
///         socket.send(&format!("{}: {} asks {question}", socket.key().doc_id, socket.data()))
///     }
/// }
/// let rooms = Rooms::new().module("docs", |m| m.socket("assistant", Answers)).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a socket",
    note = "implement `roomful::Socket` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait Socket: MaybeSend + MaybeSync + Sized + 'static {
    /// Its params and the types that travel on it.
    type Channel: SocketChannel;

    /// What belongs to one connection and is found once, at the upgrade: the user, the locale. It must be serialisable,
    /// because in a Durable Object it outlives the process that found it.
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    /// Finds a connection's data, after every guard has let it through. `Err` denies, a panic closes 1011.
    ///
    /// There is no default, as there is none for [`Room::data`](crate::Room::data).
    fn data(&self, upgrade: &Upgrade<Self::Channel>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;

    /// Until when this data is good. It is asked when the connection is open. By default for ever.
    ///
    /// [`Limits::refresh_window_ms`](crate::Limits::refresh_window_ms) before that (25 s; or at half of what is left, where that is
    /// less) a client that speaks v1 is asked for new credentials, which go to [`refresh`](Socket::refresh). One that has not
    /// given any so long after it is closed 4401. The TypeScript client gives those that its `credentials` are, or find.
    ///
    /// A panic closes 1011.
    fn expires(&self, data: &Self::Data) -> Option<SystemTime> {
        let _ = data;
        None
    }

    /// The client gave new [credentials](crate::Upgrade::credentials), because it was asked to or on its own: finds the data
    /// anew. What comes of it is [`SocketConn::data`] from then on, and [`expires`](Socket::expires) is asked again. `Err` closes the
    /// connection, as in `data`: 4403 and gone, or 4401, or 1013. By default new credentials are not taken.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use roomful::{Deny, Result, Socket, SocketChannel, SocketConn, Upgrade};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Session { name: String, until: SystemTime }
    /// # async fn verify(token: &str) -> Result<Session, Deny> { Err(Deny::forbidden()) }
    ///
    /// # #[derive(Clone, SocketChannel)]
    /// # #[socket("desk/:id")]
    /// # struct Desk { id: String }
    /// struct Desks;
    ///
    /// impl Socket for Desks {
    ///     type Channel = Desk;
    ///     type Data = Session;
    ///
    ///     async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<Session, Deny> {
    ///         verify(upgrade.credentials().ok_or_else(Deny::forbidden)?).await
    ///     }
    ///     fn expires(&self, session: &Session) -> Option<SystemTime> {
    ///         Some(session.until)
    ///     }
    ///     async fn refresh(&self, _: &SocketConn<Self>, credentials: &str) -> Result<Session, Deny> {
    ///         verify(credentials).await
    ///     }
    /// }
    /// # let _ = roomful::Rooms::new().module("desk", |m| m.socket("desks", Desks)).build();
    /// ```
    fn refresh(
        &self,
        socket: &SocketConn<Self>,
        credentials: &str,
    ) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend {
        let _ = (socket, credentials);
        async { Err(Deny::no_refresh()) }
    }

    /// The connection is open. What the client has sent in the meantime is handled after this. An error or a panic closes it
    /// 1011.
    fn open(&self, socket: &SocketConn<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = socket;
        async { Ok(()) }
    }

    /// The client sent a message that fits the type. By default nothing happens.
    fn message(
        &self,
        socket: &SocketConn<Self>,
        msg: SocketIncoming<Self>,
    ) -> impl Future<Output = Result> + MaybeSend {
        let _ = (socket, msg);
        async { Ok(()) }
    }

    /// The connection is over and [deferred](SocketConn::defer) teardowns have run. Runs exactly once for every
    /// connection that was opened, whatever ended it.
    ///
    /// `code` and `reason` are those of the close frame that ended it, from either side. As in a browser, 1005 stands for a
    /// close frame without a code, and 1006 for a connection that was lost.
    fn close(&self, socket: &SocketConn<Self>, code: u16, reason: &str) -> impl Future<Output = ()> + MaybeSend {
        let _ = (socket, code, reason);
        async {}
    }

    /// A hook returned an error or panicked, or the socket failed. By default it is logged.
    fn error(&self, socket: &SocketConn<Self>, error: Error) -> impl Future<Output = ()> + MaybeSend {
        tracing::error!(id = %socket.id(), socket = std::any::type_name::<Self>(), %error, "a socket's hook failed");
        async {}
    }
}

/// One connection of socket `S`. A clone is cheap; holding one keeps nothing open.
///
/// A connection may go at any moment. To send on one that has gone is no error, and does nothing.
pub struct SocketConn<S: Socket> {
    inner: Arc<Inner<S>>,
}

struct Inner<S: Socket> {
    key: S::Channel,
    data: Newest<S::Data>,
    member: Arc<LiveMember>,
    rooms: Rooms,
}

impl<S: Socket> SocketConn<S> {
    pub(crate) fn new(key: S::Channel, data: S::Data, member: Arc<LiveMember>, rooms: Rooms) -> Self {
        Self { inner: Arc::new(Inner { key, data: Newest::new(data), member, rooms }) }
    }

    /// From now on this is its data.
    pub(crate) fn renew(&self, data: S::Data) {
        self.inner.data.set(Arc::new(data));
    }

    pub(crate) fn member(&self) -> &LiveMember {
        &self.inner.member
    }

    /// The id of this connection, which no other has. The client is not told it.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.inner.member.id()
    }

    /// The params that the client asked with.
    #[must_use]
    pub fn key(&self) -> &S::Channel {
        &self.inner.key
    }

    /// What [`Socket::data`] found at the upgrade, or [`Socket::refresh`] since then: the newest, whichever clone is asked. What
    /// was returned before stays as it was.
    #[must_use]
    pub fn data(&self) -> Arc<S::Data> {
        self.inner.data.get()
    }

    /// The app's rooms, to reach one of them.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.inner.rooms
    }

    /// A message to the client.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes);
    /// [`ErrorKind::Overloaded`](crate::ErrorKind::Overloaded) when the sockets are behind.
    pub fn send(&self, msg: &SocketOutgoing<S>) -> Result {
        self.inner.member.send(encode(msg)?)
    }

    /// Ends this connection. What was sent before still arrives. Messages of the client that still wait are not handled.
    /// [`Socket::close`] runs when the hook that runs now has ended. 1000 and 4000 to 4999 tell the client to stay away, 3000
    /// to 3999 to come back.
    ///
    /// # Errors
    ///
    /// A code other than 1000 and 3000 to 4999, or a reason over 123 bytes. Nothing is sent then.
    pub fn close(&self, code: u16, reason: &str) -> Result {
        self.inner.member.close_by_app(code, reason)
    }

    /// Runs `teardown` when the connection is over, before [`Socket::close`]; the last deferred runs first. If it is over
    /// already,
    /// `teardown` runs at once. A Durable Object that is put away forgets it: put what must happen there into `close`.
    pub fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.inner.member.defer(teardown);
    }
}

impl<S: Socket> Clone for SocketConn<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: Socket> fmt::Debug for SocketConn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketConn").field("id", self.id()).finish_non_exhaustive()
    }
}
