//! What the app itself hears of a feed.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _};
use roomful_core::Json;
use roomful_runtime::Heard;
use serde::de::DeserializeOwned;

use crate::Channel;

/// What is published for one key from now on, in order: in this process, and in a cluster at every node. Made by [`Rooms::subscribe`](crate::Rooms::subscribe).
///
/// It holds at most [`Limits::log_frames`](crate::Limits::log_frames) and [`Limits::log_bytes`](crate::Limits::log_bytes): where more
/// wait, the oldest are let go of, and one [`Heard::Lagged`] stands for them, where they were. It ends when the rooms are
/// [drained](crate::Rooms::drain), so that a response that is made of it does not hold up a server that stops.
pub struct Subscription<C: Channel> {
    /// `None`: the key names no feed, and nothing can be published for it.
    published: Option<roomful_runtime::Subscription>,
    channel: PhantomData<fn() -> C>,
}

impl<C: Channel> Subscription<C> {
    pub(crate) fn new(published: Option<roomful_runtime::Subscription>) -> Self {
        Self { published, channel: PhantomData }
    }
}

impl<C: Channel> Subscription<C> {
    /// In a cluster: waits until whatever another node publishes from now on is heard, too. What this process publishes is heard from
    /// the beginning on.
    pub async fn hears_others(&self) {
        if let Some(published) = &self.published {
            published.hears_others().await;
        }
    }
}

impl<C: Channel<Event: DeserializeOwned>> Subscription<C> {
    /// What comes next; `None` at the end. It is a [`Stream`] as well.
    pub async fn next(&mut self) -> Option<Heard<C::Event>> {
        std::future::poll_fn(|cx| self.poll_next_unpin(cx)).await
    }
}

impl<C: Channel<Event: DeserializeOwned>> Stream for Subscription<C> {
    type Item = Heard<C::Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(published) = &mut self.published else { return Poll::Ready(None) };
        published.poll_next_unpin(cx).map(|heard| heard.map(typed))
    }
}

/// What cannot be read is missing, as what did not fit is.
fn typed<E: DeserializeOwned>(heard: Heard<Json>) -> Heard<E> {
    match heard {
        Heard::Lagged { missed } => Heard::Lagged { missed },
        Heard::Event(event) => event.decode().map_or_else(
            |error| {
                tracing::warn!(%error, event = std::any::type_name::<E>(), "an event is not read as it was written");
                Heard::Lagged { missed: 1 }
            },
            Heard::Event,
        ),
    }
}
