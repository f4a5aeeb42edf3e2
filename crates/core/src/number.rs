//! The short name of a member in a room.

use serde::{Deserialize, Serialize};

/// What names a member where its id would be too long: small, and while it is in nobody else's. All who hear the room know
/// it by the same one, so what is encoded with it is the same for all of them. The room gives it, on each node its own, to
/// members of other nodes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Number(pub u32);
