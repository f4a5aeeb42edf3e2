//! The command line, parsed into a [`Request`].

use std::fmt;
use std::time::Duration;

use crate::ghosts::Kills;
use crate::release::Version;
use crate::simulate::{MOST_NODES, Simulation};
use crate::suite::Suite;

/// What `cargo xtask --help` prints.
pub(crate) const HELP: &str = "\
The commands of this project.

    cargo xtask test [--only STEP]... [--list]
        Install what the tests need, and run all of them: Rust, TypeScript, a real browser, workerd.
        --only STEP   run this step and the steps that it needs; may be given several times
        --list        print the steps, and run none

    cargo xtask check [--only STEP]... [--list]
        Install what a maintainer needs besides, and check what no test does: formatting, lints, licences, documentation,
        structure, packages, instruction counts, undefined behaviour, hostile bytes.
        --only, --list as for `test`

    cargo xtask step STEP
        Run this step of `test` or `check`, and none that it needs.

    cargo xtask demo [--port PORT] [--worker | --cluster [nats|redis]]
        Build the live cursor board, serve it, and print its address. Ctrl-C stops it.
        --port PORT   the port to listen on; 3000 when not given, any free one when 0
        --worker      serve it as on Cloudflare, on workerd, and not with axum
        --cluster     serve it on three nodes over a broker that is started, too, behind a front that goes round; over NATS
                      when no broker is named

    cargo xtask bench [--quick] [--only SCENARIO]... [--peers LIST] [--list]
        Build the servers and run Roomful and its peers side by side; the report goes into bench/results.
        --quick       short slots and few connections, to see that everything runs; the figures are noise
        --only NAME   run this scenario; may be given several times
        --peers LIST  compare with these servers, with commas between
        --list        print the scenarios and the servers, and run none

    cargo xtask simulate [--for TIME] [--nodes N] [--seed SEED]
        Play rooms in virtual time, under faults drawn from seeds, on all processors; print what they came upon. A run that
        fails is made smaller, and shown.
        --for TIME    for so long, as 90s, 10m or 8h; a minute when not given
        --nodes N     so many nodes, 2 to 7; 1 is a room of a process that is alone. Both kinds, one after the other, when not given
        --seed SEED   from this seed on; without --for this one alone

    cargo xtask release VERSION
        Write the version into every manifest, lock file and document, close the changelog's section, look at the packages, commit
        and tag. It pushes and publishes nothing, and prints what is left. `cargo xtask check --only release` tries it.

    cargo xtask ghosts [--kills N] [--lease-ms MS]
        Kill nodes that each have a member, over NATS and over Redis, and print for how long those are still there for others.
        --kills N      so many over each broker; 200 when not given
        --lease-ms MS  with this lease; 10000 when not given, which Roomful has where nobody says anything of it

    cargo xtask docs
        Make the documentation a site with search, in target/book/html.

    cargo xtask instructions [--accept]
        Count the instructions that a message to 500 members takes, and compare them with the committed figures.
        --accept      write what was counted where the figures stand

    cargo xtask help
        Print this text.";

/// The port of the demo when the command line names none.
const DEMO_PORT: u16 = 3000;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    /// Print the names of the steps.
    List(Suite),
    /// Run the steps named, or all of them when none is named.
    Run {
        suite: Suite,
        only: Vec<String>,
    },
    /// Run one step, and none that it needs.
    Step {
        name: String,
    },
    Demo {
        port: u16,
        on: Platform,
    },
    /// Count instructions, and compare them or have them accepted.
    Instructions {
        accept: bool,
    },
    /// Play the simulators.
    Simulate(Simulation),
    Release {
        version: Version,
    },
    /// Kill nodes, and time how long their members are still there.
    Ghosts(Kills),
    /// Run the benchmark, which reads these words itself.
    Bench {
        words: Vec<String>,
    },
}

/// What the board runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Axum,
    Worker,
    /// Three nodes on axum.
    Cluster(Broker),
}

/// What nodes talk over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broker {
    Nats,
    Redis,
}

/// A command line that asks for nothing there is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    UnknownCommand(String),
    UnknownOption { command: &'static str, word: String },
    MissingValue { option: &'static str },
    TwoPlatforms,
    BadBroker(String),
    BadPort(String),
    BadTime(String),
    BadNodes(String),
    BadSeed(String),
    BadVersion(String),
    BadCount { option: &'static str, word: String },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand(word) => {
                write!(
                    f,
                    "there is no command `{word}`: only `test`, `check`, `step`, `demo`, `bench`, `docs`, `release`, `simulate`, `ghosts` and `instructions`"
                )
            }
            Self::UnknownOption { command, word } => {
                write!(f, "`cargo xtask {command}` knows no `{word}`")
            }
            Self::MissingValue { option } => write!(f, "`{option}` needs a value after it"),
            Self::TwoPlatforms => write!(f, "the demo runs on one thing: give `--worker` or `--cluster`, once"),
            Self::BadBroker(word) => write!(f, "`{word}` is no broker that the demo starts: give nats or redis"),
            Self::BadPort(word) => {
                write!(f, "`{word}` is no port: give a number from 0 to 65535")
            }
            Self::BadTime(word) => write!(f, "`{word}` is no time: give one as 90s, 10m or 8h"),
            Self::BadNodes(word) => write!(f, "`{word}` is no number of nodes: give one from 1 to {MOST_NODES}"),
            Self::BadVersion(word) => write!(f, "`{word}` is no version: give three numbers, as 0.2.0"),
            Self::BadSeed(word) => write!(f, "`{word}` is no seed: give a whole number"),
            Self::BadCount { option, word } => write!(f, "`{option} {word}`: give a whole number from 1 on"),
        }?;
        write!(f, "; `cargo xtask --help` explains")
    }
}

/// Reads the words after `cargo xtask`.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Request, UsageError> {
    let mut words = words.into_iter();
    let Some(command) = words.next() else {
        return Ok(Request::Help);
    };
    match command.as_str() {
        "help" | "--help" | "-h" => Ok(Request::Help),
        "test" => parse_suite(Suite::Test, words),
        "check" => parse_suite(Suite::Check, words),
        "step" => parse_step(words),
        "demo" => parse_demo(words),
        "simulate" => parse_simulate(words),
        "ghosts" => parse_ghosts(words),
        "instructions" => parse_instructions(words),
        "docs" => parse_docs(words),
        "release" => parse_release(words),
        "bench" => Ok(Request::Bench { words: words.collect() }),
        _ => Err(UsageError::UnknownCommand(command)),
    }
}

fn parse_suite(suite: Suite, mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    let mut only = Vec::new();
    while let Some(word) = words.next() {
        match split(&word) {
            ("--help" | "-h", None) => return Ok(Request::Help),
            ("--list", None) => return Ok(Request::List(suite)),
            ("--only", value) => only.push(value_of("--only", value, &mut words)?),
            _ => {
                return Err(UsageError::UnknownOption { command: suite.name(), word });
            }
        }
    }
    Ok(Request::Run { suite, only })
}

fn parse_step(mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    match (words.next(), words.next()) {
        (Some(word), None) if matches!(&*word, "--help" | "-h") => Ok(Request::Help),
        (Some(name), None) => Ok(Request::Step { name }),
        (None, _) => Err(UsageError::MissingValue { option: "step" }),
        (_, Some(word)) => Err(UsageError::UnknownOption { command: "step", word }),
    }
}

fn parse_demo(words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    let mut port = DEMO_PORT;
    let mut on = Platform::Axum;
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (option, value) = split(&word);
        if matches!(option, "--worker" | "--cluster") && on != Platform::Axum {
            return Err(UsageError::TwoPlatforms);
        }
        match (option, value) {
            ("--help" | "-h", None) => return Ok(Request::Help),
            ("--worker", None) => on = Platform::Worker,
            ("--cluster", value) => {
                let named = value.map(str::to_owned).or_else(|| words.next_if(|word| !word.starts_with('-')));
                on = Platform::Cluster(named.map_or(Ok(Broker::Nats), broker)?);
            }
            ("--port", value) => {
                let value = value_of("--port", value, &mut words)?;
                port = value.parse().map_err(|_| UsageError::BadPort(value))?;
            }
            _ => {
                return Err(UsageError::UnknownOption { command: "demo", word });
            }
        }
    }
    Ok(Request::Demo { port, on })
}

fn broker(word: String) -> Result<Broker, UsageError> {
    match word.as_str() {
        "nats" => Ok(Broker::Nats),
        "redis" => Ok(Broker::Redis),
        _ => Err(UsageError::BadBroker(word)),
    }
}

fn parse_simulate(mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    let mut simulation = Simulation { time: None, nodes: None, seed: None };
    while let Some(word) = words.next() {
        match split(&word) {
            ("--help" | "-h", None) => return Ok(Request::Help),
            ("--for", value) => {
                let value = value_of("--for", value, &mut words)?;
                simulation.time = Some(time(&value).ok_or(UsageError::BadTime(value))?);
            }
            ("--nodes", value) => {
                let value = value_of("--nodes", value, &mut words)?;
                let nodes = value.parse().ok().filter(|nodes| (1..=MOST_NODES).contains(nodes));
                simulation.nodes = Some(nodes.ok_or(UsageError::BadNodes(value))?);
            }
            ("--seed", value) => {
                let value = value_of("--seed", value, &mut words)?;
                simulation.seed = Some(value.parse().map_err(|_| UsageError::BadSeed(value))?);
            }
            _ => return Err(UsageError::UnknownOption { command: "simulate", word }),
        }
    }
    Ok(Request::Simulate(simulation))
}

fn parse_ghosts(mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    let mut kills = Kills::default();
    while let Some(word) = words.next() {
        let (option, place) = match split(&word).0 {
            "--help" | "-h" => return Ok(Request::Help),
            "--kills" => ("--kills", &mut kills.count),
            "--lease-ms" => ("--lease-ms", &mut kills.lease_ms),
            _ => return Err(UsageError::UnknownOption { command: "ghosts", word }),
        };
        let word = value_of(option, split(&word).1, &mut words)?;
        *place = word.parse().ok().filter(|count| *count > 0).ok_or(UsageError::BadCount { option, word })?;
    }
    Ok(Request::Ghosts(kills))
}

/// `90s`, `10m`, `8h`.
fn time(text: &str) -> Option<Duration> {
    let seconds_of = |(number, seconds): (&str, u64)| number.parse::<u64>().ok()?.checked_mul(seconds);
    let units = [('s', 1), ('m', 60), ('h', 3_600)];
    let number = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
    number.and_then(seconds_of).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

fn parse_release(mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    match (words.next(), words.next()) {
        (Some(word), None) if matches!(&*word, "--help" | "-h") => Ok(Request::Help),
        (Some(word), None) => match (word.parse(), word.matches('.').count()) {
            (Ok(version), 2) => Ok(Request::Release { version }),
            _ => Err(UsageError::BadVersion(word)),
        },
        (None, _) => Err(UsageError::MissingValue { option: "release" }),
        (_, Some(word)) => Err(UsageError::UnknownOption { command: "release", word }),
    }
}

/// It is a step of the checks, which one wants to have by itself.
fn parse_docs(mut words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    match words.next().as_deref() {
        None => Ok(Request::Run { suite: Suite::Check, only: vec!["docs".to_owned()] }),
        Some("--help" | "-h") => Ok(Request::Help),
        Some(word) => Err(UsageError::UnknownOption { command: "docs", word: word.to_owned() }),
    }
}

fn parse_instructions(words: impl Iterator<Item = String>) -> Result<Request, UsageError> {
    let mut accept = false;
    for word in words {
        match word.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--accept" => accept = true,
            _ => return Err(UsageError::UnknownOption { command: "instructions", word }),
        }
    }
    Ok(Request::Instructions { accept })
}

/// `--port=1` is `("--port", Some("1"))`.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((option, value)) => (option, Some(value)),
        None => (word, None),
    }
}

fn value_of(
    option: &'static str,
    given: Option<&str>,
    words: &mut impl Iterator<Item = String>,
) -> Result<String, UsageError> {
    given.map(str::to_owned).or_else(|| words.next()).ok_or(UsageError::MissingValue { option })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Request, UsageError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn no_word_and_every_way_to_ask_print_the_help() {
        for line in ["", "help", "--help", "-h", "test --help", "check --help", "demo -h"] {
            assert_eq!(parse_line(line), Ok(Request::Help), "{line:?}");
        }
    }

    #[test]
    fn test_and_check_run_all_their_steps_unless_some_are_named() {
        for (line, suite) in [("test", Suite::Test), ("check", Suite::Check)] {
            assert_eq!(parse_line(line), Ok(Request::Run { suite, only: vec![] }));
            let only = vec!["fmt".to_owned(), "clippy".to_owned()];
            assert_eq!(parse_line(&format!("{line} --only fmt --only=clippy")), Ok(Request::Run { suite, only }));
            assert_eq!(parse_line(&format!("{line} --list")), Ok(Request::List(suite)));
        }
    }

    #[test]
    fn one_step_runs_alone() {
        assert_eq!(parse_line("step fmt"), Ok(Request::Step { name: "fmt".to_owned() }));
        assert_eq!(parse_line("step"), Err(UsageError::MissingValue { option: "step" }));
        assert_eq!(
            parse_line("step fmt clippy"),
            Err(UsageError::UnknownOption { command: "step", word: "clippy".to_owned() })
        );
    }

    #[test]
    fn demo_listens_on_the_port_given() {
        let demo = |port| Ok(Request::Demo { port, on: Platform::Axum });
        assert_eq!(parse_line("demo"), demo(3000));
        assert_eq!(parse_line("demo --port 8080"), demo(8080));
        assert_eq!(parse_line("demo --port=0"), demo(0));
    }

    #[test]
    fn demo_runs_on_the_platform_given() {
        let demo = |port| Ok(Request::Demo { port, on: Platform::Worker });
        assert_eq!(parse_line("demo --worker"), demo(3000));
        assert_eq!(parse_line("demo --worker --port 8080"), demo(8080));
        assert!(parse_line("demo --worker=yes").is_err());
    }

    #[test]
    fn demo_runs_on_nodes_over_the_broker_given() {
        let demo = |port, broker| Ok(Request::Demo { port, on: Platform::Cluster(broker) });
        assert_eq!(parse_line("demo --cluster"), demo(3000, Broker::Nats));
        assert_eq!(parse_line("demo --cluster redis"), demo(3000, Broker::Redis));
        assert_eq!(parse_line("demo --cluster=nats --port 0"), demo(0, Broker::Nats));
        assert_eq!(parse_line("demo --cluster --port 0"), demo(0, Broker::Nats));
        assert_eq!(parse_line("demo --cluster kafka"), Err(UsageError::BadBroker("kafka".to_owned())));
        for line in ["demo --cluster --worker", "demo --worker --cluster", "demo --cluster --cluster"] {
            assert_eq!(parse_line(line), Err(UsageError::TwoPlatforms), "{line}");
        }
    }

    #[test]
    fn bench_is_given_its_words_as_they_are() {
        let words = ["--only", "rate", "--help"].map(str::to_owned).to_vec();
        assert_eq!(parse_line("bench --only rate --help"), Ok(Request::Bench { words }));
    }

    #[test]
    fn a_simulation_has_a_time_a_number_of_nodes_and_a_seed() {
        let simulate = |seconds: Option<u64>, nodes, seed| {
            Ok(Request::Simulate(Simulation { time: seconds.map(Duration::from_secs), nodes, seed }))
        };
        assert_eq!(parse_line("simulate"), simulate(None, None, None));
        assert_eq!(parse_line("simulate --for 8h --nodes 3 --seed 17"), simulate(Some(28_800), Some(3), Some(17)));
        for (word, seconds) in [("1s", 1), ("10m", 600)] {
            assert_eq!(parse_line(&format!("simulate --for={word}")), simulate(Some(seconds), None, None));
        }
        for word in ["8", "h", "-1s", "0s", "1.5h", "99999999999999999999h", "18446744073709551615h"] {
            assert_eq!(parse_line(&format!("simulate --for {word}")), Err(UsageError::BadTime(word.to_owned())));
        }
        for word in ["0", "8", "some"] {
            assert_eq!(parse_line(&format!("simulate --nodes {word}")), Err(UsageError::BadNodes(word.to_owned())));
        }
        assert_eq!(parse_line("simulate --seed x"), Err(UsageError::BadSeed("x".to_owned())));
    }

    #[test]
    fn so_many_are_killed_with_such_a_lease() {
        let ghosts = |count, lease_ms| Ok(Request::Ghosts(Kills { count, lease_ms }));
        assert_eq!(parse_line("ghosts"), ghosts(200, 10_000));
        assert_eq!(parse_line("ghosts --kills 20 --lease-ms=1500"), ghosts(20, 1_500));
        for word in ["0", "-1", "many"] {
            let bad = UsageError::BadCount { option: "--kills", word: word.to_owned() };
            assert_eq!(parse_line(&format!("ghosts --kills {word}")), Err(bad));
        }
        assert_eq!(parse_line("ghosts --kills"), Err(UsageError::MissingValue { option: "--kills" }));
        assert!(parse_line("ghosts --kill 1").is_err());
    }

    #[test]
    fn instructions_are_compared_unless_they_are_accepted() {
        assert_eq!(parse_line("instructions"), Ok(Request::Instructions { accept: false }));
        assert_eq!(parse_line("instructions --accept"), Ok(Request::Instructions { accept: true }));
        assert!(parse_line("instructions --acept").is_err());
    }

    #[test]
    fn a_release_has_a_version_of_three_numbers() {
        let version = "0.2.0".parse().expect("a version");
        assert_eq!(parse_line("release 0.2.0"), Ok(Request::Release { version }));
        for word in ["0.2", "v0.2.0", "patch"] {
            assert_eq!(parse_line(&format!("release {word}")), Err(UsageError::BadVersion(word.to_owned())));
        }
        assert_eq!(parse_line("release"), Err(UsageError::MissingValue { option: "release" }));
    }

    #[test]
    fn a_mistake_is_named() {
        assert_eq!(parse_line("tset"), Err(UsageError::UnknownCommand("tset".to_owned())));
        assert_eq!(
            parse_line("test --port 1"),
            Err(UsageError::UnknownOption { command: "test", word: "--port".to_owned() })
        );
        assert_eq!(
            parse_line("check --lst"),
            Err(UsageError::UnknownOption { command: "check", word: "--lst".to_owned() })
        );
        assert_eq!(parse_line("demo --port"), Err(UsageError::MissingValue { option: "--port" }));
        assert_eq!(parse_line("demo --port 65536"), Err(UsageError::BadPort("65536".to_owned())));
    }

    #[test]
    fn a_mistake_points_at_the_help() {
        let message = UsageError::UnknownCommand("tset".to_owned()).to_string();
        assert_eq!(
            message,
            "there is no command `tset`: only `test`, `check`, `step`, `demo`, `bench`, `docs`, `release`, `simulate`, `ghosts` and `instructions`; `cargo xtask --help` explains"
        );
    }
}
