//! What a client may do to [`roomful_axum::serve`] before it is a WebSocket: nothing that holds a connection for ever, and nothing
//! that a slow handler or a slow network would be cut for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod backlog;
mod crowd;
mod heads;
mod lasting;
mod proxied;
mod raw;
mod server;
mod slow;
mod smuggling;
