//! The tasks of one object that an event waits for.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::task::{Poll, Waker};

use worker::wasm_bindgen_futures::spawn_local;

/// The tasks that have not ended, and who waits for that. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Rc<Running>);

#[derive(Default)]
struct Running {
    tasks: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
}

impl Tasks {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let running = Rc::clone(&self.0);
        running.tasks.set(running.tasks.get() + 1);
        spawn_local(async move {
            task.await;
            running.tasks.set(running.tasks.get() - 1);
            if running.tasks.get() == 0 {
                running.waiting.take().into_iter().for_each(Waker::wake);
            }
        });
    }

    /// Ready when no task runs: an event that ends before what it led to may be the last thing before the object is put
    /// away.
    pub(crate) async fn quiet(&self) {
        // What was woken just now runs first, since tasks run in the order in which they are woken.
        after_the_others().await;
        std::future::poll_fn(|cx| {
            if self.0.tasks.get() == 0 {
                return Poll::Ready(());
            }
            self.0.waiting.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

async fn after_the_others() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
