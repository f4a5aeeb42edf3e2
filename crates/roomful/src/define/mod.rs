//! Definitions: which rooms, sockets, feeds and live values there are, under which names, behind which guards.

mod around;
mod build_error;
mod builder;
mod checked;
mod feed_setup;
mod forwarded_size;
mod live_setup;
mod path;
mod pending;
mod registered;
mod room_setup;
mod socket_setup;

pub use build_error::{BuildError, Mistake};
pub use builder::{ModuleBuilder, RoomsBuilder};
pub use feed_setup::{FeedExt, FeedSetup, IntoFeedSetup};
pub use live_setup::{IntoLiveForSetup, IntoLiveSetup, LiveExt, LiveForExt, LiveSetup};
pub use path::PathError;
pub use room_setup::{IntoRoomSetup, RoomExt, RoomSetup};
pub use socket_setup::{IntoSocketSetup, SocketExt, SocketSetup};
