//! How one begins to listen.

use roomful_core::feed::FeedEpoch;
use roomful_core::session::Resume;

use crate::process::Process;

/// How one begins to listen in this process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beginning {
    /// Its client has just come. It is told where it is, and what it missed since what it presents.
    Anew {
        /// How far it says that it has heard.
        resume: Option<Resume>,
    },
    /// Its socket was there before this process was, which is told nothing. What it hears is of this run of numbers.
    Again {
        /// The one that it heard before.
        epoch: FeedEpoch,
    },
}

/// A run of numbers, and the last that may have been given of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) epoch: FeedEpoch,
    pub(super) top: u64,
}

impl Beginning {
    /// What the first listener begins, where nobody listens yet.
    pub(super) fn run(self, process: &Process) -> Run {
        match self {
            Self::Anew { .. } => Run { epoch: process.new_feed_epoch(), top: 0 },
            Self::Again { epoch } => Run { epoch, top: process.seq_above_all_before() },
        }
    }
}
