//! The end of a member, exactly once: the roster and the others first, then teardowns, then `on_leave` or a socket's
//! `close`.

use std::sync::Arc;

use futures_util::FutureExt;
use roomful_core::Close;
use roomful_core::life::Event;

use crate::hooks::{Hooks, caught};
use crate::member::{LiveMember, Scope};
use crate::{Error, last_words, metrics};

impl LiveMember {
    /// Takes it out of its room, or from what it listens to, and forgets what was kept of it.
    pub(crate) fn leave_roster(&self) {
        if let Some(Scope::Feed(feed)) = self.scope() {
            Arc::clone(feed).leave(self.id());
        }
        if let Some(room) = self.room() {
            let left = room.leave(self.id());
            self.hub().after_leave(room, left);
            if room.has_sessions() {
                self.tell_held();
            }
        }
        if let (Some(line), Some(keeper)) = (self.line(), self.process().keeper()) {
            let _gone = line.forget(keeper);
        }
    }

    /// Runs the hooks of its end.
    pub(crate) async fn end_with(&self, hooks: &Arc<dyn Hooks>, close: &Close, socket_error: Option<Error>) {
        // Whoever else is about to do it may not have: here it must be out of the roster.
        self.leave_roster();
        others_first().await;
        last_words::of(self, self.run_end_hooks(hooks, close, socket_error)).await;
        self.step(Event::HooksEnded);
    }

    /// It is another node's from here on: runs what was deferred in this process, and no hook.
    pub(crate) async fn tear_down(self: Arc<Self>, hooks: Option<Arc<dyn Hooks>>) {
        for error in self.run_teardowns() {
            metrics::handler_failed("teardown");
            match &hooks {
                Some(hooks) => hooks.report(error).await,
                None => tracing::error!(%error, "a teardown of a member that another node has taken over failed"),
            }
        }
    }

    async fn run_end_hooks(&self, hooks: &Arc<dyn Hooks>, close: &Close, socket_error: Option<Error>) {
        if let Some(error) = socket_error {
            hooks.report(error).await;
        }
        for error in self.run_teardowns() {
            metrics::handler_failed("teardown");
            hooks.report(error).await;
        }
        if let Err(error) = caught(|| hooks.on_end(close).map(Ok)).await {
            metrics::handler_failed(hooks.names().end);
            hooks.report(error).await;
        }
        self.words_are_taken_of(hooks, hooks.names().end).await;
    }
}

/// Lets the others be told of the leave before a hook runs. Where a panic cannot be caught, it takes down everything that is
/// not sent by then, and the others would see the member for ever.
pub(crate) async fn others_first() {
    #[cfg(target_family = "wasm")]
    {
        let mut sent = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut sent, true) {
                return std::task::Poll::Ready(());
            }
            // The tasks that send are woken before this one, and run in that order.
            crate::cork::let_go();
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}
