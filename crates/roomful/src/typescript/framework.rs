//! Which hooks the browser's types are for.

/// Which hooks the generated file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framework {
    /// None: `joinRoom(serverRooms.cursors, ..)`.
    None,
    /// `serverRooms.cursors.useRoom(..)` and `serverSockets.chat.useSocket(..)` for Preact.
    Preact,
    /// `serverRooms.cursors.useRoom(..)` and `serverSockets.chat.useSocket(..)` for React.
    React,
}

impl Framework {
    /// What the file imports from.
    pub(super) fn import(self) -> &'static str {
        match self {
            Self::None => "roomful",
            Self::Preact => "roomful/preact",
            Self::React => "roomful/react",
        }
    }
}
