//! How long those whose node is killed are still there for others, over many kills.

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::rust;

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kills {
    /// So many nodes, over each broker.
    pub(crate) count: u32,
    /// How long each may be silent, in milliseconds.
    pub(crate) lease_ms: u32,
}

impl Default for Kills {
    fn default() -> Self {
        Self { count: 200, lease_ms: 10_000 }
    }
}

/// The tests that do it. One after the other: together they would measure how they share the processors.
const TESTS: &str = "nodes::ghosts::";

/// Kills them, and prints what was measured.
pub(crate) fn run(repo: &Repo, kills: Kills) -> Result<(), Failure> {
    let mut play = rust::one_test(repo, "suite");
    play.args(["--", "--nocapture", "--test-threads=1", TESTS]);
    play.env("FIXTURE_KILLS", kills.count.to_string()).env("FIXTURE_KILL_LEASE_MS", kills.lease_ms.to_string());
    command::run(&mut play, "mend what is said above; `cargo xtask test --only tools-brokers` installs NATS and Redis")
}
