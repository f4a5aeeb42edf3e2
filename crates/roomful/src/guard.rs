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

    /// The params that it reads. [`build`](crate::RoomsBuilder::build) names each room and socket behind this guard that
    /// does not have one of them. For an `async fn` there is [`needs`].
    fn needs(&self) -> &[&'static str] {
        &[]
    }
}

/// A guard that reads these params, which every room and socket behind it must have: what a guard of the app or of a module
/// finds missing is `None`, and a channel that was renamed would be let through or shut out in silence. A param that the
/// channel has may still be absent where it is optional.
///
/// ```
/// use roomful::{Deny, Rooms, Upgrade, needs};
///
/// async fn sees_board(upgrade: Upgrade) -> Result<(), Deny> {
///     match upgrade.params().get("boardId") {
///         Some("secret") | None => Err(Deny::forbidden()),
///         Some(_) => Ok(()),
///     }
/// }
///
/// # use roomful::{Channel, Room};
/// # #[derive(Clone, Channel)]
/// # #[channel("lobby")]
/// # struct Lobby;
/// # struct Hall;
/// # impl Room for Hall {
/// #     type Channel = Lobby;
/// #     type Data = ();
/// #     async fn data(&self, _: &Upgrade<Lobby>) -> Result<(), Deny> { Ok(()) }
/// # }
/// let rooms = Rooms::new().module("board", |m| m.guard(needs(["boardId"], sees_board)).room("lobby", Hall));
/// assert!(rooms.build().is_err_and(|error| error.to_string().contains("`boardId`")));
/// ```
pub fn needs<G>(params: impl IntoIterator<Item = &'static str>, guard: G) -> Needs<G> {
    Needs { params: params.into_iter().collect(), guard }
}

/// A guard and the params that it reads. Made by [`needs`].
#[derive(Debug, Clone)]
pub struct Needs<G> {
    params: Vec<&'static str>,
    guard: G,
}

impl<K: MaybeSend + 'static, G: Guard<K>> Guard<K> for Needs<G> {
    fn check(&self, upgrade: Upgrade<K>) -> impl Future<Output = Result<(), Deny>> + MaybeSend {
        self.guard.check(upgrade)
    }

    fn needs(&self) -> &[&'static str] {
        &self.params
    }
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

    pub(crate) fn needs(&self) -> &[&'static str] {
        self.0.params_needed()
    }
}

trait ErasedGuard<K>: MaybeSend + MaybeSync {
    fn check_boxed(&self, upgrade: Upgrade<K>) -> BoxFuture<'_, Result<(), Deny>>;
    fn params_needed(&self) -> &[&'static str];
}

impl<K: MaybeSend + 'static, G: Guard<K>> ErasedGuard<K> for G {
    fn check_boxed(&self, upgrade: Upgrade<K>) -> BoxFuture<'_, Result<(), Deny>> {
        Box::pin(self.check(upgrade))
    }

    fn params_needed(&self) -> &[&'static str] {
        self.needs()
    }
}
