//! Rooms as an app sees them, driven in memory by the test kit.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

mod bad_input;
mod denials;
mod drain;
mod guards;
mod handle;
mod hooks;
mod keeper;
mod kept;
mod large;
mod metrics;
mod order;
mod overload;
mod peer;
mod race;
mod scripted;
mod sockets;
