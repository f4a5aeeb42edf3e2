//! What is done with the Rust code of the workspace.
//!
//! Every command of the tests selects the same packages with the same features: cargo compiles a dependency anew for each set
//! of features that a selection turns on in it.

use std::path::PathBuf;

use crate::artifacts::{self, Artifact};
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::tools::{self, WASM};

/// The whole workspace.
const WORKSPACE: [&str; 3] = ["--workspace", "--all-features", "--locked"];

/// Compiles every program and test that the steps after this one run.
pub(crate) fn build(repo: &Repo) -> Result<Outcome, Failure> {
    let built = build_all(repo)?;
    println!("  {} programs and tests", built.len());
    Ok(Outcome::Passed)
}

/// Where the programs of the examples are, the board and the rooms that tests use.
pub(crate) fn servers(repo: &Repo) -> Result<[PathBuf; 2], Failure> {
    let built = build_all(repo)?;
    Ok([artifacts::program(&built, "cursors")?, artifacts::program(&built, "fixture")?])
}

fn build_all(repo: &Repo) -> Result<Vec<Artifact>, Failure> {
    // With the tests, although a caller may want a program only: their dependencies turn features on in those of the programs.
    artifacts::build(repo, &["--workspace", "--all-features", "--bins", "--tests", "--examples"])
}

/// More tests at once than there are processors: most of them wait for sockets and for time to pass.
const TESTS_AT_ONCE: (&str, &str) = ("RUST_TEST_THREADS", "6");

pub(crate) fn test(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(
        workspace(repo, "test").envs([TESTS_AT_ONCE]),
        "mend the test that failed; the line that begins with `error: test failed` says how to run it alone",
    )?;
    Ok(Outcome::Passed)
}

/// The fixture's suite once more, with every room and socket `.inline()`.
pub(crate) fn test_inline(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(
        // The nodes are programs of their own, to which this means nothing.
        one_test(repo, "suite").args(["--", "--skip", "nodes::"]).envs([("FIXTURE_INLINE", "1"), TESTS_AT_ONCE]),
        "mend the test that failed; `FIXTURE_INLINE=1 cargo test -p fixture --test suite` runs it alone",
    )?;
    Ok(Outcome::Passed)
}

/// What of the fixture's suite is as true where the members of a room are at different nodes, by its modules. What is each node's own
/// (places, limits, what it logs of its members) is not here, nor what is asked of one node over HTTP.
const OVER_NODES: [&str; 17] = [
    "broken::",
    "close::",
    "conversations::",
    "early::",
    "expiring::",
    "frames::",
    "guards::",
    "hooks::",
    "introduced::",
    "missed::",
    "payloads::",
    "presence::",
    "recordings::",
    "slow_hooks::",
    "users::",
    "window::",
    "wire::",
];

/// These once more, on two nodes to which clients come in turn.
pub(crate) fn test_nodes(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(
        one_test(repo, "suite").arg("--").args(OVER_NODES).envs([("FIXTURE_NODES", "2"), TESTS_AT_ONCE]),
        "mend the test that failed; `FIXTURE_NODES=2 cargo test -p fixture --test suite NAME` runs it alone",
    )?;
    Ok(Outcome::Passed)
}

/// `cargo test` of one test, as the whole workspace is compiled.
pub(crate) fn one_test(repo: &Repo, name: &str) -> std::process::Command {
    let mut test = workspace(repo, "test");
    test.args(["--test", name]);
    test
}

pub(crate) fn types(repo: &Repo) -> Result<Outcome, Failure> {
    let [cursors, _] = servers(repo)?;
    let mut check = repo.program_at(&cursors, ".", ["types", "--check"]);
    command::run(&mut check, "run `cargo run -p cursors -- types`, and commit what it writes")?;
    Ok(Outcome::Passed)
}

/// Types that were made up, what `rooms.typescript()` says of them and what serde does with them, held against each other.
pub(crate) fn shapes(repo: &Repo) -> Result<Outcome, Failure> {
    let shapes = artifacts::program(&build_all(repo)?, "shapes")?;
    let mut check = repo.program("node", ".", ["shapes/check.mjs"]);
    command::run(
        check.arg(&shapes),
        "mend crates/roomful/src/typescript, or its derive; `ROOMFUL_SHAPES_SEED` with the seed that is named makes the same types",
    )?;
    Ok(Outcome::Passed)
}

pub(crate) fn fmt(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(&mut repo.cargo(["fmt", "--all", "--check"]), "run `cargo fmt --all`")?;
    Ok(Outcome::Passed)
}

pub(crate) fn clippy(repo: &Repo) -> Result<Outcome, Failure> {
    let mut clippy = workspace(repo, "clippy");
    command::run(clippy.args(["--all-targets", "--", "-D", "warnings"]), "mend what clippy says above")?;
    Ok(Outcome::Passed)
}

/// What [`clippy`] does not see: the tests on workerd and through proxies, which belong to no other run of the tests, and code that
/// is empty on this machine's target, once as it is deployed and once with the rooms that tests use.
pub(crate) fn clippy_worker(repo: &Repo) -> Result<Outcome, Failure> {
    let on_workerd = ["--package", "roomful-worker", "--package", "fixture", "--package", "cursors-worker", "--lib"];
    let board = [&["--locked", "--target", WASM], &on_workerd[..]].concat();
    let fixture = [&board[..], &["--all-features"]].concat();
    let tests = [&WORKSPACE[..], &["--test", "workerd", "--test", "proxies"]].concat();
    for part in [tests, board, fixture] {
        let mut clippy = repo.cargo(["clippy"]);
        clippy.args(part).args(["--", "-D", "warnings"]);
        command::run(&mut clippy, "mend what clippy says above")?;
    }
    Ok(Outcome::Passed)
}

/// Alone, and not as a part of a worker, which turns on what they may have forgotten.
pub(crate) fn wasm(repo: &Repo) -> Result<Outcome, Failure> {
    let app = ["--package", "roomful-core", "--package", "roomful"];
    let mut build = repo.cargo(["build", "--locked", "--target", WASM].into_iter().chain(app));
    command::run(
        &mut build,
        "mend what the compiler says above: these crates must run in a browser and in a Durable Object",
    )?;
    Ok(Outcome::Passed)
}

/// Where nobody runs the tests, and the crates have to compile.
const PLATFORMS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-msvc"];
/// What an app imports there, `roomful-cluster` without its adapters: their TLS is `ring`, whose C and assembler need the other
/// system's compiler. `roomful-worker` is for WebAssembly alone.
const LIBRARIES: [&str; 8] = [
    "roomful-core",
    "roomful-macros",
    "roomful-runtime",
    "roomful",
    "roomful-websocket",
    "roomful-uring",
    "roomful-axum",
    "roomful-cluster",
];

/// The libraries, for systems that this machine is not; where what compiles for one cannot be had, it has to do without.
pub(crate) fn platforms(repo: &Repo) -> Result<Outcome, Failure> {
    let mut missing = Vec::new();
    for platform in PLATFORMS {
        if let Err(failure) = tools::target(repo, platform) {
            println!("{failure}");
            missing.push(platform);
            continue;
        }
        let packages = LIBRARIES.iter().flat_map(|library| ["--package", library]);
        let check = ["check", "--locked", "--target", platform, "--features", "roomful/typescript,roomful/test"];
        command::run(&mut repo.cargo(check.into_iter().chain(packages)), "mend what the compiler says above")?;
    }
    Ok(if missing.is_empty() {
        Outcome::Passed
    } else {
        Outcome::PassedExcept(format!("not for {}, whose standard library could not be fetched", missing.join(", ")))
    })
}

pub(crate) fn doc(repo: &Repo) -> Result<Outcome, Failure> {
    let mut doc = workspace(repo, "doc");
    command::run(doc.arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings"), "mend what rustdoc says above")?;
    Ok(Outcome::Passed)
}

pub(crate) fn deny(repo: &Repo) -> Result<Outcome, Failure> {
    let check = ["deny", "--locked", "check", "--hide-inclusion-graph"];
    let remedy = "read what cargo-deny says above; what may be imported stands in deny.toml";
    let offline = ["bans", "licenses", "sources"];
    command::run(&mut repo.cargo(check.into_iter().chain(offline)), remedy)?;

    // Asked for by itself, so that an unreachable database is not taken for an advisory, nor an advisory for bad weather.
    let mut fetch = repo.cargo(["deny", "fetch", "db"]);
    if !command::succeeds(fetch.env("GIT_TERMINAL_PROMPT", "0"))? {
        return Ok(Outcome::PassedExcept(
            "advisories were not checked: their database could not be fetched".to_owned(),
        ));
    }
    command::run(&mut repo.cargo(check.into_iter().chain(["advisories"])), remedy)?;
    Ok(Outcome::Passed)
}

/// Miri is a nightly's, and whoever has none is told so: what it would find is looked for wherever one is.
pub(crate) fn miri(repo: &Repo) -> Result<Outcome, Failure> {
    if command::probe(&mut tools::nightly_cargo(repo, ["miri", "--version"])).is_none() {
        return Ok(Outcome::PassedExcept(
            "miri was not run: `rustup toolchain install nightly --component miri --component rust-src` brings it"
                .to_owned(),
        ));
    }
    command::run(
        &mut tools::nightly_cargo(repo, ["miri", "test", "--locked", "--package", "roomful-uring", "--lib"]),
        "mend what miri says above: a claim that the first lines of `in_flight/mod.rs` make does not hold",
    )?;
    Ok(Outcome::Passed)
}

fn workspace(repo: &Repo, command: &str) -> std::process::Command {
    repo.cargo([command].into_iter().chain(WORKSPACE))
}
