//! What a connection is for.

use roomful_core::frame::EndpointKind;
use roomful_core::pattern::Topic;

/// Where a connection is to be let in.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The room of this topic.
    Room(Topic),
    /// A typed socket.
    Socket,
    /// Those who listen to the feed of this topic.
    Feed(Topic),
    /// Those who listen to a live value of this topic.
    Live(Topic),
}

impl Destination {
    pub(crate) fn kind(&self) -> EndpointKind {
        match self {
            Self::Room(_) => EndpointKind::Room,
            Self::Socket => EndpointKind::Socket,
            Self::Feed(_) => EndpointKind::Feed,
            Self::Live(_) => EndpointKind::Live,
        }
    }

    /// The topic of the room that it is for, where it is for one.
    pub(crate) fn room(&self) -> Option<&Topic> {
        match self {
            Self::Room(topic) => Some(topic),
            Self::Socket | Self::Feed(_) | Self::Live(_) => None,
        }
    }
}
