//! What tokio lends to the rooms.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use roomful_runtime::{BoxFuture, Host};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::usable_memory::usable_memory;

/// A sleep that ends later than this was kept from ending: the process was stopped, or its machine was. What was to happen
/// in that time could not, and is given it again: a hook that answers a second after the return is not too late.
const ABSENCE: Duration = Duration::from_secs(1);

/// The app's own tokio runtime: hooks run there.
pub(crate) struct TokioHost {
    runtime: Handle,
    began: Instant,
}

impl TokioHost {
    /// The runtime that the caller is on.
    pub(crate) fn current() -> Self {
        Self { runtime: Handle::current(), began: Instant::now() }
    }
}

impl Host for TokioHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.runtime.spawn(task);
    }

    fn start(&self, mut task: BoxFuture<'static, ()>) {
        // Nobody is woken: what waits is polled again as soon as it is spawned, and then says anew whom to wake.
        let mut nobody = Context::from_waker(Waker::noop());
        let polled = {
            let _timers_and_sockets_of_hooks_need_the_runtime = self.runtime.enter();
            catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut nobody)))
        };
        match polled {
            Ok(Poll::Pending) => drop(self.runtime.spawn(task)),
            // As the runtime does it with a task of its own: whatever is dropped may panic, too, and the thread has others to serve.
            Ok(Poll::Ready(())) | Err(_) => {
                let _a_panic_is_told_by_the_panic_hook = catch_unwind(AssertUnwindSafe(|| drop(task)));
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        // A moment that the clock cannot say does not come.
        let Some(at) = self.began.checked_add(Duration::from_millis(at)) else {
            return Box::pin(std::future::pending());
        };
        let _timers_need_the_runtime = self.runtime.enter();
        let (asked, sleep) = (at.saturating_duration_since(Instant::now()), tokio::time::sleep_until(at));
        Box::pin(async move {
            sleep.await;
            let late = at.elapsed();
            if late > ABSENCE {
                tokio::time::sleep(late.min(asked)).await;
            }
        })
    }

    fn memory(&self) -> Option<usize> {
        usable_memory()
    }

    fn random(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::sync::{Arc, mpsc};

    use tokio::sync::oneshot;

    use super::*;

    /// As a thread of sockets has it: the thread is none of the runtime's.
    fn on_a_thread_of_its_own(host: &Arc<TokioHost>, start: impl FnOnce(&TokioHost) + Send + 'static) {
        let host = Arc::clone(host);
        std::thread::spawn(move || start(&host)).join().expect("the thread lives on");
    }

    #[tokio::test]
    async fn a_task_begins_on_the_thread_that_starts_it_and_waits_on_the_runtime() {
        let host = Arc::new(TokioHost::current());
        let (tell, told) = oneshot::channel();
        on_a_thread_of_its_own(&host, |host| {
            host.start(Box::pin(async move {
                let before = std::thread::current().id();
                // A timer cannot be made outside a runtime.
                tokio::time::sleep(Duration::from_millis(1)).await;
                tell.send((before, std::thread::current().id())).expect("somebody listens");
            }));
        });
        let (before, after) = told.await.expect("it goes on");
        assert_ne!(before, std::thread::current().id());
        assert_eq!(after, std::thread::current().id(), "this runtime has one thread");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_in_which_the_process_stood_still_lasts_on() {
        let host = TokioHost::current();
        for (sleep, stopped, lasts) in [
            (2_000, 0, 2_000),
            (2_000, 2_500, 2_500),
            // What was missed of it is added, as much as it was.
            (2_000, 3_500, 5_000),
            (2_000, 60_000, 62_000),
        ] {
            let began = host.now();
            let mut slept = host.sleep_until(began + sleep);
            assert!(futures_util::poll!(&mut slept).is_pending());
            tokio::time::advance(Duration::from_millis(stopped)).await;
            slept.await;
            assert_eq!(host.now() - began, lasts, "{sleep}, {stopped}");
        }
    }

    /// Whoever wakes the task does so at any moment of its change of threads.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_is_lost_while_a_task_changes_threads() {
        const TASKS: usize = 2_000;
        let host = Arc::new(TokioHost::current());
        let (hand, handed) = mpsc::channel::<oneshot::Sender<()>>();
        let waker =
            std::thread::spawn(move || handed.into_iter().for_each(|wake| wake.send(()).expect("it is waited for")));
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        on_a_thread_of_its_own(&host, move |host| {
            for nth in 0..TASKS {
                let (wake, woken) = oneshot::channel();
                let (hand, tell) = (hand.clone(), tell.clone());
                host.start(Box::pin(async move {
                    hand.send(wake).expect("the other thread waits for it");
                    woken.await.expect("it is woken");
                    tell.send(nth).expect("somebody listens");
                }));
            }
        });
        let mut ended = vec![false; TASKS];
        for _ in 0..TASKS {
            ended[told.recv().await.expect("each of them ends")] = true;
        }
        assert!(ended.iter().all(|ended| *ended));
        waker.join().expect("nobody panicked");
    }

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("on purpose, in a drop");
        }
    }

    impl Future for PanicsWhenDropped {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    #[tokio::test]
    async fn the_thread_that_starts_a_task_outlives_its_panics() {
        let host = Arc::new(TokioHost::current());
        on_a_thread_of_its_own(&host, |host| {
            host.start(Box::pin(poll_fn(|_| panic!("on purpose"))));
            host.start(Box::pin(PanicsWhenDropped));
        });
    }
}
