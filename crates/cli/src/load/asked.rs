//! What is asked for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::door::DoorArgs;

/// Who says what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pattern {
    /// Every member sets its presence, `--rate` times a second each
    Cursors,
    /// Members say messages in turn, `--rate` a second all together
    Chat,
    /// One member says all of them, `--rate` a second
    Broadcast,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    pub(super) door: DoorArgs,
    /// Who says what
    #[arg(long, value_enum, default_value_t = Pattern::Cursors)]
    pub(super) pattern: Pattern,
    /// How many join
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=20_000))]
    pub(super) members: u32,
    /// How often something is said, a second; by each member, or by all together, as the pattern has it
    #[arg(long, default_value_t = 30.0)]
    pub(super) rate: f64,
    /// For how long
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) seconds: u32,
    /// What is said, as JSON of the room's type, with "{mark}" somewhere within a string or "{n}" in the place of numbers
    #[arg(long, value_name = "JSON")]
    pub(super) say: Option<String>,
    /// Of how many members everything that they get is checked; of all when not given, of 64 where the mark is a number
    #[arg(long, value_name = "MEMBERS")]
    pub(super) observers: Option<u32>,
    /// A file with credentials, one a line, for the members in turn
    #[arg(long, value_name = "FILE", conflicts_with = "credentials")]
    pub(super) each_credentials: Option<PathBuf>,
    /// Print the report as JSON, in place of Markdown
    #[arg(long)]
    pub(super) json: bool,
    /// Write the report into FILE.json and FILE.md, too
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}
