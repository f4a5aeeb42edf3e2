//! `cargo xtask bench`: everything that it compares, built, and then the load generator.
//!
//! `bench/` is a cargo workspace of its own, so that what peers are made of is compiled for nothing else.

use crate::command::{self, Failure};
use crate::npm;
use crate::repo::Repo;
use crate::step::Outcome;

/// The peers that run on Node and on Bun.
pub(crate) const SCRIPTS: &str = "bench/peers/node";
/// The workspace of the load generator and of the peers in Rust.
const MANIFEST: &str = "bench/Cargo.toml";
/// The package of the load generator.
const GENERATOR: &str = "roomful-bench";

/// Builds what the run needs, and runs it with these words.
pub(crate) fn run(repo: &Repo, words: &[String]) -> Result<(), Failure> {
    // What only prints must not build for minutes first.
    if !words.iter().any(|word| matches!(word.as_str(), "--list" | "--help" | "-h")) {
        let remedy = "mend what the compiler says above";
        command::run(&mut repo.cargo(["build", "--profile", "server", "--locked", "--package", "fixture"]), remedy)?;
        let peers = ["build", "--release", "--locked", "--workspace", "--manifest-path", MANIFEST];
        command::run(&mut repo.cargo(peers), remedy)?;
        npm::install(repo, SCRIPTS)?;
    }
    let mut generator = repo.cargo([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
        "--package",
        GENERATOR,
        "--",
    ]);
    generator.args(words);
    command::run(&mut generator, "read what is said above; `cargo xtask bench --list` prints what can be asked for")
}

/// The load generator and the peers in Rust are formatted, and the load generator compiles without a warning.
pub(crate) fn lint(repo: &Repo) -> Result<Outcome, Failure> {
    let fmt = ["fmt", "--all", "--check", "--manifest-path", MANIFEST];
    command::run(&mut repo.cargo(fmt), &format!("run `cargo fmt --all --manifest-path {MANIFEST}`"))?;
    // Not the peers: their dependencies take minutes to compile, and `cargo xtask bench` compiles them.
    let clippy = ["clippy", "--locked", "--manifest-path", MANIFEST, "--package", GENERATOR, "--all-targets"];
    let mut clippy = repo.cargo(clippy.into_iter().chain(["--", "-D", "warnings"]));
    command::run(&mut clippy, "mend what clippy says above")?;
    Ok(Outcome::Passed)
}

/// The load generator's own logic; nothing is measured.
pub(crate) fn test(repo: &Repo) -> Result<Outcome, Failure> {
    let test = ["test", "--locked", "--manifest-path", MANIFEST, "--package", GENERATOR];
    command::run(&mut repo.cargo(test), "mend the test that failed")?;
    Ok(Outcome::Passed)
}
