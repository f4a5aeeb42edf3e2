//! Where live values come from.

use std::sync::Arc;

use roomful_core::Json;

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{Error, Result};

/// Where a live value comes from, for one listener.
pub struct LiveSource {
    /// Who asks, where values differ by that: those whose `group` is equal have one value.
    pub group: Option<Json>,
    /// What loads it.
    pub loader: Arc<dyn Loader>,
}

/// Loads a live value.
pub trait Loader: MaybeSend + MaybeSync {
    /// What it is now.
    fn load(self: Arc<Self>) -> BoxFuture<'static, Result<Json>>;

    /// It could not be loaded, or took too long.
    fn on_error(self: Arc<Self>, error: Error) -> BoxFuture<'static, ()>;
}
