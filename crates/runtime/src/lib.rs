//! What runs rooms and typed sockets on any platform, typed by nobody.
//!
//! An app names none of this: it uses `roomful`, which makes an [`App`] of its definitions. A platform (the axum runtime, the
//! test kit, a Durable Object) takes that app as a [`Platform`], brings a [`Host`] and the sockets, makes an [`Admission`] of
//! each upgrade, hands what it reads to [`Connection::receive`], writes what comes to the [`Transport`] that its sockets
//! have, and calls [`Connection::end`] when a socket is gone. Everything else is here. A transport is a thread's, with
//! thousands of sockets, or the [`Mailbox`] of a single one.
//!
//! ```
//! use std::sync::Arc;
//! use roomful_runtime::{AllowedOrigins, App, Platform, Settings};
//!
//! let settings = Settings { limits: Arc::default(), path: "/__sockets".to_owned(), origins: AllowedOrigins::Any };
//! let platform = Platform::of(&App::new(Vec::new(), settings));
//! assert_eq!(platform.stats().connections, 0);
//! ```
//!
//! It must never name a type of the app's, a web framework, an async runtime or a platform, and never hold a lock while a
//! hook runs.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    target_family = "wasm",
    allow(clippy::arc_with_non_send_sync, reason = "one type for every target; there is one thread here")
)]

mod act;
mod acting;
mod admission;
mod app;
mod calls;
mod closing;
mod connection;
mod cork;
mod delivery;
mod denial;
mod drain;
mod driver;
mod error;
mod hooks;
mod host;
mod hub;
mod inbox;
mod kept;
mod leave;
mod line;
mod live_room;
mod lock;
mod mailbox;
mod maybe_send;
mod member;
pub mod metrics;
mod opening;
mod origin;
mod platform;
mod process;
mod restore;
mod teardowns;
mod transport;
mod transports;
mod wakes;
mod work;

pub use act::{Act, Answer, Reach, RosterEntry};
pub use admission::{Admission, MOST_FORWARDED_BYTES};
pub use app::{App, Definition, Endpoint, GoOnError, Settings, UpgradeRequest};
pub use connection::Connection;
pub use delivery::{Delivery, RoomId, Shared, SharedFrames, SharedUpdates};
pub use denial::{Denial, DenialReason, Peer};
pub use drain::Drain;
pub use error::{Error, ErrorKind, Result};
pub use hooks::{HookNames, Hooks, MemberHooks, MessageError, Misfit, caught};
pub use host::{Host, Keeper};
pub use kept::{Admitted, Kept, KeptError};
pub use mailbox::{Mailbox, ToWrite};
pub use maybe_send::{BoxFuture, MaybeSend, MaybeSync};
pub use member::LiveMember;
pub use opening::{Destination, OpenFn, Opening};
pub use origin::{AllowedOrigins, Origin, OriginError};
pub use platform::Platform;
pub use process::Stats;
pub use transport::Transport;
