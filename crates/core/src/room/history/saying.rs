//! What is to be said in a room.

use crate::session::To;
use crate::{Json, MemberId};

/// What is to be said.
pub(in crate::room) struct Saying {
    pub(in crate::room) from: Option<MemberId>,
    pub(in crate::room) to: To,
    /// Whose it is, though it may be of nobody's.
    pub(in crate::room) by: Option<MemberId>,
    pub(in crate::room) is_last: bool,
    pub(in crate::room) msg: Json,
}

impl Saying {
    pub(in crate::room) fn by_nobody(msg: Json) -> Self {
        Self { from: None, to: To::Everybody, by: None, is_last: false, msg }
    }
}
