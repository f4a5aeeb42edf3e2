//! Why a run ends early.

use std::io;

/// What went wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// A server did something that it must never do.
    #[error("a wrong delivery: {0}")]
    Violation(String),
    /// A server ended a connection that it should have kept.
    #[error("the server ended connection {member}: {why}")]
    Ended {
        /// The connection's number in its fleet.
        member: usize,
        /// The close code and reason, or that there was none.
        why: String,
    },
    /// What was waited for did not come.
    #[error("{what} did not come within {seconds} s: {state}")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        seconds: u64,
        /// How far it had come.
        state: String,
    },
    /// A server could not be started.
    #[error("{peer} could not be started: {why}")]
    Start {
        /// The server's name.
        peer: &'static str,
        /// What is missing.
        why: String,
    },
    /// Our own server did not do what it must; the report is written all the same.
    #[error("our own server did not do what it must: {0}")]
    Ours(String),
    /// A scenario cannot be run here, which is nobody's fault.
    #[error("not run: {0}")]
    Skipped(String),
    /// The command line asks for nothing there is.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// For `map_err`: what was being done when the system refused.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { doing: doing.into(), source }
    }

    /// The same failure of one server in one scenario.
    pub fn within(self, scenario: &str, peer: &str) -> Self {
        let at = format!("{scenario}, {peer}");
        match self {
            Self::Violation(what) => Self::Violation(format!("{at}: {what}")),
            Self::Io { doing, source } => Self::Io { doing: format!("{at}: {doing}"), source },
            Self::Ended { member, why } => Self::Ended { member, why: format!("{why} ({at})") },
            Self::Timeout { what, seconds, state } => Self::Timeout { what, seconds, state: format!("{state} ({at})") },
            other => other,
        }
    }
}
