//! The app's hooks, while the [`Watch`](crate::watch::Watch) looks at them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::member::LiveMember;
use crate::watch::Began;

impl LiveMember {
    /// Runs one of the app's hooks, and tells where a poll of it takes too long.
    pub fn watched<F: Future>(&self, hook: &'static str, running: F) -> Watched<'_, F> {
        Watched { member: self, hook, running }
    }

    /// The same, for what is no future.
    pub fn watched_call<T>(&self, hook: &'static str, call: impl FnOnce() -> T) -> T {
        let process = self.process();
        let began = self.terms().and_then(|terms| process.watch().begin(terms, hook, process.now()));
        let _at_work = began.map(|began| AtWork { member: self, began });
        call()
    }
}

pin_project! {
    /// A hook, each poll of which is watched.
    #[must_use = "a hook does nothing unless it is awaited"]
    pub struct Watched<'a, F> {
        member: &'a LiveMember,
        hook: &'static str,
        #[pin]
        running: F,
    }
}

impl<F: Future> Future for Watched<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.member.watched_call(this.hook, || this.running.poll(cx))
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
