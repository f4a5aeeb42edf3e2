//! The bell under every order in which threads can run.

use loom::sync::{Arc, Mutex, Notify, atomic};
use loom::thread;

#[allow(clippy::duplicate_mod, reason = "here it is made of other atomics")]
#[path = "bell.rs"]
mod bell;

use bell::Bell;

struct Shared {
    bell: Bell,
    queue: Mutex<usize>,
    waker: Notify,
}

impl Shared {
    fn push_and_ring(&self) {
        *self.queue.lock().unwrap() += 1;
        if self.bell.ring() {
            self.waker.notify();
        }
    }
}

/// As a shard's thread does, until it has found so many.
fn find(shared: &Shared, all: usize) {
    let mut found = 0;
    loop {
        if shared.bell.take() {
            found += std::mem::take(&mut *shared.queue.lock().unwrap());
        }
        if found == all {
            return;
        }
        if shared.bell.fall_asleep() {
            shared.waker.wait();
        }
    }
}

/// The model fails where a thread waits and nobody will wake it.
#[test]
fn nothing_that_was_rung_for_is_slept_through() {
    let mut model = loom::model::Builder::new();
    // Every order would take minutes. Two switches at the worst moment are what a lost wake takes.
    model.preemption_bound = Some(2);
    model.check(|| {
        let shared = Arc::new(Shared { bell: Bell::new(), queue: Mutex::new(0), waker: Notify::new() });
        let ringers = [(), ()].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.push_and_ring())
        });
        find(&shared, 2);
        for ringer in ringers {
            ringer.join().unwrap();
        }
    });
}
