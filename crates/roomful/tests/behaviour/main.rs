//! Rooms as an app sees them, driven in memory by the test kit.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

mod absent;
mod away;
mod bad_input;
mod blocking;
mod deep;
mod denials;
mod departed;
mod drain;
mod entering;
mod expiry;
mod extremes;
mod feeds;
mod gives_way;
mod guards;
mod handle;
mod hooks;
mod info;
mod inline;
mod inspection;
mod keeper;
mod kept;
mod large;
mod large_numbers;
mod late;
mod lent;
mod metrics;
mod moments;
mod numbers;
mod on_presence;
mod order;
mod overload;
mod panics;
mod peer;
mod race;
mod resume;
mod scripted;
mod sealed;
mod sealed_twice;
mod sockets;
mod storm;
mod tunnel;
mod upgraded_anew;
mod users;

/// Whether the rooms and sockets of these tests say that their hooks never block. The test `behaviour_inline` runs the same
/// tests with rooms that do.
const INLINE: bool = false;
