//! Who may not come back, for the next process.

use roomful_core::Millis;
use roomful_core::pattern::Topic;
use roomful_core::session::Token;
use serde::{Deserialize, Serialize};

use crate::kept::KeptError;

/// A token that its room takes no more: the app has removed its member. Whoever presents it in time is told so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barred {
    pub(crate) token: Token,
    /// The room's topic.
    pub(crate) room: String,
    /// Until when, by the host's clock. The token is nobody's then.
    pub(crate) until: Millis,
}

impl Barred {
    pub(crate) fn new(token: Token, room: &Topic, until: Millis) -> Self {
        Self { token, room: room.as_str().to_owned(), until }
    }

    /// Gives away what is to be kept.
    pub(crate) fn written(&self, write: impl FnOnce(&[u8])) {
        match serde_json::to_vec(self) {
            Ok(bytes) => write(&bytes),
            Err(error) => tracing::error!(room = self.room, %error, "that somebody was removed cannot be written"),
        }
    }

    /// Reads what a [`Keeper`](crate::Keeper::bar) was given.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}
