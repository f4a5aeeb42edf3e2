//! The end of a connection, exactly once: the roster and the others first, then teardowns, then `on_leave` or a socket's
//! `close`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use roomful_core::Close;

use super::lock;
use crate::maybe_send::MaybeSend;
use crate::session::{Session, caught};
use crate::{Error, metrics};

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

/// What follows once the roster and the others know.
pub(super) async fn after_leave(session: &Arc<dyn Session>, teardowns: &Teardowns, close: &Close) {
    for error in teardowns.run() {
        metrics::handler_failed("teardown");
        session.report(error).await;
    }
    if let Err(error) = caught(session.on_end(close).map(Ok)).await {
        metrics::handler_failed(session.names().end);
        session.report(error).await;
    }
}
