//! What the server alone says, apart from the rooms: a publish and a room of one key never meet.
//!
//! A listener is a [`LiveMember`](crate::LiveMember) like any other, but it is in no roster, and nobody is told of it. Its socket gets
//! what is published by the path of a room's frames: encoded once a dialect, and handed once to each transport.

mod audience;
mod beginning;
mod exchange;
mod exchanges;
mod linger;
mod live_feed;
mod loader;
mod name;
mod registry;
mod shared_value;
mod subscription;

pub(crate) use audience::Listening;
pub(crate) use beginning::Beginning;
pub(crate) use live_feed::check_size;
pub use loader::{LiveSource, Loader};
pub(crate) use name::ValueKey;
pub(crate) use registry::{Feeds, Listener};
pub use subscription::{Heard, Subscription};
