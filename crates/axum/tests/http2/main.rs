//! WebSockets over HTTP/2 (RFC 8441), as a browser opens them where an app serves TLS with ALPN `h2`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod credentials;
mod handshake;
mod streams;
