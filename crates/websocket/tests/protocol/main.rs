//! The crate against the protocol: the cases of the Autobahn suite, streams that are generated, and another library.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails it like the test itself"
)]

mod against_tungstenite;
mod autobahn;
mod client;
mod oracle;
mod round_trip;
mod streams;
