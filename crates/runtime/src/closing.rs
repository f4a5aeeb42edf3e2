//! The end of a socket, as this side has decided it.

use std::sync::OnceLock;

use roomful_core::Close;

/// The close that this side has begun. The first one stands.
#[derive(Debug, Default)]
pub(crate) struct Closing(OnceLock<Box<Close>>);

impl Closing {
    pub(crate) fn get(&self) -> Option<&Close> {
        self.0.get().map(|close| &**close)
    }

    /// `false` when another was there first.
    pub(crate) fn begin(&self, close: Close) -> bool {
        self.0.set(Box::new(close)).is_ok()
    }
}
