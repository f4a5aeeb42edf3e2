//! Drive a room, a typed socket, a feed or a live value in memory: no network, no sleeping, no ports.
//!
//! The room, its hooks and the engine are the real ones; only the network and the clock are not. Time is virtual: when
//! everything waits for a timer, time jumps to it, so no test ever waits. It works under any executor.
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
//! #     fn presence(&self, conn: &Conn<Self>) -> Option<String> { Some(conn.data().to_string()) }
//! #     async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result { conn.broadcast(&msg) }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
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
//! # }
//! ```
//!
//! A member can lose its connection and come back, as somebody does who goes through a tunnel:
//!
//! ```
//! use roomful::test::{Event, TestRoom};
//! # use roomful::{Channel, Conn, Deny, Result, Room, Upgrade};
//! # #[derive(Clone, Channel)]
//! # #[channel("board/:boardId", message = String)]
//! # struct Board { board_id: String }
//! # struct Cursors;
//! # impl Room for Cursors {
//! #     type Channel = Board;
//! #     type Data = ();
//! #     async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> { Ok(()) }
//! #     async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result { conn.broadcast(&msg) }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let room = TestRoom::new(Cursors);
//! let main = Board { board_id: "main".into() };
//! let (mut ann, ben) = (room.join(main.clone(), ()).await, room.join(main, ()).await);
//! assert_eq!(ann.next().await, Event::join(&ben, None));
//!
//! ann.drop_connection();
//! ben.send(&"mind the gap".to_owned());
//! room.advance(10_000).await;
//! assert_eq!(ann.resume().await, Ok(true), "she is told all that she has missed");
//! assert_eq!(ann.next().await, Event::message(&ben, "mind the gap".to_owned()));
//! # }
//! ```
//!
//! These functions panic where something is not as the test says, and tell what was expected.

mod event;
mod fail;
mod host;
mod kit;
mod listener;
mod member;
mod session;
mod socket;

use std::sync::Arc;

pub use event::Event;
use fail::fail;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderValue, Request};
use kit::{Kit, drives_a_kit};
pub use listener::{Heard, TestFeed, TestListener, TestLive};
pub use member::TestMember;
use roomful_core::Close;
use roomful_core::pattern::Pattern;
use roomful_runtime::Destination;
#[doc(inline)]
pub use roomful_runtime::Peer;
pub use socket::{SocketEvent, TestClient, TestSocket};

use crate::hooks::RoomHooks;
use crate::room::Found;
use crate::{Channel, Conn, IntoRoomSetup, Room, RoomHandle};

const NAME: &str = "room";

/// One room definition, ready to be joined.
pub struct TestRoom<R: Room> {
    kit: Arc<Kit>,
    room: Arc<R>,
}

impl<R: Room> TestRoom<R> {
    /// Takes what `ModuleBuilder::room` takes: a room, or one with guards and limits around it.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new(room: impl IntoRoomSetup<Room = R>) -> Self {
        let def = room.into_room_setup();
        let (room, limits) = (Arc::clone(&def.room), def.around.limits.clone());
        Self { kit: Arc::new(Kit::new(NAME, limits, |module| module.room(NAME, def))), room }
    }

    /// Joins as somebody with this data; guards and `data` do not run.
    ///
    /// # Panics
    ///
    /// When the member is closed before it has its snapshot.
    pub async fn join(&self, key: R::Channel, data: R::Data) -> TestMember<R> {
        let pattern = Pattern::parse(R::Channel::PATTERN).unwrap_or_else(|error| fail(&error.to_string()));
        let topic = pattern.topic(&key.to_params()).unwrap_or_else(|error| fail(&error.to_string()));
        let (kit, room) = (Arc::clone(&self.kit), Arc::clone(&self.room));
        let found = Arc::new(Found::new(key, data, kit.rooms.clone()));
        let connect = move |offer: Option<&str>| {
            let (room, found) = (Arc::clone(&room), Arc::clone(&found));
            kit.begin(Destination::Room(topic.clone()), offer, move |member, _| {
                Arc::new(RoomHooks { room, conn: Conn::of(found, member) })
            })
        };
        match TestMember::open(Box::new(connect)).await {
            Ok(member) => member,
            Err(close) => fail(&format!("the member was closed instead of joining: {close:?}")),
        }
    }

    /// Connects as a client does: key, guards and `data` run on `request`, whose URI is replaced. A [`Peer`] among its extensions
    /// is who connects.
    ///
    /// # Errors
    ///
    /// The close of the connection, where it was not let in.
    pub async fn connect(&self, key: &R::Channel, request: Request<()>) -> Result<TestMember<R>, Close> {
        let (kit, params, (parts, ())) = (Arc::clone(&self.kit), key.to_params(), request.into_parts());
        let connect = move |offer: Option<&str>| {
            let mut request = Request::from_parts(parts.clone(), ());
            if let Some(offer) = offer.and_then(|offer| HeaderValue::from_str(offer).ok()) {
                request.headers_mut().append(SEC_WEBSOCKET_PROTOCOL, offer);
            }
            kit.connect(&params, request)
        };
        TestMember::open(Box::new(connect)).await
    }

    /// The room of one key, from outside any connection.
    pub fn at(&self, key: &R::Channel) -> RoomHandle<R::Channel> {
        self.kit.rooms.at(key)
    }
}

drives_a_kit!(TestRoom<R: Room>, "room");
