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

/// What is to run when a member has left.
#[derive(Default)]
pub(crate) struct Teardowns(Mutex<State>);

enum State {
    Waiting(Vec<Teardown>),
    Ran,
}

impl Default for State {
    fn default() -> Self {
        Self::Waiting(Vec::new())
    }
}

impl Teardowns {
    /// Keeps a teardown. If the member has left already, it runs at once, because it would never run otherwise.
    pub(crate) fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        let mut state = lock(&self.0);
        match &mut *state {
            State::Waiting(waiting) => waiting.push(Box::new(teardown)),
            State::Ran => {
                drop(state);
                teardown();
            }
        }
    }

    /// Runs all, the last deferred first. A panic in one does not keep the others from running, and is returned.
    pub(crate) fn run(&self) -> Vec<Error> {
        let State::Waiting(waiting) = std::mem::replace(&mut *lock(&self.0), State::Ran) else { return Vec::new() };
        let run = |teardown: Teardown| {
            called(move || {
                teardown();
                Ok(())
            })
        };
        waiting.into_iter().rev().filter_map(|teardown| run(teardown).err()).collect()
    }
}

/// What never ran is dropped with what it holds, on whatever thread that is.
impl Drop for Teardowns {
    fn drop(&mut self) {
        if let State::Waiting(waiting) = std::mem::replace(&mut *lock(&self.0), State::Ran) {
            // Each alone: a second panic while the first is unwound would end the process.
            waiting.into_iter().for_each(let_go);
        }
    }
}
