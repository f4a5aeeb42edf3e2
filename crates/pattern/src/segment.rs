//! What a pattern is made of.

use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    Literal(Box<str>),
    Param(Param),
}

/// One `:name` of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ParamKind,
}

/// What follows a param's name, and so whether a key must give it a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamKind {
    /// `:name`: has a value, and not an empty one.
    Required,
    /// `:name?`: absent and empty are the same and drop the segment.
    Optional,
    /// `:name*`: as optional. The value is one string, whatever slashes are in it.
    Rest,
    /// `:name+`: as required. The value is one string, whatever slashes are in it.
    RestRequired,
}

impl Param {
    /// The name, without the colon and without what follows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it must have a value.
    #[must_use]
    pub fn kind(&self) -> ParamKind {
        self.kind
    }

    /// The name, shared: a key has it too, once for each connection.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

impl ParamKind {
    /// Whether a key without a value for it is no key.
    #[must_use]
    pub fn must_have_value(self) -> bool {
        matches!(self, Self::Required | Self::RestRequired)
    }
}
