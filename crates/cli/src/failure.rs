//! What ends a command, and what can be done about it.

use std::fmt::{self, Display, Formatter};
use std::io;

/// Said to whoever ran the command: nothing of their credentials or of an address's query is in it.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    remedy: String,
}

impl Failure {
    pub(crate) fn new(what: impl Display, remedy: impl Display) -> Self {
        Self { what: what.to_string(), remedy: remedy.to_string() }
    }

    /// The output cannot be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::new(format_args!("the output cannot be written: {error}"), "see where it goes, and that there is room")
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nWhat to do: {}", self.what, self.remedy)
    }
}

impl std::error::Error for Failure {}
