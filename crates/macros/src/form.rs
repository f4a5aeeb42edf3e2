//! What the two derives do not have in common.

/// Which derive it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Channel,
    Socket,
}

impl Form {
    /// The attribute that the definition stands in.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Socket => "socket",
        }
    }

    /// What a mistake calls the struct.
    pub(crate) fn subject(self) -> &'static str {
        match self {
            Self::Channel => "a channel",
            Self::Socket => "a socket's definition",
        }
    }

    /// A definition that is right.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Channel => "#[channel(\"board/:boardId\", ..)]",
            Self::Socket => "#[socket(\"doc/:docId\", ..)]",
        }
    }

    /// Every word that may follow the pattern.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Channel => "`message`, `incoming`, `outgoing`, `presence`, `info`, `event` and `crate`",
            Self::Socket => "`message`, `incoming`, `outgoing` and `crate`",
        }
    }
}
