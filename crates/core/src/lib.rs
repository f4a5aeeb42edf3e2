//! The rooms protocol as state machines.
//!
//! This crate is for everything about a room that does not need a socket: the channel [`pattern`] and its [`key`], the
//! [`frame`]s of both dialects, the [`roster`], the [`room`] engine, the [`life`] of a member, the [`allowance`] by which a
//! socket is read, the [`intake`] that judges what a client sends, the [`outbox`] that waits for a client to read, the [`session`] that
//! outlives its socket, the [`feed`]s and live values that a client only listens to, and the [`cluster`] of processes that have
//! the same rooms.
//!
//! It must never do I/O, read a clock, draw a random number, spawn, or be `async`. Time comes in as a number of
//! [milliseconds](Millis), ids come in as values, and what is to be done comes out as [effects](room::Effect). That is
//! what lets the whole protocol run in a test in virtual time, and the same engine run under tokio and inside a Durable
//! Object.
//!
//! An app does not need this crate: `roomful` exports what an app meets of it. What a server does with a room's address:
//!
//! ```
//! use roomful_core::Limits;
//! use roomful_core::key::{KeyLimits, parse_key};
//! use roomful_core::pattern::Pattern;
//!
//! let pattern = Pattern::parse("board/:boardId")?;
//! let params = parse_key(&pattern, Some(br#"{"boardId":"main"}"#), KeyLimits::of(&Limits::default()))?;
//! assert_eq!(params.get("boardId"), Some("main"));
//! assert_eq!(pattern.topic(&params)?.as_str(), "board/main");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod allowance;
pub mod arrival;
mod bound;
mod checked;
pub mod close;
pub mod cluster;
mod derived_key;
pub mod dialect;
pub mod expiry;
pub mod feed;
pub mod frame;
mod history;
pub mod id;
pub mod intake;
pub mod json;
pub mod key;
pub mod life;
pub mod limits;
pub mod liveness;
mod no_box;
mod number;
pub mod offer;
pub mod outbox;
pub mod progress;
pub mod rate;
pub mod room;
pub mod roster;
pub mod session;
pub mod users;

pub use bound::{LimitError, WrongLimit};
pub use close::{Close, ErrorCode};
pub use dialect::Dialect;
pub use history::History;
pub use id::{ConnectionId, Generation, MemberId, NodeId, UserId};
pub use json::Json;
pub use limits::Limits;
pub use no_box::NoBox;
/// Channel patterns.
#[doc(inline)]
pub use roomful_pattern as pattern;

/// A point in time, in milliseconds since a moment that the runtime chose once and keeps.
pub type Millis = u64;
