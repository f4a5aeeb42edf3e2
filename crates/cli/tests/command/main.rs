//! The command, as somebody runs it: against the fixture's rooms over real sockets, and against what is broken between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod doctor;
mod load;
mod new;
mod support;
mod tls;
mod watch;
