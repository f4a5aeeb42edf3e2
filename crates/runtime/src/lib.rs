//! What runs rooms and sockets, whatever the platform: the hub of live rooms, and each [`Connection`]'s life.
//!
//! A platform (the axum runtime, the test kit, a Durable Object) brings a [`Host`] and the sockets. It makes an
//! [`Admission`](crate::Admission) of each upgrade, hands what it reads to [`Connection::receive`], writes what comes to
//! the [`Transport`] that its sockets have, and calls [`Connection::end`] when the socket is gone. Everything else is here. A
//! post is a thread's, with thousands of sockets, or the [`Mailbox`] of a single one.

mod calls;
mod connection;
mod cork;
mod drain;
mod host;
mod hub;
mod inbox;
mod kept;
mod leave;
mod link;
mod live_room;
mod mailbox;
mod post;
mod posts;
mod restore;
mod work;

pub use connection::Connection;
pub use drain::Drain;
pub use host::{Host, Keeper};
pub(crate) use hub::Hub;
pub use hub::Stats;
pub use kept::{Kept, KeptError, Admitted};
pub(crate) use link::{Destination, Link, Opening};
pub(crate) use live_room::LiveRoom;
pub use mailbox::{Mailbox, Outgoing};
pub use post::{Delivery, Transport, RoomId, Shared, SharedFrames, Updates};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// No user code runs while one of these locks is held, so a panic cannot leave what it guards half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
