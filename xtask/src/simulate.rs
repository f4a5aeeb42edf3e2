//! The simulators of `roomful-core` by themselves: for as long as one likes, on all processors.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;

/// What is played.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Simulation {
    /// For so long in all. `None`: for a minute, or one seed where one is named.
    pub(crate) time: Option<Duration>,
    /// So many nodes in every run; 1 is a room of a process that is alone.
    pub(crate) nodes: Option<u8>,
    /// The first seed.
    pub(crate) seed: Option<u64>,
}

/// So many nodes the simulator of many can have.
pub(crate) const MOST_NODES: u8 = 7;

/// Where nobody says for how long.
const USUAL_TIME: Duration = Duration::from_secs(60);

/// A simulator, and the test of it that plays.
struct Simulator {
    name: &'static str,
    test: &'static str,
}

/// One room.
const ROOM: Simulator = Simulator { name: "simulator", test: "what_every_member_sees_is_what_happened" };
/// Rooms of many nodes.
const CLUSTER: Simulator = Simulator { name: "cluster", test: "every_node_knows_what_every_other_one_knows_of_itself" };

/// A room of three whose history is in a broker.
const HISTORY: Simulator =
    Simulator { name: "cluster", test: "one_history::each_hears_the_history_in_its_order_and_nobody_who_has_left" };

/// Plays seeds, and prints what they came upon. A run that fails is made smaller and shown.
pub(crate) fn run(repo: &Repo, simulation: &Simulation) -> Result<(), Failure> {
    let simulators = match simulation.nodes {
        None => &[ROOM, CLUSTER, HISTORY][..],
        Some(1) => &[ROOM],
        Some(_) => &[CLUSTER],
    };
    // Each run of this command plays others.
    let by_the_clock = || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs()) << 20;
    let first = simulation.seed.unwrap_or_else(by_the_clock);
    for simulator in simulators {
        let mut play = simulator.built(repo)?;
        if let Some(nodes) = simulation.nodes {
            play.env("ROOMFUL_SIM_NODES", nodes.to_string());
        }
        if simulation.seed.is_some() && simulation.time.is_none() {
            println!("{}: seed {first}", simulator.test);
            play.env("ROOMFUL_SIM_SEED", first.to_string());
        } else {
            let time = simulation.time.unwrap_or(USUAL_TIME) / simulators.len() as u32;
            println!("{}: from seed {first} on, for {time:?}", simulator.test);
            play.env("ROOMFUL_SIM_FOR", time.as_secs().max(1).to_string()).env("ROOMFUL_SIM_FIRST", first.to_string());
        }
        command::run(&mut play, REMEDY)?;
    }
    Ok(())
}

/// More than the tests have time for, and the same in every run of CI.
pub(crate) fn many(repo: &Repo) -> Result<Outcome, Failure> {
    for (simulator, runs) in [(ROOM, "50000"), (CLUSTER, "3000"), (HISTORY, "3000")] {
        command::run(simulator.built(repo)?.env("ROOMFUL_SIM_RUNS", runs), REMEDY)?;
    }
    Ok(Outcome::Passed)
}

const REMEDY: &str = "mend what broke; the line that begins with `play it again` plays what is shown above it";

impl Simulator {
    /// What plays it, compiled; the environment says what it plays.
    fn built(&self, repo: &Repo) -> Result<Command, Failure> {
        let cargo = |then: &[&str]| {
            let test = ["test", "--quiet", "--locked", "--release", "--package", "roomful-core", "--test", self.name];
            repo.cargo([&test[..], &["--"], then].concat())
        };
        // Where no test has that name cargo plays nothing, and is content.
        let tests = command::read(&mut cargo(&["--list"]), "mend what the compiler says above")?;
        let is_there = String::from_utf8_lossy(&tests).lines().any(|line| line == format!("{}: test", self.test));
        if !is_there {
            let what = format!("the simulator `{}` has no test `{}`", self.name, self.test);
            return Err(Failure::new(what, "name the test that plays in xtask/src/simulate.rs"));
        }
        Ok(cargo(&["--nocapture", "--exact", self.test]))
    }
}
