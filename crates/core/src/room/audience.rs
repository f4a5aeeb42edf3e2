//! Who hears what is said to a room.

use crate::MemberId;

/// Who hears a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every member.
    Everybody,
    /// Every member save this one.
    AllBut(MemberId),
}
