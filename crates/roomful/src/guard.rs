//! Guards: who may connect.

use std::future::Future;
use std::sync::Arc;

use crate::{BoxFuture, Deny, MaybeSend, MaybeSync, Upgrade};

/// Decides about an upgrade before anything of the room runs. Any `async fn(Upgrade<K>) -> Result<(), Deny>` is one.
///
/// The app's guards run first, then the module's, then the room's own; the first that denies ends it. A panic denies.
///
/// ```
/// use roomful::{Deny, Upgrade};
///
/// async fn signed_in(upgrade: Upgrade) -> Result<(), Deny> {
///     match upgrade.header("x-user") {
///         Some(_) => Ok(()),
///         None => Err(Deny::because("no x-user header")),
///     }
/// }
/// # let _ = roomful::Rooms::new().guard(signed_in);
/// ```
///
/// A guard with state of its own (a pool, a key) implements the trait: a closure that captures would have to be cloned
/// into each future.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard for this place",
    note = "a guard is `async fn(Upgrade<K>) -> Result<(), Deny>`: `Upgrade` for the app and a module, \
            `Upgrade<TheChannel>` for a room's own"
)]
pub trait Guard<K = ()>: MaybeSend + MaybeSync + 'static {
    /// `Ok` lets the upgrade go on to the next guard.
    fn check(&self, upgrade: Upgrade<K>) -> impl Future<Output = Result<(), Deny>> + MaybeSend;
}

impl<K, F, Fut> Guard<K> for F
where
    F: Fn(Upgrade<K>) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future<Output = Result<(), Deny>> + MaybeSend,
    K: 'static,
{
    fn check(&self, upgrade: Upgrade<K>) -> impl Future<Output = Result<(), Deny>> + MaybeSend {
        self(upgrade)
    }
}

/// A guard of any type.
pub(crate) struct BoxGuard<K>(Arc<dyn ErasedGuard<K>>);

impl<K> Clone for BoxGuard<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: MaybeSend + 'static> BoxGuard<K> {
    pub(crate) fn new(guard: impl Guard<K>) -> Self {
        Self(Arc::new(guard))
    }

    pub(crate) fn check(&self, upgrade: Upgrade<K>) -> BoxFuture<'_, Result<(), Deny>> {
        self.0.check_boxed(upgrade)
    }
}

trait ErasedGuard<K>: MaybeSend + MaybeSync {
    fn check_boxed(&self, upgrade: Upgrade<K>) -> BoxFuture<'_, Result<(), Deny>>;
}

impl<K: MaybeSend + 'static, G: Guard<K>> ErasedGuard<K> for G {
    fn check_boxed(&self, upgrade: Upgrade<K>) -> BoxFuture<'_, Result<(), Deny>> {
        Box::pin(self.check(upgrade))
    }
}
