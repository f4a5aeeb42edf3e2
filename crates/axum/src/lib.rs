//! Roomful rooms on axum and tokio.
//!
//! This crate is the platform: it answers the upgrade, owns the sockets, lends the rooms tokio's clock and tasks, and
//! ends in order. What happens in a room is the app's, through [`roomful`]; what a frame means is the engine's.
//!
//! ```no_run
//! use roomful::Rooms;
//! use roomful_axum::RoomsExt as _;
//!
//! # async fn run(rooms: Rooms) -> std::io::Result<()> {
//! let app = axum::Router::new().merge(rooms.router());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! roomful_axum::serve(listener, app, &rooms, roomful_axum::shutdown_signal()).await
//! # }
//! ```
//!
//! It must never run a hook on a thread that owns sockets, read a frame that nobody has room for, or name a room.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod handshake;
mod host;
mod router;
mod serve;
mod shard;
mod shutdown;
mod sse;
mod usable_memory;

pub use router::RoomsExt;
pub use serve::{Server, serve};
#[cfg(all(feature = "bench", unix))]
#[doc(hidden)]
pub use shard::ManualShard;
pub use shard::Sockets;
pub use shutdown::shutdown_signal;
