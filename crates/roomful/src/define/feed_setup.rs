//! A feed as it is registered, with its guards and limits.

use std::future::Future;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::{Hooks, LiveMember};

use super::around::{Around, Facts};
use super::pending::Pending;
use super::registered::TypedEndpoint;
use crate::data::Newest;
use crate::listening::FeedHooks;
use crate::{Channel, Deny, Feed, Guard, Limits, MaybeSend, Rooms, Upgrade};

/// A feed with its own guards and limits. Made by [`FeedExt`].
pub struct FeedSetup<F: Feed> {
    pub(crate) feed: Arc<F>,
    pub(crate) around: Around<F::Channel>,
}

impl<F: Feed> FeedSetup<F> {
    fn new(feed: F) -> Self {
        Self { feed: Arc::new(feed), around: Around::nothing() }
    }

    /// Adds a guard; it runs after those of the app and the module, with the typed key.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard<F::Channel>) -> Self {
        self.around.add_guard(guard);
        self
    }

    /// Bounds of this feed's own, in place of the app's. Where feeds share a channel, what is kept has the bounds of the first that
    /// somebody listens to.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.around.limits = Some(limits);
        self
    }

    /// Says that another feed has the same channel on purpose: what is published reaches those who listen to either. Both must say
    /// so.
    #[must_use]
    pub fn shares_channel(mut self) -> Self {
        self.around.shared = true;
        self
    }
}

/// Gives a feed guards and limits where it is registered.
///
/// ```
/// # use roomful::{Channel, Deny, Feed, FeedExt, Upgrade};
/// # #[derive(Clone, Channel)]
/// # #[channel("club", event = String)]
/// # struct Club;
/// # struct News;
/// # impl Feed for News {
/// #     type Channel = Club;
/// #     type Data = ();
/// #     async fn data(&self, _: &Upgrade<Club>) -> Result<(), Deny> { Ok(()) }
/// # }
/// async fn members_only(upgrade: Upgrade<Club>) -> Result<(), Deny> {
///     upgrade.header("x-member").map(|_| ()).ok_or_else(Deny::forbidden)
/// }
///
/// let rooms = roomful::Rooms::new().module("club", |m| m.feed("news", News.guard(members_only))).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
pub trait FeedExt: Feed {
    /// See [`FeedSetup::guard`].
    fn guard(self, guard: impl Guard<Self::Channel>) -> FeedSetup<Self> {
        FeedSetup::new(self).guard(guard)
    }

    /// See [`FeedSetup::limits`].
    fn limits(self, limits: Limits) -> FeedSetup<Self> {
        FeedSetup::new(self).limits(limits)
    }

    /// See [`FeedSetup::shares_channel`].
    fn shares_channel(self) -> FeedSetup<Self> {
        FeedSetup::new(self).shares_channel()
    }
}

impl<F: Feed> FeedExt for F {}

/// A [`Feed`], or one with guards and limits around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a feed",
    note = "implement `roomful::Feed` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait IntoFeedSetup {
    /// The feed.
    type Feed: Feed;
    /// The feed with its guards and limits.
    fn into_feed_setup(self) -> FeedSetup<Self::Feed>;
}

impl<F: Feed> IntoFeedSetup for F {
    type Feed = F;
    fn into_feed_setup(self) -> FeedSetup<F> {
        FeedSetup::new(self)
    }
}

impl<F: Feed> IntoFeedSetup for FeedSetup<F> {
    type Feed = F;
    fn into_feed_setup(self) -> Self {
        self
    }
}

pub(super) struct FeedEndpoint<F: Feed>(Arc<F>);

impl<F: Feed> FeedSetup<F> {
    /// What a module is given.
    pub(super) fn pending(self, name: &str) -> Pending {
        let facts = Facts { kind: EndpointKind::Feed, pattern: F::Channel::PATTERN, has_info: false };
        self.around.pending(name, facts, FeedEndpoint(self.feed))
    }
}

impl<F: Feed> TypedEndpoint for FeedEndpoint<F> {
    type Key = F::Channel;
    type Data = F::Data;

    fn key(params: &Params) -> Result<F::Channel, KeyError> {
        F::Channel::from_params(params)
    }

    #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
    fn describe(types: &mut crate::__private::TypeSink) {
        F::Channel::describe_event(types);
    }

    fn data(&self, upgrade: &Upgrade<F::Channel>) -> impl Future<Output = Result<F::Data, Deny>> + MaybeSend {
        self.0.data(upgrade)
    }

    fn hooks(&self, key: F::Channel, data: F::Data, member: Arc<LiveMember>, _: Rooms) -> Arc<dyn Hooks> {
        Arc::new(FeedHooks { feed: Arc::clone(&self.0), key, data: Newest::new(data), member })
    }
}
