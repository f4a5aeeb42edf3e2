//! A client of rooms that comes back, as the browser's does.
//!
//! What it knows (`session`, `backoff`, `liveness`) is values without a clock or a socket; `connect` makes a connection, `line` is
//! one, and [`Client`] has one after the other.

mod backoff;
mod closing;
mod connect;
mod greeting;
mod heading;
mod line;
mod liveness;
mod not_opened;
mod reconnecting;
mod session;

pub(crate) use closing::Closing;
pub(crate) use connect::{Connector, Offer, Opened};
pub(crate) use greeting::Greeting;
pub(crate) use line::Line;
pub(crate) use not_opened::{Malformed, NotOpened};
pub(crate) use reconnecting::{Client, Happening};
