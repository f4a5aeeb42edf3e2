//! A promise that did not hold.

use std::fmt;

/// Says what was broken; the run ends there.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    pub(crate) fn new<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self(what.into()))
    }

    /// The same, and at whom it happened.
    pub(crate) fn at(self, whom: impl fmt::Display) -> Self {
        Self(format!("{whom}: {}", self.0))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A promise: what it says is built only when it does not hold.
macro_rules! ensure {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err($crate::fault::Fault(format!($($what)+)));
        }
    };
}
