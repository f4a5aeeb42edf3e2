//! Definitions: which rooms and sockets there are, under which names, behind which guards.

mod admission;
mod build_error;
mod builder;
mod registered;
mod room_setup;
mod socket_setup;

pub use admission::Admission;
pub use build_error::{BuildError, Mistake};
pub use builder::{ModuleBuilder, RoomsBuilder};
pub(crate) use registered::{Definition, ResumeError};
pub use room_setup::{IntoRoomSetup, RoomSetup, RoomExt};
pub use socket_setup::{IntoSocketSetup, SocketExt, SocketSetup};
