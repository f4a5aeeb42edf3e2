//! Which hooks hold their thread: a hook that blocks stops everything else that its thread has to do, and nothing but a
//! clock can tell.
//!
//! Each time that a hook is polled it is noted here, for as long as that takes. What took too long is told when it is over;
//! what does not end is told by whoever [looks](Watch::look) meanwhile, from another thread.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use roomful_core::Millis;

use crate::app::Definition;
use crate::lock::lock;
use crate::member::LiveMember;
use crate::metrics;

/// Threads share this many lists, so that they hardly ever wait for each other.
const LISTS: usize = 16;

/// The log is told once in so many milliseconds. A minute: a hook that blocks does so again and again.
const BETWEEN_LINES_MS: Millis = 60_000;

/// The hooks that are being polled right now, those of all rooms of a process.
#[derive(Default)]
pub(crate) struct Watch {
    polled: [Mutex<Vec<Polled>>; LISTS],
    log: Mutex<Log>,
}

/// A hook that is being polled.
struct Polled {
    thread: usize,
    what: What,
    since: Millis,
    /// After so many milliseconds it is told.
    limit: Millis,
    told: bool,
}

/// Which hook it is.
#[derive(Clone)]
struct What {
    definition: Arc<Definition>,
    hook: &'static str,
    /// Whether it runs where sockets are read.
    inline: bool,
}

#[derive(Default)]
struct Log {
    last: Option<Millis>,
    not_logged: u64,
}

thread_local! {
    /// A number for this thread. Threads that have the same do not know each other's entries apart, and it is given once.
    static THREAD: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
    /// Whether what runs here was started where a socket is read.
    static INLINE: Cell<bool> = const { Cell::new(false) };
}

/// What `run` polls on this thread, it polls where a socket is read.
pub(crate) fn where_sockets_are_read<T>(run: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            INLINE.set(self.0);
        }
    }
    let _before = Before(INLINE.replace(true));
    run()
}

impl LiveMember {
    /// Runs one of the app's hooks, and tells where a poll of it takes too long.
    pub async fn watched<T>(&self, hook: &'static str, running: impl Future<Output = T>) -> T {
        let mut running = pin!(running);
        poll_fn(|cx| self.watched_call(hook, || running.as_mut().poll(cx))).await
    }

    /// The same, for what is no future.
    pub fn watched_call<T>(&self, hook: &'static str, call: impl FnOnce() -> T) -> T {
        let _at_work = self.at_work(hook);
        call()
    }

    /// `None` where nobody looks.
    fn at_work(&self, hook: &'static str) -> Option<AtWork<'_>> {
        if cfg!(target_family = "wasm") {
            // Time stands still there while code runs.
            return None;
        }
        let inline = INLINE.get();
        let limits = self.limits();
        let limit = if inline { limits.inline_poll_ms } else { limits.hook_poll_ms }?;
        let what = What { definition: Arc::clone(self.definition()?), hook, inline };
        let polled =
            Polled { thread: THREAD.with(|thread| *thread), what, since: self.process().now(), limit, told: false };
        Some(AtWork::begin(self, polled))
    }
}

/// A hook is being polled until this is dropped, after a panic too.
struct AtWork<'a> {
    member: &'a LiveMember,
    thread: usize,
}

impl<'a> AtWork<'a> {
    fn begin(member: &'a LiveMember, polled: Polled) -> Self {
        let thread = polled.thread;
        lock(member.process().watch().list(thread)).push(polled);
        Self { member, thread }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let process = self.member.process();
        let ended = process.watch().end(self.thread);
        if let Some(polled) = ended.filter(|polled| !polled.told) {
            let now = process.now();
            let held = now.saturating_sub(polled.since);
            if held >= polled.limit {
                process.watch().tell(&polled.what, (now, held), "has held");
            }
        }
    }
}

impl Watch {
    /// Tells of hooks that hold their thread still, each once.
    pub(crate) fn look(&self, now: Millis) {
        for list in &self.polled {
            let mut too_long = Vec::new();
            for polled in lock(list).iter_mut() {
                let held = now.saturating_sub(polled.since);
                if held >= polled.limit && !polled.told {
                    polled.told = true;
                    too_long.push((polled.what.clone(), held));
                }
            }
            for (what, held) in too_long {
                self.tell(&what, (now, held), "still holds");
            }
        }
    }

    fn list(&self, thread: usize) -> &Mutex<Vec<Polled>> {
        &self.polled[thread % LISTS]
    }

    /// The last that this thread began.
    fn end(&self, thread: usize) -> Option<Polled> {
        let mut list = lock(self.list(thread));
        let last = list.iter().rposition(|polled| polled.thread == thread)?;
        Some(list.remove(last))
    }

    fn tell(&self, what: &What, (now, held_ms): (Millis, Millis), does: &str) {
        let What { definition, hook, inline } = what;
        metrics::hook_blocked(hook);
        let Some(not_logged) = self.next_line(now) else { return };
        let (module, room) = (&*definition.module, &*definition.name);
        if *inline {
            tracing::warn!(
                module,
                room,
                hook,
                held_ms,
                not_logged,
                "a hook of a room that is `.inline()` {does} a thread of sockets, and all of them wait: take `.inline()` away, \
                 or put what blocks into `tokio::task::spawn_blocking`"
            );
        } else {
            tracing::warn!(
                module,
                room,
                hook,
                held_ms,
                not_logged,
                "a hook {does} a thread of the runtime, and whatever else runs there waits: put what blocks into \
                 `tokio::task::spawn_blocking`"
            );
        }
    }

    /// How many were not logged since the last line; `None` where it is not time for another.
    fn next_line(&self, now: Millis) -> Option<u64> {
        let mut log = lock(&self.log);
        if log.last.is_some_and(|last| now < last.saturating_add(BETWEEN_LINES_MS)) {
            log.not_logged += 1;
            return None;
        }
        log.last = Some(now);
        Some(std::mem::take(&mut log.not_logged))
    }
}
