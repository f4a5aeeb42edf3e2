//! The files of a report.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Report, charts, markdown};
use crate::failure::Failure;
use crate::run::Row;

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

    fn raw(&self) -> serde_json::Result<String> {
        let raw: Vec<Raw<'_>> =
            self.outcomes.iter().map(|outcome| Raw { scenario: outcome.scenario.name, rows: &outcome.rows }).collect();
        Ok(serde_json::to_string_pretty(&raw)? + "\n")
    }
}

/// The raw figures of one scenario.
#[derive(Serialize)]
struct Raw<'a> {
    scenario: &'a str,
    rows: &'a [Row],
}
