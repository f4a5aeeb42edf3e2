//! What tokio lends to the rooms.

use std::time::Duration;

use roomful_runtime::{BoxFuture, Host};
use tokio::runtime::Handle;
use tokio::time::Instant;

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

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        // A moment that the clock cannot say does not come.
        let Some(at) = self.began.checked_add(Duration::from_millis(at)) else {
            return Box::pin(std::future::pending());
        };
        let _timers_need_the_runtime = self.runtime.enter();
        Box::pin(tokio::time::sleep_until(at))
    }

    fn random(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }
}
