//! The end of a socket, as this side has decided it.

use once_cell::race::OnceBox;
use roomful_core::Close;
use roomful_core::session::ending::EndedBy;

/// The close that this side has begun, and whether for the app or by itself. The first one stands.
///
/// Every socket has one of these, and most never begin to close: where there is none it is as large as a pointer, which the standard
/// library's cell is not.
#[derive(Debug, Default)]
pub(crate) struct Closing(OnceBox<(Close, EndedBy)>);

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
