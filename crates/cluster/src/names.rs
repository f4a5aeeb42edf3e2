//! What an address is called at a broker.

use std::sync::Arc;

use roomful_core::cluster::{Address, Subject};

/// The names of one app. All begin with `roomful.`, so that a broker's permissions can name them, and none has anything in it
/// that a broker gives a meaning to.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    app: Arc<str>,
}

/// What every name begins with.
pub(crate) const PREFIX: &str = "roomful.";

impl Names {
    pub(crate) fn of(app: &str) -> Self {
        Self { app: Subject::of(app, "").to_string().into() }
    }

    /// The app, as it stands in names.
    #[cfg(feature = "nats")]
    pub(crate) fn app(&self) -> &str {
        &self.app
    }

    /// Where something is said that is to be kept, of a room or of all.
    #[cfg(feature = "nats")]
    pub(crate) fn said(&self, room: Option<Subject>) -> String {
        let room = room.map_or_else(|| "*".to_owned(), |room| room.to_string());
        format!("{PREFIX}said.{}.{room}", self.app)
    }

    /// The room that this is the name of.
    #[cfg(any(feature = "nats", feature = "redis"))]
    pub(crate) fn room_of(name: &[u8]) -> Option<Subject> {
        let name = std::str::from_utf8(name).ok()?;
        Subject::parse(name.strip_prefix(PREFIX)?.strip_prefix("room.")?)
    }

    /// Two apps have two names for everybody. A room's has the app in its hash already, and a node's is random.
    pub(crate) fn name(&self, address: Address) -> String {
        match address {
            Address::Everybody => format!("{PREFIX}all.{}", self.app),
            Address::Node(node) => format!("{PREFIX}node.{:016x}", node.0),
            Address::Room(subject) => format!("{PREFIX}room.{subject}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::NodeId;

    use super::*;

    /// Nodes of two releases must find each other.
    #[test]
    fn they_are_the_same_for_ever() {
        let names = Names::of("shop");
        for (address, name) in [
            (Address::Everybody, "roomful.all.9a358ab323787af8363d09a2c185bb2a"),
            (Address::Node(NodeId(0x5eed)), "roomful.node.0000000000005eed"),
            (Address::Room(Subject::of("shop", "board/main")), "roomful.room.52378038af42fe5c8fdde90052e10b68"),
        ] {
            assert_eq!(names.name(address), name);
        }
    }

    #[test]
    fn no_app_has_anothers() {
        assert_ne!(Names::of("a").name(Address::Everybody), Names::of("b").name(Address::Everybody));
    }
}
