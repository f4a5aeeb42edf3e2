//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::failure::Failure;
use crate::peer::{self, PEERS, Peer, WITH_SESSIONS};
use crate::scenario::{Pace, SCENARIOS, Scenario};

/// One of each kind: C++, Node, Rust.
const QUICK_PEERS: [&str; 4] = [WITH_SESSIONS, "bun", "ws", "axum-tuned"];

/// Runs Roomful and its peers side by side, and writes what each delivery costs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub struct Args {
    /// Short slots, few connections, and four peers unless some are named: to see that everything runs. The figures are noise.
    #[arg(long)]
    pub quick: bool,
    /// Run this scenario; may be given several times. All when not given.
    #[arg(long, value_name = "SCENARIO", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Compare with these servers, with commas between. All when not given; ourselves always take part.
    #[arg(long, value_name = "PEERS", value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Let servers use all processors, the load generator's too, and not one of their own: noisier, and nearer to how they run.
    #[arg(long)]
    pub spread: bool,
    /// Print the scenarios and the peers, and run nothing.
    #[arg(long)]
    pub list: bool,
    /// Where the report goes. When not given: `bench/results`, or `bench/results/partial` for a run that is quick or not of
    /// everything, which must not replace one that is.
    #[arg(long, value_name = "DIRECTORY")]
    pub output: Option<PathBuf>,
    /// The repository's root.
    #[arg(long, value_name = "DIRECTORY", default_value = ".", hide = true)]
    pub repository: PathBuf,
}

impl Args {
    /// The scenarios asked for, in the order in which they run.
    ///
    /// # Errors
    ///
    /// When one is unknown.
    pub fn scenarios(&self) -> Result<Vec<&'static Scenario>, Failure> {
        for name in &self.only {
            Scenario::find(name)?;
        }
        let wanted = |scenario: &&Scenario| self.only.is_empty() || self.only.iter().any(|name| name == scenario.name);
        Ok(SCENARIOS.iter().filter(wanted).collect())
    }

    /// The servers asked for, ourselves first.
    ///
    /// # Errors
    ///
    /// When one is unknown.
    pub fn peers(&self) -> Result<Vec<&'static Peer>, Failure> {
        for name in &self.peers {
            peer::find(name)?;
        }
        let wanted = |peer: &&Peer| {
            let asked = match self.peers.as_slice() {
                [] if self.quick => QUICK_PEERS.contains(&peer.name),
                [] => true,
                names => names.iter().any(|name| name == peer.name),
            };
            asked || peer.name == peer::OURSELVES
        };
        Ok(PEERS.iter().filter(wanted).collect())
    }

    /// The directory that the report goes to.
    pub fn output(&self) -> PathBuf {
        let partial = self.quick || self.spread || !self.only.is_empty() || !self.peers.is_empty();
        let usual = if partial { "bench/results/partial" } else { "bench/results" };
        self.repository.join(self.output.clone().unwrap_or_else(|| usual.into()))
    }

    /// How much time the run takes.
    pub fn pace(&self) -> Pace {
        if self.quick { Pace::QUICK } else { Pace::FULL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::try_parse_from(["bench"].into_iter().chain(line.split_whitespace())).expect("valid words")
    }

    #[test]
    fn everything_runs_unless_something_is_named() {
        assert_eq!(args("").scenarios().expect("all").len(), SCENARIOS.len());
        assert_eq!(args("").peers().expect("all").len(), PEERS.len());
        assert_eq!(args("--quick").peers().expect("some").len(), 1 + QUICK_PEERS.len());
        let some = args("--only rate --only idle --peers bun,ws");
        let names: Vec<&str> = some.scenarios().expect("two").iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["rate", "idle"]);
        let names: Vec<&str> = some.peers().expect("three").iter().map(|peer| peer.name).collect();
        assert_eq!(names, ["roomful", "bun", "ws"]);
    }

    #[test]
    fn a_part_of_a_run_does_not_replace_the_report_of_a_whole_one() {
        let output = |line: &str| args(line).output().display().to_string();
        assert_eq!(output("--repository r"), "r/bench/results");
        for line in ["--quick", "--spread", "--only rate", "--peers bun"].map(|words| format!("--repository r {words}"))
        {
            assert_eq!(output(&line), "r/bench/results/partial", "{line}");
        }
        assert_eq!(output("--repository r --quick --output here"), "r/here");
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(args("--only rat").scenarios().expect_err("no such scenario").to_string().contains("`rat`"));
        assert!(args("--peers bum").peers().expect_err("no such peer").to_string().contains("`bum`"));
    }
}
