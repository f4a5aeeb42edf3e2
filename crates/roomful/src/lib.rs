//! Typed WebSocket rooms with a presence roster, and typed sockets beside them.
//!
//! This crate is what an app names:
//!
//! - a [`Channel`] is a typed key, and a value of it names one room;
//! - a [`Room`] says what happens in every room of a channel, and a [`Conn`] is one member;
//! - a [`Socket`] is a private channel to one client, a [`SocketChannel`] is its key, a [`SocketConn`] one connection;
//! - a [`Guard`] decides who may connect;
//! - [`Rooms`] has all of an app's rooms, and [`Rooms::at`] reaches one of them from anywhere.
//!
//! ```
//! use roomful::{Channel, Conn, Deny, Result, Room, Rooms, Upgrade};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Cursor { x: f64, y: f64 }
//!
//! /// Live cursors on one board. A value of this type is a room's key.
//! #[derive(Clone, Channel)]
//! #[channel("board/:boardId", message = Cursor, presence = Cursor)]
//! struct Board { board_id: String }
//!
//! struct Cursors;
//!
//! impl Room for Cursors {
//!     type Channel = Board;
//!     type Data = ();
//!
//!     async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
//!         Ok(())
//!     }
//!     async fn on_message(&self, conn: &Conn<Self>, msg: Cursor) -> Result {
//!         conn.broadcast(&msg)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rooms = Rooms::new().module("board", |m| m.room("cursors", Cursors)).build()?;
//! rooms.at(&Board { board_id: "main".into() }).broadcast(&Cursor { x: 0.0, y: 0.0 }).await?;
//! # Ok(())
//! # }
//! ```
//!
//! `roomful-axum` serves the rooms on axum, `roomful-worker` in Cloudflare's Durable Objects.
//! [The guide](https://github.com/roomful/roomful/blob/main/docs/guide.md) says more of everything.
//!
//! This crate must never name a web framework, an async runtime or a platform: the same definitions run on all of them. What a
//! platform needs is in `roomful-runtime`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    target_family = "wasm",
    allow(clippy::arc_with_non_send_sync, reason = "one type for every target; there is one thread here")
)]

mod absent;
mod as_big_int;
mod as_number;
mod as_text;
mod channel;
mod data;
mod define;
mod deny;
mod feed;
mod gate;
mod guard;
mod handle;
mod hooks;
mod integer;
mod listening;
mod live;
mod payload;
mod published;
mod room;
mod rooms;
mod roster;
mod socket;
#[cfg(feature = "test")]
pub mod test;
#[cfg(not(feature = "typescript"))]
mod type_sink;
#[cfg(feature = "typescript")]
mod typescript;
mod upgrade;

pub use as_big_int::AsBigInt;
pub use as_number::AsNumber;
pub use as_text::AsText;
pub use channel::Channel;
pub use define::{
    BuildError, FeedExt, FeedSetup, IntoFeedSetup, IntoLiveForSetup, IntoLiveSetup, IntoRoomSetup, IntoSocketSetup,
    LiveExt, LiveForExt, LiveSetup, Mistake, ModuleBuilder, PathError, RoomExt, RoomSetup, RoomsBuilder, SocketExt,
    SocketSetup,
};
pub use deny::Deny;
pub use feed::Feed;
#[doc(hidden)]
pub use gate::Gate;
pub use guard::{Guard, Needs, needs};
pub use handle::{LocalRoom, RoomHandle};
pub use integer::Integer;
pub use live::{ForAll, Live, LiveFor, LiveValue};
pub use published::Subscription;
pub use room::{Conn, Incoming, Info, Lost, Outgoing, Presence, Room, Visit};
#[doc(inline)]
pub use roomful_core::close::InvalidClose;
#[doc(inline)]
pub use roomful_core::id::{InvalidMemberId, InvalidUserId};
#[doc(inline)]
pub use roomful_core::key::{KeyError, Params};
#[doc(inline)]
pub use roomful_core::pattern::PatternError;
#[doc(inline)]
pub use roomful_core::rate::Rate;
#[doc(inline)]
pub use roomful_core::room::Refused;
#[doc(inline)]
pub use roomful_core::{Close, History, LimitError, Limits, MemberId, UserId, WrongLimit};
#[doc(inline)]
#[cfg(feature = "typescript")]
pub use roomful_macros::TS;
#[doc(inline)]
pub use roomful_macros::{Channel, SocketChannel};
#[doc(inline)]
pub use roomful_runtime::{
    BoxFuture, ClusterHealth, Drain, Error, ErrorKind, Heard, MaybeSend, MaybeSync, Member, NodeHealth, OriginError,
    ProxyError, ProxyHeader, Result, Stats, User,
};
pub use rooms::Rooms;
pub use socket::{Socket, SocketChannel, SocketConn, SocketIncoming, SocketOutgoing};
#[cfg(feature = "typescript")]
pub use typescript::{
    Framework, LargeInteger, LargeIntegers, Refusal, TS, Typescript, TypescriptError, TypescriptOptions,
};
pub use upgrade::Upgrade;

/// For the code that the derives write, and for nobody else.
#[doc(hidden)]
pub mod __private {
    pub use crate::{KeyError, Params};

    #[cfg(not(feature = "typescript"))]
    pub use crate::type_sink::TypeSink;
    #[cfg(feature = "typescript")]
    pub use crate::typescript::{Described, Probe, TypeSink, Undescribed, Way};

    /// What `#[derive(TS)]` names.
    #[cfg(feature = "typescript")]
    pub mod ts {
        pub use crate::typescript::{
            Argument, Body, Container, Describe, Describing, Field, Item, Makes, MakesNot, Making, Names, Reading,
            Reads, ReadsNot, Shape, SkipIf, Variant, Writes, WritesNot, Writing,
        };
    }
}

/// Written by the derive into `Channel::describe`.
#[doc(hidden)]
#[cfg(feature = "typescript")]
#[macro_export]
macro_rules! __describe_channel {
    ($types:ident, Incoming = $incoming:ty, Outgoing = $outgoing:ty, Presence = $presence:ty, Info = $info:ty) => {
        use $crate::__private::{Described as _, Undescribed as _, Way};
        let incoming = (&&$crate::__private::Probe::<$incoming>::new()).told($types, Way::Incoming);
        let outgoing = (&&$crate::__private::Probe::<$outgoing>::new()).told($types, Way::Outgoing);
        let set = (&&$crate::__private::Probe::<$presence>::new()).told($types, Way::Incoming);
        let seen = (&&$crate::__private::Probe::<$presence>::new()).told($types, Way::Outgoing);
        let info = (&&$crate::__private::Probe::<$info>::new()).told($types, Way::Outgoing);
        $types.channel(incoming, outgoing, (set, seen), info);
    };
}

/// Written by the derive into `Channel::describe`.
#[doc(hidden)]
#[cfg(not(feature = "typescript"))]
#[macro_export]
macro_rules! __describe_channel {
    ($types:ident, Incoming = $incoming:ty, Outgoing = $outgoing:ty, Presence = $presence:ty, Info = $info:ty) => {
        let _ = $types;
    };
}

/// Written by the derive into `Channel::describe_event`.
#[doc(hidden)]
#[cfg(feature = "typescript")]
#[macro_export]
macro_rules! __describe_event {
    ($types:ident, Event = $event:ty) => {
        use $crate::__private::{Described as _, Undescribed as _, Way};
        let event = (&&$crate::__private::Probe::<$event>::new()).told($types, Way::Outgoing);
        $types.feed(event);
    };
}

/// Written by the derive into `Channel::describe_event`.
#[doc(hidden)]
#[cfg(not(feature = "typescript"))]
#[macro_export]
macro_rules! __describe_event {
    ($types:ident, Event = $event:ty) => {
        let _ = $types;
    };
}

/// Written by the derive into `SocketChannel::describe`.
#[doc(hidden)]
#[cfg(feature = "typescript")]
#[macro_export]
macro_rules! __describe_socket {
    ($types:ident, Incoming = $incoming:ty, Outgoing = $outgoing:ty) => {
        use $crate::__private::{Described as _, Undescribed as _, Way};
        let incoming = (&&$crate::__private::Probe::<$incoming>::new()).told($types, Way::Incoming);
        let outgoing = (&&$crate::__private::Probe::<$outgoing>::new()).told($types, Way::Outgoing);
        $types.socket(incoming, outgoing);
    };
}

/// Written by the derive into `SocketChannel::describe`.
#[doc(hidden)]
#[cfg(not(feature = "typescript"))]
#[macro_export]
macro_rules! __describe_socket {
    ($types:ident, Incoming = $incoming:ty, Outgoing = $outgoing:ty) => {
        let _ = $types;
    };
}
