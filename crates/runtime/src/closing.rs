//! The end of a socket, as this side has decided it.

use std::sync::{Arc, OnceLock};

use roomful_core::Close;

/// The close that this side has begun. The first one stands.
#[derive(Debug, Default)]
pub(crate) struct Closing(OnceLock<Box<Close>>);

/// Where a line has it: its own, or its mailbox's, which may begin to close by itself. Most lines have no mailbox, and there
/// are many.
#[derive(Debug)]
pub(crate) enum LineClosing {
    Own(Closing),
    Mailbox(Arc<Closing>),
}

impl LineClosing {
    pub(crate) fn closing(&self) -> &Closing {
        match self {
            Self::Own(closing) => closing,
            Self::Mailbox(closing) => closing,
        }
    }
}

impl Closing {
    pub(crate) fn get(&self) -> Option<&Close> {
        self.0.get().map(|close| &**close)
    }

    /// `false` when another was there first.
    pub(crate) fn begin(&self, close: Close) -> bool {
        self.0.set(Box::new(close)).is_ok()
    }
}
