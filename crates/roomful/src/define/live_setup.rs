//! A live value as it is registered, with its guards and limits.

use std::future::Future;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::{Hooks, LiveMember};

use super::around::{Around, Facts};
use super::pending::Pending;
use super::registered::TypedEndpoint;
use crate::listening::{LiveHooks, LiveLoader};
use crate::{Channel, Deny, ForAll, Guard, Limits, Live, LiveFor, MaybeSend, Rooms, Upgrade};

/// A live value with its own guards and limits. Made by [`LiveExt`] and [`LiveForExt`].
pub struct LiveSetup<L: LiveFor> {
    pub(crate) live: Arc<L>,
    pub(crate) around: Around<L::Channel>,
}

impl<L: LiveFor> LiveSetup<L> {
    fn new(live: L) -> Self {
        Self { live: Arc::new(live), around: Around::nothing() }
    }

    /// Adds a guard; it runs after those of the app and the module, with the typed key.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard<L::Channel>) -> Self {
        self.around.add_guard(guard);
        self
    }

    /// Bounds of this value's own, in place of the app's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.around.limits = Some(limits);
        self
    }
}

/// Gives a live value guards and limits where it is registered.
///
/// ```
/// # use roomful::{Channel, Deny, Live, LiveExt, Result, Upgrade};
/// # #[derive(Clone, Channel)]
/// # #[channel("club")]
/// # struct Club;
/// # struct Guests;
/// # impl Live for Guests {
/// #     type Channel = Club;
/// #     type Value = usize;
/// #     async fn load(&self, _: &Club) -> Result<usize> { Ok(3) }
/// # }
/// async fn members_only(upgrade: Upgrade<Club>) -> Result<(), Deny> {
///     upgrade.header("x-member").map(|_| ()).ok_or_else(Deny::forbidden)
/// }
///
/// let rooms = roomful::Rooms::new().module("club", |m| m.live("guests", Guests.guard(members_only))).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
pub trait LiveExt: Live {
    /// See [`LiveSetup::guard`].
    fn guard(self, guard: impl Guard<Self::Channel>) -> LiveSetup<ForAll<Self>> {
        LiveSetup::new(ForAll::new(self)).guard(guard)
    }

    /// See [`LiveSetup::limits`].
    fn limits(self, limits: Limits) -> LiveSetup<ForAll<Self>> {
        LiveSetup::new(ForAll::new(self)).limits(limits)
    }
}

impl<L: Live> LiveExt for L {}

/// Gives a live value that differs by who asks guards and limits where it is registered.
pub trait LiveForExt: LiveFor {
    /// See [`LiveSetup::guard`].
    fn guard(self, guard: impl Guard<Self::Channel>) -> LiveSetup<Self> {
        LiveSetup::new(self).guard(guard)
    }

    /// See [`LiveSetup::limits`].
    fn limits(self, limits: Limits) -> LiveSetup<Self> {
        LiveSetup::new(self).limits(limits)
    }
}

impl<L: LiveFor> LiveForExt for L {}

/// A [`Live`] value, or one with guards and limits around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live value",
    note = "implement `roomful::Live` for it: `type Channel`, `type Value` and `async fn load` are what it must have"
)]
pub trait IntoLiveSetup {
    /// The live value.
    type Live: Live;
    /// The live value with its guards and limits.
    fn into_live_setup(self) -> LiveSetup<ForAll<Self::Live>>;
}

impl<L: Live> IntoLiveSetup for L {
    type Live = L;
    fn into_live_setup(self) -> LiveSetup<ForAll<L>> {
        LiveSetup::new(ForAll::new(self))
    }
}

impl<L: Live> IntoLiveSetup for LiveSetup<ForAll<L>> {
    type Live = L;
    fn into_live_setup(self) -> Self {
        self
    }
}

/// A [`LiveFor`] value, or one with guards and limits around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live value that differs by who asks",
    note = "implement `roomful::LiveFor` for it: `type Channel`, `type Data`, `type Value`, `async fn data` and \
            `async fn load_for` are what it must have"
)]
pub trait IntoLiveForSetup {
    /// The live value.
    type Live: LiveFor;
    /// The live value with its guards and limits.
    fn into_live_for_setup(self) -> LiveSetup<Self::Live>;
}

impl<L: LiveFor> IntoLiveForSetup for L {
    type Live = L;
    fn into_live_for_setup(self) -> LiveSetup<L> {
        LiveSetup::new(self)
    }
}

impl<L: LiveFor> IntoLiveForSetup for LiveSetup<L> {
    type Live = L;
    fn into_live_for_setup(self) -> Self {
        self
    }
}

pub(super) struct LiveEndpoint<L: LiveFor>(Arc<L>);

impl<L: LiveFor> LiveSetup<L> {
    /// What a module is given.
    pub(super) fn pending(self, name: &str) -> Pending {
        let facts = Facts { kind: EndpointKind::Live, pattern: L::Channel::PATTERN, has_info: false };
        self.around.pending(name, facts, LiveEndpoint(self.live))
    }
}

impl<L: LiveFor> TypedEndpoint for LiveEndpoint<L> {
    type Key = L::Channel;
    type Data = L::Data;

    fn key(params: &Params) -> Result<L::Channel, KeyError> {
        L::Channel::from_params(params)
    }

    #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
    fn describe(types: &mut crate::__private::TypeSink) {
        types.live::<L::Value>();
    }

    fn data(&self, upgrade: &Upgrade<L::Channel>) -> impl Future<Output = Result<L::Data, Deny>> + MaybeSend {
        self.0.data(upgrade)
    }

    fn hooks(&self, key: L::Channel, data: L::Data, member: Arc<LiveMember>, _: Rooms) -> Arc<dyn Hooks> {
        let source = Arc::new(LiveLoader { live: Arc::clone(&self.0), key, data });
        Arc::new(LiveHooks { source, member })
    }
}
