//! What of a frame is a client's own business, whatever it is connected to.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Of any frame that a server sends, what says how the connection stands.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Heading<'a> {
    #[serde(borrow, default)]
    pub(crate) t: Cow<'a, str>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
    #[serde(default)]
    pub(crate) heartbeat: Option<u64>,
    #[serde(default)]
    pub(crate) session: Option<String>,
    #[serde(default)]
    pub(crate) resumed: Option<bool>,
    #[serde(default, rename = "self")]
    pub(crate) own: Option<String>,
    #[serde(default)]
    pub(super) members: Vec<IgnoredAny>,
}

impl<'a> Heading<'a> {
    /// `None` for what is no frame; on a typed socket of the plain dialect a message is one as it is.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The first frame of a room, a feed or a typed socket.
    pub(crate) fn is_greeting(&self) -> bool {
        matches!(self.t.as_ref(), "snapshot" | "feed" | "open")
    }

    /// Where a frame that is an array is several.
    pub(crate) fn has_batches(&self) -> bool {
        matches!(self.t.as_ref(), "snapshot" | "feed")
    }
}
