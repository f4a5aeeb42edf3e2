//! Rooms over real sockets, as an app sets them up: every kind of stream, any number of threads, with io_uring and without.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod blocked;
mod bytes;
mod inline;
mod memory;
mod places;
mod threads;
mod window;
mod wrapped;
