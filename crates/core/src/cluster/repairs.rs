//! What was missing, counted.

/// What was missing of streams, and what became of that, since this node began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repairs {
    /// How often another node's digest was not what was had of it.
    pub differed: u64,
    /// How often a stream was asked for.
    pub asked: u64,
    /// How often another node was given what it missed of one from the log.
    pub given: u64,
    /// How often it was given a whole roster.
    pub rosters: u64,
    /// Messages of others that could not be had any more.
    pub missed: u64,
}
