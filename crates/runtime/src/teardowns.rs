//! The teardowns that `defer` was given.

use std::sync::Mutex;

use crate::Error;
use crate::hooks::called;
use crate::lock::lock;
use crate::maybe_send::MaybeSend;
use crate::unwind::let_go;

#[cfg(not(target_family = "wasm"))]
type Teardown = Box<dyn FnOnce() + Send>;
#[cfg(target_family = "wasm")]
type Teardown = Box<dyn FnOnce()>;

/// What is to run when a member has left. Boxed, because most members have none, and there are many; `None` until there is one.
#[derive(Default)]
pub(crate) struct Teardowns(Mutex<Option<Box<State>>>);

enum State {
    Waiting(Vec<Teardown>),
    Ran,
}

impl Teardowns {
    /// Keeps a teardown. If the member has left already, it runs at once, because it would never run otherwise.
    pub(crate) fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        let mut state = lock(&self.0);
        match &mut **state.get_or_insert_with(|| Box::new(State::Waiting(Vec::new()))) {
            State::Waiting(waiting) => waiting.push(Box::new(teardown)),
            State::Ran => {
                drop(state);
                teardown();
            }
        }
    }

    /// Runs all, the last deferred first. A panic in one does not keep the others from running, and is returned.
    pub(crate) fn run(&self) -> Vec<Error> {
        let waiting = self.take();
        let run = |teardown: Teardown| {
            called(move || {
                teardown();
                Ok(())
            })
        };
        waiting.into_iter().rev().filter_map(|teardown| run(teardown).err()).collect()
    }

    /// From now on they have run.
    fn take(&self) -> Vec<Teardown> {
        match lock(&self.0).replace(Box::new(State::Ran)).map(|state| *state) {
            Some(State::Waiting(waiting)) => waiting,
            Some(State::Ran) | None => Vec::new(),
        }
    }
}

/// What never ran is dropped with what it holds, on whatever thread that is.
impl Drop for Teardowns {
    fn drop(&mut self) {
        // Each alone: a second panic while the first is unwound would end the process.
        self.take().into_iter().for_each(let_go);
    }
}
