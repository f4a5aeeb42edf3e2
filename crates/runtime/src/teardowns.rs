//! The teardowns that `defer` was given.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use crate::Error;
use crate::lock::lock;
use crate::maybe_send::MaybeSend;

#[cfg(not(target_family = "wasm"))]
type Teardown = Box<dyn FnOnce() + Send>;
#[cfg(target_family = "wasm")]
type Teardown = Box<dyn FnOnce()>;

/// What is to run when a member has left.
#[derive(Default)]
pub(crate) struct Teardowns(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Vec<Teardown>,
    ran: bool,
}

impl Teardowns {
    /// Keeps a teardown. If the member has left already, it runs at once, because it would never run otherwise.
    pub(crate) fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        let mut state = lock(&self.0);
        if state.ran {
            drop(state);
            teardown();
        } else {
            state.waiting.push(Box::new(teardown));
        }
    }

    /// Runs all, the last deferred first. A panic in one does not keep the others from running, and is returned.
    pub(crate) fn run(&self) -> Vec<Error> {
        let waiting = {
            let mut state = lock(&self.0);
            state.ran = true;
            std::mem::take(&mut state.waiting)
        };
        let run = |teardown: Teardown| catch_unwind(AssertUnwindSafe(teardown)).err();
        waiting.into_iter().rev().filter_map(run).map(|panic| Error::panic(&*panic)).collect()
    }
}
