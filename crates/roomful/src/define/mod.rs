//! Definitions: which rooms and sockets there are, under which names, behind which guards.

mod build_error;
mod builder;
mod forwarded_size;
mod path;
mod registered;
mod room_setup;
mod socket_setup;

pub use build_error::{BuildError, Mistake};
pub use builder::{ModuleBuilder, RoomsBuilder};
pub use path::PathError;
pub use room_setup::{IntoRoomSetup, RoomExt, RoomSetup};
pub use socket_setup::{IntoSocketSetup, SocketExt, SocketSetup};
