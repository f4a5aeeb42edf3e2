//! What a server did otherwise.

use std::fmt;

/// The first thing in a recording that a server did otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The recording's name.
    pub recording: String,
    /// Which step, and who did or received what in it.
    pub step: String,
    /// What was recorded.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recording, step, expected, got } = self;
        write!(f, "{recording}, {step}\n  expected {expected}\n  got      {got}")
    }
}

impl std::error::Error for Difference {}

/// The same, before it is known where.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) got: String,
}

impl Mismatch {
    pub(crate) fn new(expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        Self { expected: expected.to_string(), got: got.to_string() }
    }
}
