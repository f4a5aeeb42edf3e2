//! Tasks and time without an executor or a clock.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;

use roomful_runtime::{BoxFuture, Host};

/// Runs tasks whenever the test waits for something. When all of them wait for a timer, time jumps to it.
pub(super) struct TestHost {
    this: std::sync::Weak<Self>,
    spawned: Mutex<Vec<BoxFuture<'static, ()>>>,
    running: Mutex<FuturesUnordered<BoxFuture<'static, ()>>>,
    now: AtomicU64,
    /// What the calendar said at the time 0.
    began: SystemTime,
    next: AtomicU64,
    sleepers: Mutex<BTreeMap<(u64, u64), Option<Waker>>>,
    /// Wakes the test that waits in [`TestHost::run_until`].
    runner: AtomicWaker,
}

/// Why waiting has ended.
pub(super) enum Idle {
    /// A task waits for something that is not ours.
    Elsewhere,
    /// Nothing runs and nothing will.
    ForEver,
}

impl TestHost {
    pub(super) fn new() -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            spawned: Mutex::default(),
            running: Mutex::new(FuturesUnordered::new()),
            now: AtomicU64::new(0),
            began: SystemTime::now(),
            next: AtomicU64::new(0),
            sleepers: Mutex::default(),
            runner: AtomicWaker::new(),
        })
    }

    /// Runs until `done` has an answer. `Err` when it never will.
    pub(super) async fn run_until<T>(&self, mut done: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T, ()> {
        poll_fn(|cx| {
            self.runner.register(cx.waker());
            loop {
                self.run_ready(cx);
                if let Poll::Ready(answer) = done(cx) {
                    return Poll::Ready(Ok(answer));
                }
                match self.jump() {
                    None => {}
                    Some(Idle::Elsewhere) => return Poll::Pending,
                    Some(Idle::ForEver) => return Poll::Ready(Err(())),
                }
            }
        })
        .await
    }

    /// Lets time pass and runs what is due by then.
    pub(super) async fn advance(&self, ms: u64) {
        let until = self.now.load(Ordering::Relaxed).saturating_add(ms);
        self.now.fetch_max(until, Ordering::Relaxed);
        for (_, waker) in held(&self.sleepers).range_mut(..=(until, u64::MAX)) {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
        poll_fn(|cx| {
            self.run_ready(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Runs until nothing can run any more, all timers over.
    pub(super) async fn settle(&self) {
        let _never_answers = self.run_until(|_| Poll::<()>::Pending).await;
    }

    fn run_ready(&self, cx: &mut Context<'_>) {
        let mut running = held(&self.running);
        loop {
            running.extend(held(&self.spawned).drain(..));
            let finished = running.poll_next_unpin(cx);
            if matches!(finished, Poll::Pending | Poll::Ready(None)) && held(&self.spawned).is_empty() {
                return;
            }
        }
    }

    /// Goes to the next timer, where every task waits for one.
    fn jump(&self) -> Option<Idle> {
        let mut sleepers = held(&self.sleepers);
        if held(&self.running).len() > sleepers.len() {
            return Some(Idle::Elsewhere);
        }
        let Some(((at, _), waker)) = sleepers.iter_mut().next() else { return Some(Idle::ForEver) };
        // Woken already and still here: the sleeper is no task of ours, and its own executor has to run.
        let Some(waker) = waker.take() else { return Some(Idle::Elsewhere) };
        self.now.fetch_max(*at, Ordering::Relaxed);
        waker.wake();
        None
    }
}

impl Host for TestHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        held(&self.spawned).push(task);
        self.runner.wake();
    }

    /// As a server's socket does it: up to where it first waits, at once.
    fn start(&self, mut task: BoxFuture<'static, ()>) {
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.spawn(task);
        }
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn system_time(&self) -> SystemTime {
        self.began + Duration::from_millis(self.now())
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        let order = self.next.fetch_add(1, Ordering::Relaxed);
        match self.this.upgrade() {
            Some(host) => Box::pin(Sleep { host, key: (at, order) }),
            None => Box::pin(std::future::pending()),
        }
    }

    /// A test is the same each time it runs.
    fn random(&self) -> u128 {
        u128::from(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

struct Sleep {
    host: Arc<TestHost>,
    key: (u64, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.host.now() >= self.key.0 {
            return Poll::Ready(());
        }
        if held(&self.host.sleepers).insert(self.key, Some(cx.waker().clone())).is_none() {
            self.host.runner.wake();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        held(&self.host.sleepers).remove(&self.key);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
