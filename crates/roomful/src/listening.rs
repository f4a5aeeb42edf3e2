//! Where JSON becomes the app's types: the hooks of one who listens.

use std::sync::Arc;
use std::time::SystemTime;

use roomful_core::{Close, Json};
use roomful_runtime::{
    DenialReason, HookNames, Hooks, LiveMember, LiveSource, Loader, MemberHooks, MessageError, Misfit,
};

use crate::data::Newest;
use crate::payload::encode;
use crate::{BoxFuture, Deny, Error, Feed, LiveFor, Result};

const NAMES: HookNames = HookNames { open: "listen", message: "message", end: "leave", error: "on_error" };

/// The hooks of one who listens to a feed.
pub(crate) struct FeedHooks<F: Feed> {
    pub(crate) feed: Arc<F>,
    pub(crate) key: F::Channel,
    pub(crate) data: Newest<F::Data>,
    pub(crate) member: Arc<LiveMember>,
}

/// The hooks of one who listens to a live value.
pub(crate) struct LiveHooks<L: LiveFor> {
    pub(crate) source: Arc<LiveLoader<L>>,
    pub(crate) member: Arc<LiveMember>,
}

/// What loads a live value for all who have equal data.
pub(crate) struct LiveLoader<L: LiveFor> {
    pub(crate) live: Arc<L>,
    pub(crate) key: L::Channel,
    pub(crate) data: L::Data,
}

impl<F: Feed> Hooks for FeedHooks<F> {
    fn names(&self) -> HookNames {
        NAMES
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        nothing()
    }

    fn on_message(&self, _: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        only_listens()
    }

    fn on_end<'a>(&'a self, _: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn expires(&self) -> Result<Option<SystemTime>> {
        Ok(self.member.watched_call("expires", || self.feed.expires(&self.data.get())))
    }

    fn refresh<'a>(&'a self, credentials: &'a str, is_kept: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>> {
        Box::pin(self.member.watched("refresh", async move {
            let before = self.data.get();
            let refreshed = self.feed.refresh(&self.key, &before, credentials).await;
            let data = refreshed.map_err(Deny::into_reason)?;
            let kept = is_kept.then(|| encode(&data)).transpose().map_err(DenialReason::Failed)?;
            self.data.set(Arc::new(data));
            Ok(kept)
        }))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        Box::pin(self.member.watched("on_error", async { self.feed.on_error(&self.key, error).await }))
    }

    fn member(&self) -> Option<&dyn MemberHooks> {
        None
    }
}

impl<L: LiveFor> Hooks for LiveHooks<L> {
    fn names(&self) -> HookNames {
        NAMES
    }

    fn on_open(&self) -> BoxFuture<'_, Result> {
        nothing()
    }

    fn on_message(&self, _: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>> {
        only_listens()
    }

    fn on_end<'a>(&'a self, _: &'a Close) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn expires(&self) -> Result<Option<SystemTime>> {
        Ok(self.member.watched_call("expires", || self.source.live.expires(&self.source.data)))
    }

    fn refresh<'a>(&'a self, _: &'a str, _: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>> {
        Box::pin(std::future::ready(Err(DenialReason::NoRefresh)))
    }

    fn on_error(&self, error: Error) -> BoxFuture<'_, ()> {
        let source = &self.source;
        Box::pin(self.member.watched("on_error", async { source.live.on_error(&source.key, error).await }))
    }

    fn live(&self) -> Result<Option<LiveSource>> {
        let loader = Arc::clone(&self.source);
        Ok(Some(LiveSource { group: Some(encode(&loader.data)?), loader }))
    }

    fn member(&self) -> Option<&dyn MemberHooks> {
        None
    }
}

impl<L: LiveFor> Loader for LiveLoader<L> {
    fn load(self: Arc<Self>) -> BoxFuture<'static, Result<Json>> {
        Box::pin(async move { encode(&self.live.load_for(&self.key, &self.data).await?) })
    }

    fn on_error(self: Arc<Self>, error: Error) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.live.on_error(&self.key, error).await })
    }
}

fn nothing() -> BoxFuture<'static, Result> {
    Box::pin(std::future::ready(Ok(())))
}

/// The intake lets no message through.
fn only_listens() -> BoxFuture<'static, Result<(), MessageError>> {
    let misfit = Misfit("a client only listens here".to_owned());
    Box::pin(std::future::ready(Err(MessageError::Misfit(misfit))))
}
