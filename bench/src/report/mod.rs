//! What is written of a run: a table for each scenario, charts, and the raw figures.

mod charts;
mod columns;
mod markdown;
mod svg;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;
use crate::peer::Peer;
use crate::run::{Outcome, Row};
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

/// The raw figures of one scenario.
#[derive(Serialize)]
struct Raw<'a> {
    scenario: &'a str,
    rows: &'a [Row],
}

impl Report {
    /// Writes `latest.md`, its charts and `latest.json` into this directory; the files that were written.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, Failure> {
        fs::create_dir_all(directory).map_err(Failure::io(directory.display().to_string()))?;
        let charts = charts::draw(&self.outcomes);
        let mut files = vec![
            ("latest.md", markdown::write(self, &charts)),
            ("latest.json", self.raw().map_err(|error| Failure::io("the raw figures")(error.into()))?),
        ];
        files.extend(charts.into_iter().map(|chart| (chart.file, chart.svg)));
        let mut written = Vec::new();
        for (name, content) in files {
            let path = directory.join(name);
            fs::write(&path, content).map_err(Failure::io(path.display().to_string()))?;
            written.push(path);
        }
        Ok(written)
    }

    /// What we did wrong ourselves, which fails the run.
    pub fn our_failures(&self) -> impl Iterator<Item = &str> {
        let rows = self.outcomes.iter().flat_map(|outcome| &outcome.rows);
        rows.filter(|row| row.ours).filter_map(|row| row.failure.as_deref())
    }

    fn raw(&self) -> serde_json::Result<String> {
        let raw: Vec<Raw<'_>> =
            self.outcomes.iter().map(|outcome| Raw { scenario: outcome.scenario.name, rows: &outcome.rows }).collect();
        Ok(serde_json::to_string_pretty(&raw)? + "\n")
    }
}
