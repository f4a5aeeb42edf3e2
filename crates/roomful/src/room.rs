//! A room's behaviour, which the app writes, and what its hooks are given: a member, a user's visit, or a member that is lost.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use roomful_core::MemberId;
use roomful_runtime::LiveMember;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::Newest;
use crate::payload::{encode, unless_null};
use crate::{
    Channel, Deny, Error, ErrorKind, MaybeSend, MaybeSync, Member, Result, RoomHandle, Rooms, Upgrade, UserId,
};

/// What a client of this room sends.
pub type Incoming<R> = <<R as Room>::Channel as Channel>::Incoming;
/// What the server sends in this room.
pub type Outgoing<R> = <<R as Room>::Channel as Channel>::Outgoing;
/// What each member of this room shows of itself.
pub type Presence<R> = <<R as Room>::Channel as Channel>::Presence;
/// What the server says of each member of this room.
pub type Info<R> = <<R as Room>::Channel as Channel>::Info;

/// What happens in every room of one channel. One value serves all of them, so it holds what the app shares, such as a database
/// pool; what belongs to a single connection is its [`Data`](Room::Data).
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
///         Some(conn.data().to_string())
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

    /// What belongs to one connection and is found at each upgrade: the user, the locale. It must be serialisable,
    /// because in a Durable Object it outlives the process that found it.
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    /// Finds a connection's data, after every guard has let it through. `Err` denies, a panic closes 1011.
    ///
    /// There is no default: a type that happens to have a `Default` would then let everybody in as nobody. A room
    /// without data has `type Data = ()` and returns `Ok(())`.
    fn data(&self, upgrade: &Upgrade<Self::Channel>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;

    /// Until when this data is good. It is asked when a member has joined. By default for ever.
    ///
    /// [`Limits::refresh_window_ms`](crate::Limits::refresh_window_ms) before that (25 s; or at half of what is left, where that is
    /// less) a client that speaks v1 is asked for new credentials, which go to [`refresh`](Room::refresh). One that has not
    /// given any so long after it is closed 4401. The TypeScript client gives those that its `credentials` are, or find.
    ///
    /// A panic closes 1011.
    fn expires(&self, data: &Self::Data) -> Option<SystemTime> {
        let _ = data;
        None
    }

    /// The client gave new [credentials](crate::Upgrade::credentials), because it was asked to or on its own: finds the data
    /// anew. What comes of it is [`Conn::data`] from then on, and [`expires`](Room::expires) is asked again. `Err` closes the
    /// connection, as in `data`: 4403 and gone, or 4401, or 1013. Another [`user`](Room::user) is
    /// another member: then it is 4401, so that its client comes back as that. By default new credentials are not taken.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use roomful::{Channel, Conn, Deny, Result, Room, Upgrade};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Session { name: String, until: SystemTime }
    /// # async fn verify(token: &str) -> Result<Session, Deny> { Err(Deny::forbidden()) }
    ///
    /// # #[derive(Clone, Channel)]
    /// # #[channel("desk/:id")]
    /// # struct Desk { id: String }
    /// struct Desks;
    ///
    /// impl Room for Desks {
    ///     type Channel = Desk;
    ///     type Data = Session;
    ///
    ///     async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<Session, Deny> {
    ///         verify(upgrade.credentials().ok_or_else(Deny::forbidden)?).await
    ///     }
    ///     fn expires(&self, session: &Session) -> Option<SystemTime> {
    ///         Some(session.until)
    ///     }
    ///     async fn refresh(&self, _: &Conn<Self>, credentials: &str) -> Result<Session, Deny> {
    ///         verify(credentials).await
    ///     }
    /// }
    /// # let _ = roomful::Rooms::new().module("desk", |m| m.room("desks", Desks)).build();
    /// ```
    fn refresh(
        &self,
        conn: &Conn<Self>,
        credentials: &str,
    ) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend {
        let _ = (conn, credentials);
        async { Err(Deny::no_refresh()) }
    }

    /// The user that the connection belongs to. Several members may be one user, as three tabs and a phone are. Everybody in
    /// the room is told it: see [`RoomHandle::users`], [`on_user_join`](Room::on_user_join) and
    /// [`on_user_leave`](Room::on_user_leave). By default a member has no user.
    fn user(&self, data: &Self::Data) -> Option<UserId> {
        let _ = data;
        None
    }

    /// What the server says of the member, from its join on: its name, its face, its role. Everybody whose client speaks v1 is told
    /// it beside what the member shows of itself, which is its client's word. No client can set or change it;
    /// [`Conn::set_info`] does. By default nothing is said.
    ///
    /// ```
    /// # use roomful::{Channel, Deny, Room, Upgrade};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Card { name: String, role: String }
    ///
    /// #[derive(Clone, Channel)]
    /// #[channel("board/:boardId", presence = (f64, f64), info = Card)]
    /// struct Board { board_id: String }
    ///
    /// # struct Cursors;
    /// impl Room for Cursors {
    ///     type Channel = Board;
    ///     type Data = String;
    ///
    /// #   async fn data(&self, _: &Upgrade<Board>) -> Result<String, Deny> { Err(Deny::forbidden()) }
    ///     fn info(&self, name: &String) -> Option<Card> {
    ///         Some(Card { name: name.clone(), role: "guest".into() })
    ///     }
    /// }
    /// ```
    fn info(&self, data: &Self::Data) -> Option<Info<Self>> {
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

    /// The client wants to show a state that fits the channel's type. `Some` is what its member shows from now on: that state, or
    /// one that this hook makes of it. `None` refuses it: the member shows what it did before, and a v1 client is told `denied`. An
    /// error or a panic refuses it, too: the client is told `handler_failed`.
    ///
    /// It runs in the order of the client's messages, and what comes after waits for it. What the app itself shows, with
    /// [`presence`](Room::presence) and [`Conn::set_presence`], is not asked about. By default whatever fits the type is shown,
    /// which costs nothing.
    ///
    /// ```
    /// # use roomful::{Channel, Conn, Deny, Result, Room, Upgrade};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Cursor { x: f64, y: f64, name: String }
    /// # #[derive(Clone, Channel)]
    /// # #[channel("board/:id", presence = Cursor)]
    /// # struct Board { id: String }
    /// # struct Cursors;
    /// # impl Room for Cursors {
    /// #     type Channel = Board;
    /// #     type Data = String;
    /// #     async fn data(&self, _: &Upgrade<Board>) -> Result<String, Deny> { Err(Deny::forbidden()) }
    /// /// Nobody leaves the board, and nobody has another's name.
    /// async fn on_presence(&self, conn: &Conn<Self>, cursor: Cursor) -> Result<Option<Cursor>> {
    ///     let is_on_board = (0.0..=1.0).contains(&cursor.x) && (0.0..=1.0).contains(&cursor.y);
    ///     Ok(is_on_board.then(|| Cursor { name: conn.data().to_string(), ..cursor }))
    /// }
    /// # }
    /// ```
    fn on_presence(
        &self,
        conn: &Conn<Self>,
        state: Presence<Self>,
    ) -> impl Future<Output = Result<Option<Presence<Self>>>> + MaybeSend {
        // Only this can know that a room has no such hook: from here on none of its members is asked, and nothing is boxed.
        conn.member().show_everything();
        ready(Ok(Some(state)))
    }

    /// The client sent a message that fits the channel's type. This hook decides what others get of it: by default nothing.
    fn on_message(&self, conn: &Conn<Self>, msg: Incoming<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = (conn, msg);
        async { Ok(()) }
    }

    /// The client lost its connection and may come back: the member keeps its place for [`Limits::grace_ms`](crate::Limits), the
    /// others see that it is away, and what is sent to it meanwhile is kept for it. By default nothing happens.
    fn on_away(&self, conn: &Conn<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = conn;
        async { Ok(()) }
    }

    /// The client has a connection again, or another one; `on_join` does not run again. Whoever is back before
    /// [`on_away`](Room::on_away) ran was not away for either hook. By default nothing happens.
    fn on_return(&self, conn: &Conn<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = conn;
        async { Ok(()) }
    }

    /// The member has left: the roster and the others know, [deferred](Conn::defer) teardowns have run. Runs exactly
    /// once for every connection that joined, whatever ended it. What it broadcasts here is heard by all who are still in; a
    /// task that is started here is not heard.
    fn on_leave(&self, conn: &Conn<Self>) -> impl Future<Output = ()> + MaybeSend {
        let _ = conn;
        async {}
    }

    /// A [user](Room::user) came: its first member is in the room. Its further ones do not count, nor does one that is back
    /// before `on_user_leave` has run. It runs beside the hooks of the user's connections, and before `on_user_leave` begins. A
    /// process that goes on with a room, as a Durable Object does when it wakes, does not run it again. By default nothing
    /// happens.
    ///
    /// ```
    /// # use roomful::{Channel, Deny, Result, Room, Upgrade, UserId, Visit};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct User { id: String, name: String }
    /// # #[derive(Clone, Channel)]
    /// # #[channel("board/:id", message = String)]
    /// # struct Board { id: String }
    /// # struct Boards;
    /// # impl Room for Boards {
    /// #     type Channel = Board;
    /// #     type Data = User;
    /// #     async fn data(&self, _: &Upgrade<Board>) -> Result<User, Deny> { Err(Deny::forbidden()) }
    /// fn user(&self, user: &User) -> Option<UserId> {
    ///     UserId::new(&user.id).ok()
    /// }
    /// async fn on_user_join(&self, visit: &Visit<Self>) -> Result {
    ///     visit.room().broadcast(&format!("{} is here", visit.data().name)).await
    /// }
    /// async fn on_user_leave(&self, visit: &Visit<Self>) -> Result {
    ///     visit.room().broadcast(&format!("{} has gone", visit.data().name)).await
    /// }
    /// # }
    /// ```
    fn on_user_join(&self, visit: &Visit<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = visit;
        async { Ok(()) }
    }

    /// A [user](Room::user) has gone: its last member left, and none came within
    /// [`Limits::user_linger_ms`](crate::Limits::user_linger_ms) (2 s), so that a page that is loaded anew is no leave of its
    /// user. Runs exactly once after each `on_user_join`. When the process stops it runs at once. By default nothing happens.
    fn on_user_leave(&self, visit: &Visit<Self>) -> impl Future<Output = Result> + MaybeSend {
        let _ = visit;
        async { Ok(()) }
    }

    /// In a cluster: the node that this member was connected to died, and [`on_leave`](Room::on_leave) and the deferred teardowns with it.
    /// The member has left for everybody. One of the nodes that have somebody in the room runs this, once for each member: again on
    /// another one where it dies before the hook has ended, so do nothing here that may not happen twice. Where nobody else was in the
    /// room nobody is left to run it.
    ///
    /// There is no connection to tell [`on_error`](Room::on_error) of: an error or a panic is logged and counted. Where rooms
    /// share a channel all of them are told, for to which of them the member came is not known. By default nothing happens, and it
    /// costs nothing.
    ///
    /// ```
    /// # use roomful::{Channel, Deny, Lost, Result, Room, Upgrade};
    /// # #[derive(Clone, Channel)]
    /// # #[channel("desk/:id", message = String)]
    /// # struct Desk { id: String }
    /// # struct Desks;
    /// # impl Desks { async fn unlock(&self, desk: &str, member: &str) -> Result { Ok(()) } }
    /// # impl Room for Desks {
    /// #     type Channel = Desk;
    /// #     type Data = ();
    /// #     async fn data(&self, _: &Upgrade<Desk>) -> Result<(), Deny> { Ok(()) }
    /// async fn on_lost(&self, lost: &Lost<Self>) -> Result {
    ///     self.unlock(&lost.key().id, lost.member().id.as_str()).await?;
    ///     lost.room().broadcast(&"somebody's desk is free".to_owned()).await
    /// }
    /// # }
    /// ```
    fn on_lost(&self, lost: &Lost<Self>) -> impl Future<Output = Result> + MaybeSend {
        // Only this can know that a room has no such hook: from here on none of its members is told of.
        lost.is_heard_by_nobody();
        async { Ok(()) }
    }

    /// A hook returned an error or panicked, or the socket failed. Of a user's hooks `conn` is one of that user's connections,
    /// which may have left. By default it is logged.
    fn on_error(&self, conn: &Conn<Self>, error: Error) -> impl Future<Output = ()> + MaybeSend {
        tracing::error!(member = %conn.id(), room = std::any::type_name::<Self>(), %error, "a room's hook failed");
        async {}
    }
}

/// One connection of room `R`. A clone is cheap; holding one keeps nobody in the room.
///
/// A connection may go at any moment. To send to one that has gone is no error, and does nothing. Nor is anything heard that is said
/// through it after its leave, whoever holds a clone, save by [`on_leave`](Room::on_leave) itself and the
/// [deferred](Conn::defer) teardowns.
pub struct Conn<R: Room> {
    found: Arc<Found<R>>,
    member: Arc<LiveMember>,
}

/// What one upgrade found.
pub(crate) struct Found<R: Room> {
    key: R::Channel,
    data: Newest<R::Data>,
    rooms: Rooms,
}

impl<R: Room> Found<R> {
    pub(crate) fn new(key: R::Channel, data: R::Data, rooms: Rooms) -> Self {
        Self { key, data: Newest::new(data), rooms }
    }
}

impl<R: Room> Conn<R> {
    pub(crate) fn new(key: R::Channel, data: R::Data, member: Arc<LiveMember>, rooms: Rooms) -> Self {
        Self::of(Arc::new(Found::new(key, data, rooms)), member)
    }

    pub(crate) fn of(found: Arc<Found<R>>, member: Arc<LiveMember>) -> Self {
        Self { found, member }
    }

    /// From now on this is its data, for every clone.
    pub(crate) fn renew(&self, data: Arc<R::Data>) {
        self.found.data.set(data);
    }

    pub(crate) fn member(&self) -> &LiveMember {
        &self.member
    }

    /// The id that everybody in the room knows this member by.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.member.id()
    }

    /// The room's key.
    #[must_use]
    pub fn key(&self) -> &R::Channel {
        &self.found.key
    }

    /// What [`Room::data`] found at the last upgrade, or [`Room::refresh`] since then: the newest, whichever clone is asked, also
    /// one that a task holds from before its client lost its connection and came back. It never changes while a hook runs. What
    /// was returned before stays as it was: a task that lasts asks again.
    #[must_use]
    pub fn data(&self) -> Arc<R::Data> {
        self.found.data.get()
    }

    /// This room, as [`Rooms::at`] returns it: for who is in it, for a message to one of them, or to remove one.
    #[must_use]
    pub fn room(&self) -> RoomHandle<R::Channel> {
        self.rooms().at(self.key())
    }

    /// The app's rooms, to reach another one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.found.rooms
    }

    /// What the roster shows of this member; `None` when it shows nothing, has not joined yet or has left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a room that shares this channel has set a state of another type.
    pub fn presence(&self) -> Result<Option<Presence<R>>> {
        let state = self.member.presence().map(|state| state.decode()).transpose();
        state.map_err(|error| ErrorKind::Decode(error).into_error())
    }

    /// A message to this client alone.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON, is over [`Limits::message_bytes`](crate::Limits::message_bytes), or nobody has
    /// joined yet; [`ErrorKind::Overloaded`] when the sockets are behind.
    pub fn send(&self, msg: &Outgoing<R>) -> Result {
        self.member.send(encode(msg)?)
    }

    /// A message to every other member of the room.
    ///
    /// # Errors
    ///
    /// As for [`send`](Conn::send).
    pub fn broadcast(&self, msg: &Outgoing<R>) -> Result {
        self.member.broadcast(encode(msg)?, false)
    }

    /// A message to every member of the room, this one too.
    ///
    /// # Errors
    ///
    /// As for [`send`](Conn::send).
    pub fn broadcast_all(&self, msg: &Outgoing<R>) -> Result {
        self.member.broadcast(encode(msg)?, true)
    }

    /// What the roster shows of this member from now on. Ignored once it has left.
    ///
    /// # Errors
    ///
    /// When the state cannot be JSON, is over [`Limits::presence_bytes`](crate::Limits::presence_bytes) (the old state
    /// stays), or nobody has joined yet.
    pub fn set_presence(&self, state: &Presence<R>) -> Result {
        self.member.set_presence(Some(encode(state)?))
    }

    /// What the server says of this member; `None` when it says nothing, the member has not joined yet or has left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a room that shares this channel has set an info of another type.
    pub fn info(&self) -> Result<Option<Info<R>>> {
        let info = self.member.info().map(|info| info.decode()).transpose();
        info.map_err(|error| ErrorKind::Decode(error).into_error())
    }

    /// What the server says of this member from now on, in place of what [`Room::info`] said. Ignored once it has left. An info
    /// that is `null` as JSON is none.
    ///
    /// # Errors
    ///
    /// When the info cannot be JSON, is over [`Limits::info_bytes`](crate::Limits::info_bytes) (the old info stays), or nobody
    /// has joined yet.
    pub fn set_info(&self, info: &Info<R>) -> Result {
        self.member.set_info(unless_null(encode(info)?))
    }

    /// Ends this connection. What was sent to it before still arrives. Messages of its own that still wait are not handled. It
    /// leaves the room when the hook that runs now has ended. 1000 and 4000 to 4999 tell the client to stay away, 3000 to 3999
    /// to come back.
    ///
    /// # Errors
    ///
    /// A code other than 1000 and 3000 to 4999, or a reason over 123 bytes. Nothing is sent then.
    pub fn close(&self, code: u16, reason: &str) -> Result {
        self.member.close_by_app(code, reason)
    }

    /// Runs `teardown` when this member has left, before `on_leave`; the last deferred runs first. If it has left already,
    /// `teardown` runs at once. A Durable Object that is put away forgets it: put what must happen there into `on_leave`.
    pub fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.member.defer(teardown);
    }
}

impl<R: Room> Clone for Conn<R> {
    fn clone(&self) -> Self {
        Self { found: Arc::clone(&self.found), member: Arc::clone(&self.member) }
    }
}

impl<R: Room> fmt::Debug for Conn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("id", self.id()).finish_non_exhaustive()
    }
}

/// One user's visit to one room: from its first member's join to a moment after its last one's leave. What
/// [`Room::on_user_join`] and [`Room::on_user_leave`] are given.
///
/// It is no connection, since the user may have several, or none any more. What is to be said to the room is said by
/// [`room`](Visit::room).
pub struct Visit<R: Room> {
    user: UserId,
    conn: Conn<R>,
}

impl<R: Room> Visit<R> {
    pub(crate) fn new(user: UserId, conn: Conn<R>) -> Self {
        Self { user, conn }
    }

    /// Who.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The room's key.
    #[must_use]
    pub fn key(&self) -> &R::Channel {
        self.conn.key()
    }

    /// What [`Room::data`] found for one of the user's connections: the one that it came with, or came back with. The newest, as
    /// [`Conn::data`] is.
    #[must_use]
    pub fn data(&self) -> Arc<R::Data> {
        self.conn.data()
    }

    /// The room: to say something to who is in it, or to see who is.
    #[must_use]
    pub fn room(&self) -> RoomHandle<R::Channel> {
        self.conn.room()
    }

    /// The app's rooms, to reach another one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        self.conn.rooms()
    }
}

impl<R: Room> fmt::Debug for Visit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A member that died with its node, as [`Room::on_lost`] is told of it.
pub struct Lost<R: Room> {
    key: R::Channel,
    member: Member<Presence<R>, Info<R>>,
    rooms: Rooms,
    unheard: Arc<AtomicBool>,
}

impl<R: Room> Lost<R> {
    pub(crate) fn new(
        key: R::Channel,
        member: Member<Presence<R>, Info<R>>,
        rooms: Rooms,
        unheard: Arc<AtomicBool>,
    ) -> Self {
        Self { key, member, rooms, unheard }
    }

    /// The room's key.
    #[must_use]
    pub fn key(&self) -> &R::Channel {
        &self.key
    }

    /// Who it was: its id, its user, what the server said of it last and what it showed last. A state or an info that the channel's
    /// type does not read is left out.
    #[must_use]
    pub fn member(&self) -> &Member<Presence<R>, Info<R>> {
        &self.member
    }

    /// The room: to say something to who is in it, or to see who is.
    #[must_use]
    pub fn room(&self) -> RoomHandle<R::Channel> {
        self.rooms.at(&self.key)
    }

    /// The app's rooms, to reach another one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// The room has no such hook.
    pub(crate) fn is_heard_by_nobody(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }
}

impl<R: Room> fmt::Debug for Lost<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lost").field("member", &self.member.id).finish_non_exhaustive()
    }
}
