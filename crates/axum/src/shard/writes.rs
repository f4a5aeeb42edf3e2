//! How many writes a thread of sockets makes.
//!
//! A metric costs more than a write to it may: each is noted on the thread, and told once a turn.

use std::cell::Cell;

use metrics::counter;

thread_local! {
    static NOTED: Cell<u64> = const { Cell::new(0) };
}

/// So many sockets took something, each with one call or all with one.
pub(super) fn note(sockets: u64) {
    NOTED.set(NOTED.get() + sockets);
}

/// Tells what was noted on this thread.
pub(super) fn tell() {
    let noted = NOTED.take();
    if noted > 0 {
        counter!("roomful_socket_writes_total").increment(noted);
    }
}
