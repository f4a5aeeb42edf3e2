//! A server, what stands before it, and the command; every wait is for an event, and none is for ever.

mod cable;
mod command;
mod meddler;
mod server;
mod visitor;

use std::time::Duration;

pub(crate) use cable::Cable;
pub(crate) use command::{Ended, Running, roomful};
pub(crate) use meddler::{Habits, Meddler, without};
pub(crate) use server::Server;
pub(crate) use visitor::Visitor;

/// So long that only what never comes takes it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(event: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("never: {event}"))
}
