//! Which hooks hold their thread: a hook that blocks stops everything else that its thread has to do, and nothing but a
//! clock can tell.
//!
//! Each time that a hook is polled it is noted here, for as long as that takes. What took too long is told when it is over;
//! what does not end is told by whoever [looks](Watch::look) meanwhile, from another thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use roomful_core::Millis;

use crate::lock::lock;
use crate::metrics;
use crate::terms::Terms;

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
    terms: Arc<Terms>,
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

/// A thread on which a hook began to be polled.
pub(crate) struct Began {
    thread: usize,
}

impl Watch {
    /// A hook of this room's begins to be polled on this thread. `None` where nobody looks.
    pub(crate) fn begin(&self, terms: &Arc<Terms>, hook: &'static str, now: Millis) -> Option<Began> {
        if cfg!(target_family = "wasm") {
            // Time stands still there while code runs.
            return None;
        }
        let inline = INLINE.get();
        let limit = if inline { terms.limits.inline_poll_ms } else { terms.limits.hook_poll_ms }?;
        let thread = THREAD.with(|thread| *thread);
        let what = What { terms: Arc::clone(terms), hook, inline };
        lock(self.list(thread)).push(Polled { thread, what, since: now, limit, told: false });
        Some(Began { thread })
    }

    /// It is over, and is told of if it took too long.
    pub(crate) fn end(&self, began: &Began, now: Millis) {
        let ended = self.take_last(began.thread);
        if let Some(polled) = ended.filter(|polled| !polled.told) {
            let held = now.saturating_sub(polled.since);
            if held >= polled.limit {
                self.tell(&polled.what, (now, held), "has held");
            }
        }
    }

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
    fn take_last(&self, thread: usize) -> Option<Polled> {
        let mut list = lock(self.list(thread));
        let last = list.iter().rposition(|polled| polled.thread == thread)?;
        Some(list.remove(last))
    }

    fn tell(&self, what: &What, (now, held_ms): (Millis, Millis), does: &str) {
        let What { terms, hook, inline } = what;
        metrics::hook_blocked(hook);
        let Some(not_logged) = self.next_line(now) else { return };
        let (module, room) = (&*terms.module, &*terms.name);
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
