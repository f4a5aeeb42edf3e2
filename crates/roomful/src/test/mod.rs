//! Drive a room in memory: no sockets, no sleeping, no ports.
//!
//! The room, its hooks and the engine are the real ones; only the socket and the clock are not. Time is virtual: when
//! everything waits for a timer it jumps there, so a test takes as long as its code does. Works under any executor.
//!
//! ```
//! use roomful::test::{Event, TestRoom};
//! # use roomful::{Channel, Conn, Deny, Result, Room, Upgrade};
//! # #[derive(Clone, Channel)]
//! # #[channel("board/:boardId", message = String, presence = String)]
//! # struct Board { board_id: String }
//! # struct Cursors;
//! # impl Room for Cursors {
//! #     type Channel = Board;
//! #     type Data = String;
//! #     async fn data(&self, _: &Upgrade<Board>) -> Result<String, Deny> { Err(Deny::forbidden()) }
//! #     fn presence(&self, conn: &Conn<Self>) -> Option<String> { Some(conn.data().clone()) }
//! #     async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result { conn.broadcast(&msg) }
//! # }
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let room = TestRoom::new(Cursors);
//! let main = Board { board_id: "main".into() };
//! let mut ann = room.join(main.clone(), "ann".to_owned()).await;
//! let mut ben = room.join(main, "ben".to_owned()).await;
//!
//! ann.send(&"hello".to_owned());
//! assert_eq!(ben.next().await, Event::message(&ann, "hello".to_owned()));
//! assert_eq!(ann.next().await, Event::join(&ben, Some("ben".to_owned())));
//! ben.leave().await;
//! assert_eq!(ann.members().len(), 2, "a member sees what it has read");
//! ann.settle().await;
//! assert_eq!(ann.members().len(), 1);
//! # }).expect("nothing waits");
//! ```
//!
//! What goes wrong in a test ends it: these functions panic, with what was expected.

mod event;
mod host;
mod member;

use std::sync::Arc;

pub use event::Event;
use host::TestHost;
use http::Request;
pub use member::TestMember;
use roomful_core::pattern::Pattern;
use roomful_core::{Close, Dialect, Limits};

use crate::runtime::{Connection, Destination, Opening};
use crate::session::{RoomSession, Session};
use crate::{Channel, Conn, IntoRoomDef, Room, RoomHandle, Rooms, Stats};

const MODULE: &str = "test";
const NAME: &str = "room";

/// One room definition, ready to be joined.
pub struct TestRoom<R: Room> {
    rooms: Rooms,
    room: Arc<R>,
    limits: Arc<Limits>,
    host: Arc<TestHost>,
}

impl<R: Room> TestRoom<R> {
    /// Takes what `ModuleBuilder::room` takes: a room, or one with guards and limits around it.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new(room: impl IntoRoomDef<Room = R>) -> Self {
        let def = room.into_room_def();
        let (room, limits) = (Arc::clone(&def.room), Arc::new(def.limits.clone().unwrap_or_default()));
        let built = Rooms::new().limits((*limits).clone()).module(MODULE, |module| module.room(NAME, def)).build();
        let rooms = built.unwrap_or_else(|mistakes| fail(&mistakes.to_string()));
        let host = TestHost::new();
        rooms.start(|| Arc::clone(&host) as Arc<dyn crate::runtime::Host>);
        Self { rooms, room, limits, host }
    }

    /// Joins as somebody with this data; guards and `data` do not run.
    ///
    /// # Panics
    ///
    /// When the member is closed before it has its snapshot.
    pub async fn join(&self, key: R::Channel, data: R::Data) -> TestMember<R> {
        let pattern = Pattern::parse(R::Channel::PATTERN).unwrap_or_else(|error| fail(&error.to_string()));
        let topic = pattern.topic(&key.to_params()).unwrap_or_else(|error| fail(&error.to_string()));
        let room = Arc::clone(&self.room);
        let opening = Opening {
            destination: Destination::Room(topic),
            limits: Arc::clone(&self.limits),
            open: Box::new(move |link| {
                let conn = Conn::new(key, data, link);
                Box::pin(async move { Ok(Arc::new(RoomSession { room, conn }) as Arc<dyn Session>) })
            }),
        };
        let connection = Connection::start(self.rooms.hub(), Dialect::V1, Ok(opening), tracing::Span::none(), None);
        match TestMember::open(connection, Arc::clone(&self.host)).await {
            Ok(member) => member,
            Err(close) => fail(&format!("the member was closed instead of joining: {close:?}")),
        }
    }

    /// Connects as a client does: key, guards and `data` run on `request`, whose URI is replaced.
    ///
    /// # Errors
    ///
    /// How the connection was closed, where it was not let in.
    pub async fn connect(&self, key: &R::Channel, request: Request<()>) -> Result<TestMember<R>, Close> {
        let (mut parts, ()) = request.into_parts();
        let key = serde_json::to_string(&key.to_params()).unwrap_or_else(|error| fail(&error.to_string()));
        let encode = |text: &str| percent_encode(text);
        let extra = parts.uri.query().map(|query| format!("&{query}")).unwrap_or_default();
        let uri = format!("{}?m={MODULE}&s={NAME}&r={}{extra}", self.rooms.path(), encode(&key));
        parts.uri = uri.parse().unwrap_or_else(|error| fail(&format!("{uri}: {error}")));
        let connection = self.rooms.admit(parts, Dialect::V1).connect();
        TestMember::open(connection, Arc::clone(&self.host)).await
    }

    /// The room of one key, from outside any connection.
    pub fn at(&self, key: &R::Channel) -> RoomHandle<R::Channel> {
        self.rooms.at(key)
    }

    /// The rooms that this one is among, to drain them for one.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Lets time pass, for what must happen although something else still waits.
    pub async fn advance(&self, ms: u64) {
        self.host.advance(ms).await;
    }

    /// Runs everything that can run, and says what there is then.
    pub async fn stats(&self) -> Stats {
        self.host.settle().await;
        self.rooms.stats()
    }
}

/// Every byte, which is always right and never read by anybody.
fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A test kit's way to report is to fail the test.
#[allow(clippy::panic, reason = "this module is for tests alone")]
#[track_caller]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
