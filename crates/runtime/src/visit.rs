//! What the app does when a user comes to a room and when it has gone, as the runtime calls it.

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{Error, Result};

/// The hooks of one user's visit to one room. A hook may panic: it is called through [`caught`](crate::caught).
pub trait VisitHooks: MaybeSend + MaybeSync {
    /// The user's first member is in.
    fn on_user_join(&self) -> BoxFuture<'_, Result>;

    /// The user has gone.
    fn on_user_leave(&self) -> BoxFuture<'_, Result>;

    /// One of these failed.
    fn on_error(&self, error: Error) -> BoxFuture<'_, ()>;
}
