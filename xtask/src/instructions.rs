//! `cargo xtask instructions`: how many instructions one message to five hundred members takes, and how many it may.
//!
//! Time on a shared machine says little; instructions are nearly the same on each run. Hash seeds differ, and with them
//! where the heap has a free block: up to 1.5%, so the middle of a few runs is taken. What is counted is
//! `crates/axum/benches/instructions.rs`, by valgrind's callgrind, which does not see the kernel. What may be needed stands
//! in [`FIGURES`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::artifacts;
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::tools;

/// What each part may need, as it was last accepted.
const FIGURES: &str = "crates/axum/benches/instructions.json";
const ACCEPT: &str = "cargo xtask instructions --accept";
/// Functions of the bench that are counted, each with all that it calls.
const PARTS: [&str; 3] = ["read", "handle", "write"];
/// So many frames are counted in a run, for a figure that is that of one.
const FRAMES: u64 = 32;
/// So many runs for each part; an odd number.
const RUNS: usize = 3;
/// Where callgrind's files go.
const PROFILES: &str = "target/instructions";
/// glibc has a `memcpy` for each kind of processor, and this leaves it the one that every x86-64 has. Whether a freed block
/// fits into the heap's cache of 7 of a size depends on what was allocated before, in the order of some map; 64 all fit.
const GLIBC_TUNABLES: &str =
    "glibc.malloc.tcache_count=64:glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-SSSE3";

/// What is committed.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    /// Where the figures hold: the library that copies and allocates is counted too.
    machine: String,
    /// By how much a part may be over its figure.
    margin_percent: u64,
    /// Of one frame, by part.
    instructions: BTreeMap<String, u64>,
}

/// What was counted just now.
struct Counted {
    machine: String,
    instructions: BTreeMap<String, u64>,
}

/// Compares, or has the figures moved.
pub(crate) fn run(repo: &Repo, is_to_accept: bool) -> Result<(), Failure> {
    tools::valgrind(repo)?;
    if is_to_accept {
        return accept(repo);
    }
    if let Outcome::PassedExcept(exception) = check(repo)? {
        println!("  {exception}");
    }
    Ok(())
}

/// Counts, and fails where a part is over its figure.
pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::PassedExcept(tools::ONLY_ON_LINUX.to_owned()));
    }
    let committed = committed(&repo.path(FIGURES))?;
    judge(&committed, &count(repo)?)
}

/// Counts, and writes what was counted where the figures stand.
fn accept(repo: &Repo) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::new(tools::ONLY_ON_LINUX, "run it on the machine that checks changes, or on one like it"));
    }
    let path = repo.path(FIGURES);
    let margin_percent = committed(&path)?.margin_percent;
    let Counted { machine, instructions } = count(repo)?;
    let text = text(&Figures { machine, margin_percent, instructions }).map_err(|error| unreadable(&path, &error))?;
    fs::write(&path, &text).map_err(|error| unreadable(&path, &error))?;
    println!("{text}  written to {FIGURES}: commit it, and say in the message what the instructions buy");
    Ok(())
}

fn count(repo: &Repo) -> Result<Counted, Failure> {
    let program = build(repo)?;
    let profiles = repo.path(PROFILES);
    fs::create_dir_all(&profiles).map_err(|error| unreadable(&profiles, &error))?;
    let mut instructions = BTreeMap::new();
    for part in PARTS {
        let runs = (0..RUNS).map(|_| run_once(repo, &program, part)).collect::<Result<Vec<_>, _>>()?;
        instructions.insert(part.to_owned(), middle(runs) / FRAMES);
    }
    Ok(Counted { machine: machine(repo), instructions })
}

/// Builds the bench as the server is built, and says where it is.
fn build(repo: &Repo) -> Result<PathBuf, Failure> {
    const BENCH: &str = "instructions";
    let selection = ["--release", "--package", "roomful-axum", "--features", "bench", "--bench", BENCH];
    artifacts::bench(&artifacts::build(repo, &selection)?, BENCH)
}

fn middle(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or_default()
}

/// What all the frames of a run take in this part.
fn run_once(repo: &Repo, program: &Path, part: &str) -> Result<u64, Failure> {
    let profile = format!("{PROFILES}/{part}.out");
    let mut callgrind = repo.program("valgrind", ".", ["--quiet", "--tool=callgrind", "--collect-atstart=no"]);
    callgrind.args([format!("--toggle-collect=instructions::{part}"), format!("--callgrind-out-file={profile}")]);
    callgrind.arg(program).arg(FRAMES.to_string()).env("GLIBC_TUNABLES", GLIBC_TUNABLES);
    command::run(&mut callgrind, "read what the bench says above: it stops when a frame does not arrive")?;
    let path = repo.path(&profile);
    let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    summary(&text).filter(|counted| *counted > 0).ok_or_else(|| {
        Failure::new(
            format!("callgrind counted nothing in `instructions::{part}`"),
            format!("see that the bench has that function, not inlined, and that {profile} has a `summary:`"),
        )
    })
}

/// The sum in a file of callgrind's.
fn summary(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix("summary:"))?.trim().parse().ok()
}

/// What decides how many instructions the same program takes.
fn machine(repo: &Repo) -> String {
    let ask = |program, arg| command::probe(&mut repo.program(program, ".", [arg])).unwrap_or_else(|| "?".to_owned());
    let (libc, valgrind) = (ask("getconf", "GNU_LIBC_VERSION"), ask("valgrind", "--version"));
    format!("{}, {libc}, {valgrind}", std::env::consts::ARCH)
}

fn committed(path: &Path) -> Result<Figures, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_str(&text).map_err(|error| unreadable(path, &error))
}

fn text(figures: &Figures) -> serde_json::Result<String> {
    serde_json::to_string_pretty(figures).map(|json| format!("{json}\n"))
}

fn judge(committed: &Figures, counted: &Counted) -> Result<Outcome, Failure> {
    let margin = committed.margin_percent;
    let mut over = Vec::new();
    for (part, is) in &counted.instructions {
        let Some(was) = committed.instructions.get(part).filter(|was| **was > 0) else {
            return Err(Failure::new(format!("{FIGURES} has no figure for `{part}`"), format!("run `{ACCEPT}`")));
        };
        let percent = (*is as f64 / *was as f64 - 1.0) * 100.0;
        let line = format!("{part}: {is} instructions a frame, {percent:+.1}% from {was}");
        println!("  {line}");
        if is * 100 > was * (100 + margin) {
            over.push((format!("`callgrind_annotate {PROFILES}/{part}.out`"), line));
        } else if is * 100 + was * margin < was * 100 {
            println!("  that is better: `{ACCEPT}` lowers the figure, so that it stays so");
        }
    }
    if committed.machine != counted.machine {
        let (there, here) = (&committed.machine, &counted.machine);
        return Ok(Outcome::PassedExcept(format!("the figures are those of {there}, and say nothing here ({here})")));
    }
    if over.is_empty() {
        return Ok(Outcome::Passed);
    }
    let (look, lines): (Vec<_>, Vec<_>) = over.into_iter().unzip();
    Err(Failure::new(
        format!(
            "a message to 500 members takes more than it did, and {margin}% is the margin\n  {}",
            lines.join("\n  ")
        ),
        format!(
            "see where they go with {}; where what they buy is worth it, move the \
            figures with `{ACCEPT}`, and commit {FIGURES} with the reason",
            look.join(" and ")
        ),
    ))
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "see that it is there, whole, and may be read and written")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "x86_64, glibc 2.36, valgrind-3.19.0";

    fn judged(machine: &str, instructions: &[(&str, u64)]) -> Result<Outcome, Failure> {
        let parts = |parts: &[(&str, u64)]| parts.iter().map(|(part, is)| ((*part).to_owned(), *is)).collect();
        let instructions = parts(instructions);
        let committed = parts(&[("read", 1_000), ("write", 200_000)]);
        judge(
            &Figures { machine: HERE.to_owned(), margin_percent: 2, instructions: committed },
            &Counted { machine: machine.to_owned(), instructions },
        )
    }

    fn why(result: Result<Outcome, Failure>) -> String {
        result.map(|_| ()).expect_err("it fails").to_string()
    }

    #[test]
    fn what_is_within_the_margin_or_under_it_passes() {
        for write in [204_000, 200_000, 100_000] {
            assert!(matches!(judged(HERE, &[("read", 1_020), ("write", write)]), Ok(Outcome::Passed)), "{write}");
        }
    }

    #[test]
    fn what_is_over_the_margin_says_by_how_much_where_to_look_and_how_to_move_the_figure() {
        let why = why(judged(HERE, &[("read", 1_000), ("write", 210_000)]));
        for part in ["write: 210000 instructions a frame, +5.0% from 200000", "2% is the margin", "write.out", ACCEPT] {
            assert!(why.contains(part), "{part} in {why}");
        }
        assert!(!why.contains("read: "), "{why}");
    }

    #[test]
    fn every_part_that_is_over_is_named() {
        let why = why(judged(HERE, &[("read", 1_030), ("write", 210_000)]));
        for part in ["read: 1030 ", "read.out", "write: 210000 ", "write.out"] {
            assert!(why.contains(part), "{part} in {why}");
        }
    }

    #[test]
    fn figures_of_another_machine_are_not_compared_and_that_is_said() {
        let other = "aarch64, glibc 2.41, valgrind-3.24.0";
        let Ok(Outcome::PassedExcept(exception)) = judged(other, &[("write", 900_000)]) else {
            panic!("nothing can be said there");
        };
        assert!(exception.contains(HERE) && exception.contains(other), "{exception}");
    }

    #[test]
    fn a_part_without_a_figure_is_a_failure() {
        assert!(why(judged(HERE, &[("decode", 1)])).contains("no figure for `decode`"));
    }

    #[test]
    fn one_odd_run_moves_no_figure() {
        assert_eq!(middle(vec![160_000, 500_000, 159_000]), 160_000);
        assert_eq!(middle(vec![160_000, 1, 161_000]), 160_000);
    }

    #[test]
    fn callgrinds_sum_is_read() {
        assert_eq!(
            summary("version: 1\nevents: Ir\nfn=(1) x\n1 17\nsummary: 5107513\n\ntotals: 5107513\n"),
            Some(5_107_513)
        );
        assert_eq!(summary("version: 1\nevents: Ir\n"), None);
        assert_eq!(summary("summary: many\n"), None);
    }

    #[test]
    fn figures_are_read_as_they_are_written() {
        let instructions = BTreeMap::from([("read".to_owned(), 6_000), ("write".to_owned(), 160_000)]);
        let written =
            text(&Figures { machine: HERE.to_owned(), margin_percent: 2, instructions }).expect("it is written");
        let read: Figures = serde_json::from_str(&written).expect("it is JSON");
        assert_eq!(text(&read).expect("it is written"), written);
        assert_eq!(read.instructions["write"], 160_000);
    }
}
