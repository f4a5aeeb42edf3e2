//! permessage-deflate (RFC 7692), where no side remembers one message for the next.
//!
//! That costs a few bytes a message, and is what lets a message be compressed once for all who hear it, and one
//! [`Deflater`] and one [`Inflater`] serve every connection of a thread: neither holds anything of a connection.

mod deflater;
mod inflater;
mod negotiate;

pub use deflater::{Deflater, MIN_PAYLOAD};
pub use inflater::Inflater;
pub use negotiate::negotiate;

/// What a sender leaves away from the end of a compressed message, and a receiver adds again (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
