//! What is written of a run: a table for each scenario, charts, and the raw figures.

mod charts;
mod columns;
mod files;
mod markdown;
mod svg;

use crate::peer::Peer;
use crate::run::Outcome;
use crate::scenario::Pace;

/// A run, as it is reported.
#[derive(Debug)]
pub struct Report {
    /// What each scenario showed.
    pub outcomes: Vec<Outcome>,
    /// Who took part.
    pub peers: Vec<&'static Peer>,
    /// How long slots were.
    pub pace: Pace,
    /// Whether servers had all processors.
    pub spread: bool,
    /// Where it ran, and how busy that was.
    pub machine: String,
}

impl Report {
    /// What we did wrong ourselves, which fails the run.
    pub fn our_failures(&self) -> impl Iterator<Item = &str> {
        let rows = self.outcomes.iter().flat_map(|outcome| &outcome.rows);
        rows.filter(|row| row.ours).filter_map(|row| row.failure.as_deref())
    }
}
