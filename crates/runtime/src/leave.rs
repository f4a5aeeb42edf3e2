//! The end of a connection, exactly once: the roster and the others first, then teardowns, then `on_leave` or a
//! socket's `close`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable};
use roomful_core::Close;

use super::inbox::Inbox;
use super::link::Link;
use super::lock;
use crate::maybe_send::MaybeSend;
use crate::session::{Session, caught};
use crate::{Error, metrics};

impl Link {
    pub(super) async fn leave(&self, session: &Arc<dyn Session>, close: &Close, socket_error: Option<Error>) {
        self.leave_roster();
        told().await;
        if let Some(error) = socket_error {
            session.report(error).await;
        }
        for error in self.teardowns.run() {
            metrics::handler_failed("teardown");
            session.report(error).await;
        }
        if let Err(error) = caught(session.on_end(close).map(Ok)).await {
            metrics::handler_failed(session.names().end);
            session.report(error).await;
        }
        lock(&self.inbox).over();
    }

    pub(super) fn leave_roster(&self) {
        if let Some(room) = self.room() {
            // `false` when the wait for a slow handler ran out before: it left then.
            let _left_just_now = room.leave(self);
        }
        if let (Some(_), Some(keeper)) = (&self.admitted, self.hub.keeper()) {
            keeper.forget(&self.member);
        }
    }

    /// A handler that hangs must not keep a ghost in the roster.
    pub(super) fn limit_leave(self: &Arc<Self>, inbox: &mut Inbox) {
        if inbox.has_ended() && inbox.is_busy() && inbox.leave_timer.is_none() {
            inbox.leave_timer = self.leave_in_time();
        }
    }

    fn leave_in_time(self: &Arc<Self>) -> Option<AbortHandle> {
        let wait = self.hub.host()?.sleep_until(self.hub.now() + self.limits.leave_timeout_ms);
        let link = Arc::downgrade(self);
        let (timer, abort) = abortable(async move {
            wait.await;
            if let Some(link) = link.upgrade() {
                link.leave_roster();
            }
        });
        self.hub.spawn(async move {
            let _left_or_aborted = timer.await;
        });
        Some(abort)
    }
}

/// Lets what others are told be sent before a hook runs. Where a panic cannot be caught it takes everything down that has
/// not left by then, and they would see a member for ever that has gone.
pub(super) async fn told() {
    #[cfg(target_family = "wasm")]
    {
        let mut sent = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut sent, true) {
                return std::task::Poll::Ready(());
            }
            // The tasks that send are woken before this one, and run in that order.
            super::cork::let_go();
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}

#[cfg(not(target_family = "wasm"))]
type Teardown = Box<dyn FnOnce() + Send>;
#[cfg(target_family = "wasm")]
type Teardown = Box<dyn FnOnce()>;

/// What `defer` was given.
#[derive(Default)]
pub(super) struct Teardowns(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Vec<Teardown>,
    ran: bool,
}

impl Teardowns {
    /// Keeps a teardown; runs it at once when the member has left already, or it would never run.
    pub(super) fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        let mut state = lock(&self.0);
        if state.ran {
            drop(state);
            teardown();
        } else {
            state.waiting.push(Box::new(teardown));
        }
    }

    /// Runs all, the last deferred first. A panic in one is returned and keeps none of the others from running.
    fn run(&self) -> Vec<Error> {
        let waiting = {
            let mut state = lock(&self.0);
            state.ran = true;
            std::mem::take(&mut state.waiting)
        };
        let run = |teardown: Teardown| catch_unwind(AssertUnwindSafe(teardown)).err();
        waiting.into_iter().rev().filter_map(run).map(|panic| Error::panic(&*panic)).collect()
    }
}
