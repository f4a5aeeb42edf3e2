//! The board as a program, and what it needs.

use std::process::Command;

use roomful::{Drain, Limits};

/// Its port, where it is told none.
pub(crate) const PORT: u64 = 3000;
/// What gives it the secret of its sessions.
pub(crate) const SECRET: &str = "CURSORS_SECRET";
/// `Server::http_connections`, where the app says nothing else.
const HTTP_CONNECTIONS: usize = 4_096;
/// The listener's queue, and the goodbye to other nodes.
const BESIDE_THE_DRAIN_MS: u64 = 2_000 + 3_000;

/// Milliseconds that it may take from SIGTERM to its end.
pub(crate) fn longest_end_ms() -> u64 {
    let drain = Drain::default();
    drain.longest_ms + drain.wait_ms + BESIDE_THE_DRAIN_MS
}

/// Descriptors that its connections may take.
pub(crate) fn most_descriptors() -> u64 {
    u64::try_from(Limits::default().connections + HTTP_CONNECTIONS).expect("they are few")
}

/// Fails where it has no such argument, or takes no such value.
pub(crate) fn assert_accepts(args: &[&str]) {
    let output = board().args(args).arg("--help").output().expect("it starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_it_does_not_know_is_not_accepted() {
    for args in [&["--what"][..], &["--port", "many"], &["--listen", "here"]] {
        assert!(!board().args(args).arg("--help").output().expect("it starts").status.success(), "{args:?}");
    }
}

pub(crate) fn board() -> Command {
    let mut board = Command::new(env!("CARGO_BIN_EXE_cursors"));
    board.env(SECRET, "0123456789abcdef0123456789abcdef");
    board
}
