//! What runs rooms and typed sockets on any platform. It does not know the types of an app.
//!
//! An app names nothing of this: it uses `roomful`, which makes an [`App`] of its definitions. This crate is for platforms:
//! axum, a Durable Object, the test kit. A platform
//!
//! 1. gets a [`Platform`] from `roomful::Rooms::platform`, and lends it a clock and tasks: a [`Host`];
//! 2. makes an [`Admission`] of each upgrade, with [`Platform::read`], and a [`Connection`] of that;
//! 3. gives each message that it reads from a socket to [`Connection::receive`];
//! 4. writes what comes to the socket's [`Transport`], which is one for a thread of sockets, or the [`Mailbox`] of a single one;
//! 5. calls [`Connection::end`] when a socket is gone, and [`Platform::drain`] when it stops.
//!
//! Everything else is here.
//!
//! ```
//! use std::sync::Arc;
//! use roomful_runtime::{AllowedOrigins, App, Platform, Settings};
//!
//! let (limits, path) = (Arc::default(), "/__sockets".to_owned());
//! let (origins, proxies) = (AllowedOrigins::Any, Default::default());
//! let settings = Settings { limits, path, origins, proxies, seal: None };
//! let platform = Platform::of(&App::new(Vec::new(), settings));
//! assert_eq!(platform.stats().connections, 0);
//! ```
//!
//! It must never name a type of an app, a web framework, an async runtime or a platform, and never hold a lock while a hook
//! runs.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    target_family = "wasm",
    allow(clippy::arc_with_non_send_sync, reason = "one type for every target; there is one thread here")
)]

mod accept;
mod act;
mod acting;
mod addresses;
mod admission;
mod alarms;
mod app;
mod barred;
mod calls;
mod came;
mod claims;
mod closing;
mod clustered;
mod connection;
mod cork;
mod credentials;
mod deeds;
mod delivery;
mod denial;
mod destination;
mod drain;
mod driver;
mod elsewhere;
mod error;
mod expiry;
mod feeds;
mod former;
mod forwarded;
mod held;
mod hits;
mod hooks;
mod host;
mod hub;
mod inbox;
mod inspection;
mod keep;
mod kept;
mod last_words;
mod leave;
mod line;
mod lines;
mod live_room;
mod loans;
mod lock;
mod log_age;
mod mailbox;
mod maybe_send;
mod member;
mod memory;
pub mod metrics;
mod mourning;
mod opening;
mod operators;
mod origin;
#[cfg(target_family = "wasm")]
mod over_no_nodes;
#[cfg(not(target_family = "wasm"))]
mod over_nodes;
mod place;
mod platform;
mod process;
mod proxies;
mod release;
mod relief;
mod removal;
mod restore;
mod room_sessions;
mod roster;
mod said;
mod seals;
mod secrets;
mod shared_memory;
pub mod sse;
mod tapped;
mod taps;
mod teardowns;
mod telling;
mod terms;
mod tokens;
mod traffic;
mod transport;
mod transports;
mod unwind;
mod user_connections;
mod users;
mod visit;
mod wakes;
mod wanted;
mod watch;
mod watched;
mod words;
mod work;

pub use act::{Act, Answer, Reach};
pub use admission::{Admission, MOST_FORWARDED_BYTES, NotAdmitted};
pub use app::{App, Definition, Endpoint, GoOnError, Settings, UpgradeRequest};
pub use barred::Barred;
pub use clustered::{
    Answered, Append, ClusterHealth, ClusterQueue, ClusterRooms, Handed, HistoryBounds, Known, NodeHealth, ReadHistory,
    Receipt,
};
pub use connection::Connection;
pub use delivery::{Delivery, RoomId, Shared, SharedFrames, SharedUpdates};
pub use denial::{Denial, DenialReason};
pub use destination::Destination;
pub use drain::Drain;
pub use error::{Error, ErrorKind, Result};
pub use feeds::{Heard, LiveSource, Loader, Subscription};
pub use forwarded::ProxyHeader;
pub use hits::LimitHit;
pub use hooks::{Decision, HookNames, Hooks, MemberHooks, MessageError, Misfit, Showing, caught};
pub use host::{Host, Keeper};
pub use inspection::{ConnectionView, Inspection, NoTap, Outboxes, Phase, ProcessView, RoomView, RosterView};
pub use kept::{Admitted, Kept, KeptError};
pub use mailbox::{Mailbox, ToWrite};
pub use maybe_send::{BoxFuture, MaybeSend, MaybeSync};
pub use member::LiveMember;
pub use opening::{OpenFn, Opening};
pub use origin::{AllowedOrigins, Origin, OriginError, is_from_own_page};
pub use place::Place;
pub use platform::{AlreadyInCluster, Platform};
pub use process::{NoPlace, Stats};
pub use proxies::{Peer, ProxyError, ProxyNet, TrustedProxies};
pub use roster::{Member, User};
pub use secrets::without_secrets;
pub use shared_memory::SharedMemory;
pub use taps::{FrameKind, TapRead, TappedFrame};
pub use terms::Terms;
pub use traffic::Totals;
pub use transport::Transport;
pub use unwind::let_go;
pub use visit::VisitHooks;
