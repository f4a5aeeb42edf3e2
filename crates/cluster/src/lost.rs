//! Why a link is over.

/// A link is over, and why. Nothing that it was told last is known to have arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the link to the broker was lost: {reason}")]
pub struct Lost {
    reason: String,
}

impl Lost {
    /// For this reason, which has no secret in it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
