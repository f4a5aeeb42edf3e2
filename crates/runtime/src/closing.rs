//! The end of a socket, as this side has decided it.

use std::sync::OnceLock;

use roomful_core::Close;
use roomful_core::session::ending::EndedBy;

/// The close that this side has begun, and whether for the app or by itself. The first one stands.
#[derive(Debug, Default)]
pub(crate) struct Closing(OnceLock<Box<(Close, EndedBy)>>);

impl Closing {
    pub(crate) fn get(&self) -> Option<&Close> {
        self.0.get().map(|closing| &closing.0)
    }

    /// Who has begun it.
    pub(crate) fn by(&self) -> Option<EndedBy> {
        self.0.get().map(|closing| closing.1)
    }

    /// `false` when another was there first.
    pub(crate) fn begin(&self, close: Close, by: EndedBy) -> bool {
        self.0.set(Box::new((close, by))).is_ok()
    }
}
