//! A run: every scenario, and in each of its rounds every server in its turn.

use std::path::PathBuf;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::Serialize;

use crate::client::Offer;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::peer::Peer;
use crate::processors::Processors;
use crate::scenario::{BENCH, Contestant, Family, Pace, Scenario, run_slot};
use crate::server::Placement;
use crate::trial::Trial;

/// Files that a process has open besides connections.
const OTHER_FILES: usize = 200;

/// What a run needs.
#[derive(Debug)]
pub struct Setting {
    /// The repository's root.
    pub repository: PathBuf,
    /// How much time it takes.
    pub pace: Pace,
    /// Who runs where.
    pub processors: Processors,
    /// How many files and sockets this process may have open, and each server too.
    pub open_files: usize,
    /// The run's clock.
    pub clock: Clock,
}

/// What a scenario showed.
#[derive(Debug)]
pub struct Outcome {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// Each server in it; the first is the one whose ratios are taken.
    pub rows: Vec<Row>,
}

/// What one server showed in one scenario.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub label: &'static str,
    /// Whether it is ourselves, whose failures fail the run.
    pub ours: bool,
    /// Its slots, round by round.
    pub slots: Vec<Figures>,
    /// Why there are no more slots than these.
    pub failure: Option<String>,
    /// Why it did not take part, when that is nobody's fault.
    pub skipped: Option<String>,
}

/// A server in a scenario, and what it has shown so far.
struct Entry {
    contestant: Contestant,
    /// Running, when it keeps running from slot to slot.
    trial: Option<Trial>,
    row: Row,
}

/// Raises the bound on open files as far as the system allows, for this process and those that it starts: how far that is.
///
/// # Errors
///
/// When the system does not tell.
pub fn raise_open_files() -> Result<usize, Failure> {
    let failed = |error: nix::Error| Failure::io("the bound on open files")(error.into());
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(failed)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(failed)?;
    Ok(usize::try_from(hard).unwrap_or(usize::MAX))
}

impl Setting {
    /// Runs a scenario with these peers.
    pub fn run(&self, scenario: &'static Scenario, peers: &[&'static Peer]) -> Outcome {
        println!("\n==> {}: {}", scenario.name, scenario.title);
        let mut entries: Vec<Entry> = scenario.contestants(peers).into_iter().map(Entry::new).collect();
        self.leave_out(scenario, &mut entries);
        if !scenario.is_fresh_each_slot() {
            for at in 0..entries.len() {
                self.attempt(scenario, &mut entries, at, Self::prepare);
            }
        }
        for round in 0..scenario.rounds(self.pace) {
            for turn in 0..entries.len() {
                let at = (turn + round) % entries.len();
                self.attempt(scenario, &mut entries, at, Self::slot);
            }
        }
        Outcome { scenario, rows: entries.into_iter().map(|entry| entry.row).collect() }
    }

    /// Skips those whose connections would be more than this process may have, and says so.
    fn leave_out(&self, scenario: &Scenario, entries: &mut [Entry]) {
        let mut free = self.open_files.saturating_sub(OTHER_FILES);
        for entry in entries {
            let needed = scenario.layout(self.pace, entry.contestant).connections();
            if needed > free {
                let allowed = self.open_files;
                let why = format!("its {needed} connections are too many for {allowed} open files: raise `ulimit -n`");
                entry.fail(Failure::Skipped(why), scenario);
            } else if !scenario.is_fresh_each_slot() {
                free -= needed;
            }
        }
    }

    /// Does one server's part, unless it failed before; what fails now is told and ends its part.
    fn attempt(
        &self,
        scenario: &Scenario,
        entries: &mut [Entry],
        at: usize,
        part: impl Fn(&Self, &Scenario, &mut Entry) -> Result<(), Failure>,
    ) {
        for entry in entries.iter_mut() {
            // Heartbeats of those whose turn it is not are answered all the same.
            if let Some(trial) = &mut entry.trial
                && let Err(failure) = trial.fleet.settle(&mut trial.tally)
            {
                entry.fail(failure, scenario);
            }
        }
        if let Some(entry) = entries.get_mut(at)
            && entry.row.failure.is_none()
            && entry.row.skipped.is_none()
            && let Err(failure) = part(self, scenario, entry)
        {
            entry.fail(failure, scenario);
        }
    }

    /// Starts a server that keeps running, and warms it up.
    fn prepare(&self, scenario: &Scenario, entry: &mut Entry) -> Result<(), Failure> {
        let mut trial = self.start(scenario, entry.contestant)?;
        trial.fill()?;
        if entry.contestant.offer == Offer::Deflate && trial.fleet.deflating() == 0 {
            return Err(Failure::Skipped("it did not take the offer of permessage-deflate".to_owned()));
        }
        run_slot(scenario, &mut trial, self.pace)?;
        entry.trial = Some(trial);
        Ok(())
    }

    fn slot(&self, scenario: &Scenario, entry: &mut Entry) -> Result<(), Failure> {
        let mut own = None;
        let trial = match &mut entry.trial {
            Some(trial) => trial,
            None => own.insert(self.start(scenario, entry.contestant)?),
        };
        let figures = run_slot(scenario, trial, self.pace)?;
        if trial.fleet.stalled() == 0 && trial.fleet.away() == 0 {
            trial.await_rosters()?;
        }
        entry.say(&figures);
        entry.row.slots.push(figures);
        Ok(())
    }

    fn start(&self, scenario: &Scenario, contestant: Contestant) -> Result<Trial, Failure> {
        let layout = scenario.layout(self.pace, contestant);
        let placement = Placement { repository: &self.repository, processors: &self.processors.servers };
        let trial = Trial::start(contestant.peer, placement, layout, self.clock)?;
        Ok(if scenario.family == Family::Storm { trial.with_sessions() } else { trial })
    }
}

impl Entry {
    fn new(contestant: Contestant) -> Self {
        let ours = contestant.peer.is_ours();
        let row = Row { label: contestant.label, ours, slots: Vec::new(), failure: None, skipped: None };
        Self { contestant, trial: None, row }
    }

    fn fail(&mut self, failure: Failure, scenario: &Scenario) {
        println!("  {:<22} {failure}", self.contestant.label);
        let kind = self.contestant.kind;
        match failure {
            // A server of an older version is not wrong for what it does not have.
            Failure::Ended { why, .. } if kind != BENCH && why.contains("unknown socket") => {
                self.row.skipped = Some(format!("the fixture has no room `{kind}`"));
            }
            Failure::Skipped(why) => self.row.skipped = Some(why),
            failure => self.row.failure = Some(failure.within(scenario.name, self.contestant.label).to_string()),
        }
        self.trial = None;
    }

    fn say(&self, figures: &Figures) {
        let mut words = vec![format!("{:.2} cores", figures.cores().unwrap_or(0.0))];
        words.extend(figures.cpu_per_delivery().map(|micros| format!("{micros:.2} µs a delivery")));
        words.extend(figures.delivered().map(|part| format!("{:.1}% delivered", part * 100.0)));
        words.extend(figures.latency.map(|latency| format!("p99 {:.1} ms", latency.p99)));
        words.extend(figures.undisturbed.map(|latency| format!("p99 {:.1} ms undisturbed", latency.p99)));
        words.extend(figures.ready_seconds.map(|seconds| format!("everybody knows everybody after {seconds:.2} s")));
        words.extend(
            figures.here.zip(figures.elsewhere).map(|(here, elsewhere)| {
                format!("p50 {:.2} ms at its node, {:.2} ms elsewhere", here.p50, elsewhere.p50)
            }),
        );
        words.extend(figures.said_a_second().map(|bytes| format!("a node says {bytes:.0} B/s")));
        words.extend(figures.memory_per_connection.map(|bytes| format!("{bytes:.0} B a connection")));
        words.extend(figures.memory_growth.map(|bytes| format!("grew by {:.2} MiB", bytes / 1048576.0)));
        words.extend(figures.cpu_per_connection().map(|micros| format!("{micros:.2} µs a connection and second")));
        words.extend(figures.floods.iter().map(|under| {
            let [p50, p99] = under.latency.map_or([0.0; 2], |latency| [latency.p50, latency.p99]);
            let (name, busy) = (under.flood.name(), under.busy_seconds);
            format!("{name}: p50 {p50:.2} ms, p99 {p99:.1} ms, busy for {busy:.1} s")
        }));
        words.extend(figures.system_calls.map(|calls| format!("{} writes, {} calls", calls.writes, calls.all)));
        words.extend(
            figures.functions.as_ref().map(|functions| format!("{:.1}% in the kernel", functions.kernel * 100.0)),
        );
        words.extend(figures.waited().map(|part| format!("waited {:.0}%", part * 100.0)));
        words.extend(figures.generator_cores().map(|cores| format!("generator {cores:.2} cores")));
        println!("  {:<22} {}", self.contestant.label, words.join(", "));
    }
}
