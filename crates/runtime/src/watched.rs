//! The app's hooks, while the [`Watch`](crate::watch::Watch) looks at them.

use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::member::LiveMember;
use crate::watch::Began;

impl LiveMember {
    /// Runs one of the app's hooks, and tells where a poll of it takes too long.
    pub async fn watched<T>(&self, hook: &'static str, running: impl Future<Output = T>) -> T {
        let mut running = pin!(running);
        poll_fn(|cx| self.watched_call(hook, || running.as_mut().poll(cx))).await
    }

    /// The same, for what is no future.
    pub fn watched_call<T>(&self, hook: &'static str, call: impl FnOnce() -> T) -> T {
        let process = self.process();
        let began = self.terms().and_then(|terms| process.watch().begin(terms, hook, process.now()));
        let _at_work = began.map(|began| AtWork { member: self, began });
        call()
    }
}

/// A hook is being polled until this is dropped, after a panic too.
struct AtWork<'a> {
    member: &'a LiveMember,
    began: Began,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let process = self.member.process();
        process.watch().end(&self.began, process.now());
    }
}
