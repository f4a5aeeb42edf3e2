//! What a room is told of another node.

use super::change::{Change, Present};
use super::words::Words;

/// What a room is told of another node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// What became of its members there, and what they said, in order.
    Changes(Vec<Change>),
    /// All its members, instead of those that were known.
    Roster {
        /// Who.
        members: Vec<Present>,
        /// Whether the room is open there: where it lingers, nothing that is asked of it is answered.
        is_open: bool,
        /// So many messages were missed, and cannot be had any more.
        missed: u64,
        /// What it said before that and is heard late, in order and in runs: where any were missed they may be missing before each run, and
        /// before what comes next where the last one is empty. It says who came and what was said, and what members are is in `members`.
        late: Vec<Vec<Change>>,
        /// How much it had said by then.
        words: Words,
    },
    /// So many of its messages came, and cannot be told here: the sockets are behind.
    Unheard {
        /// How many.
        messages: u64,
    },
    /// The room is open there.
    Opened {
        /// How much it had said by then, where nothing of that is still to come.
        words: Option<Words>,
    },
    /// Of this node itself: how much it had said in the room before that was opened.
    Own {
        /// How much.
        words: Words,
    },
    /// It is silent, or ends: its members have lost their sockets.
    Lost,
    /// It takes part no more: whoever is known of it is gone.
    Parted,
}
