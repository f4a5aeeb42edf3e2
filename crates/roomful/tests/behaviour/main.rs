//! Rooms as an app sees them, driven in memory by the test kit.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

use std::env;
use std::process::Command;

mod absent;
mod away;
mod bad_input;
mod blocking;
mod deep;
mod denials;
mod departed;
mod drain;
mod entering;
mod expiry;
mod extremes;
mod feeds;
mod gives_way;
mod guards;
mod handle;
mod hooks;
mod info;
mod inline;
mod inspection;
mod keeper;
mod kept;
mod large;
mod large_numbers;
mod late;
mod lent;
mod metrics;
mod moments;
mod numbers;
mod on_presence;
mod order;
mod overload;
mod panics;
mod peer;
mod race;
mod resume;
mod scripted;
mod sealed;
mod sealed_twice;
mod sockets;
mod storm;
mod tunnel;
mod upgraded_anew;
mod users;

/// Set where the rooms and sockets of these tests say that their hooks never block.
const INLINE: &str = "ROOMFUL_TEST_INLINE";

fn is_inline() -> bool {
    env::var_os(INLINE).is_some()
}

/// What is about rooms that are not inline, about those that are, or about neither.
const SAYS_ITSELF: [&str; 11] = [
    "absent::",
    "blocking::",
    "deep::",
    "departed::",
    "extremes::",
    "feeds::",
    "inline::",
    "panics::",
    "peer::",
    "sealed::",
    "sealed_twice::",
];

/// The other tests once more, in a process of their own: what a client sends is handled by whoever reads it, up to where the hook
/// waits, and nobody can tell.
#[test]
fn rooms_whose_hooks_never_block_behave_alike() {
    if is_inline() {
        return;
    }
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.env(INLINE, "1").args(SAYS_ITSELF.iter().flat_map(|module| ["--skip", module]));
    let output = tests.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
