//! The app's runtime, as far as hooks need one: tasks run when they are told to, and time stands until it is moved.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use roomful_runtime::{BoxFuture, Host};

#[derive(Default)]
pub(crate) struct ManualHost {
    spawned: Mutex<Vec<BoxFuture<'static, ()>>>,
    /// Tasks that wait for a time.
    waiting: Mutex<Vec<BoxFuture<'static, ()>>>,
    now: Arc<AtomicU64>,
    ids: AtomicU64,
}

impl ManualHost {
    /// Runs what was spawned, and what that spawns.
    pub(crate) fn run(&self) {
        loop {
            let tasks = std::mem::take(&mut *lock(&self.spawned));
            if tasks.is_empty() {
                return;
            }
            for mut task in tasks {
                if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                    lock(&self.waiting).push(task);
                }
            }
        }
    }

    /// Lets time pass, and runs what waited for it.
    pub(crate) fn advance(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        lock(&self.spawned).extend(waiting);
        self.run();
    }
}

impl Host for ManualHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        lock(&self.spawned).push(task);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        let now = Arc::clone(&self.now);
        Box::pin(poll_fn(move |_| if now.load(Ordering::Relaxed) < at { Poll::Pending } else { Poll::Ready(()) }))
    }

    /// The same in every run.
    fn random(&self) -> u128 {
        u128::from(self.ids.fetch_add(1, Ordering::Relaxed)) << 64 | 0x1234_5678_9abc_def0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
