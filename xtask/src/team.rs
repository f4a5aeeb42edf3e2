//! The team's chat, `examples/team`: a workspace of its own, as in the project of whoever copies it, so that nothing else here
//! compiles SQLite.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{self, Failure};
use crate::npm;
use crate::repo::Repo;
use crate::step::Outcome;
use crate::tools;

/// Its page.
pub(crate) const WEB: &str = "examples/team/web";
const MANIFEST: &str = "examples/team/Cargo.toml";
/// What it imports and the rest of the repository imports as well is compiled once.
const TARGET: &str = "target";

/// The server: formatted, without a warning, its tests, and the page's types.
pub(crate) fn server(repo: &Repo) -> Result<Outcome, Failure> {
    let fmt = ["fmt", "--check", "--manifest-path", MANIFEST];
    command::run(&mut repo.cargo(fmt), &format!("run `cargo fmt --manifest-path {MANIFEST}`"))?;
    let mut clippy = cargo(repo, "clippy");
    command::run(clippy.args(["--all-targets", "--", "-D", "warnings"]), "mend what clippy says above")?;
    command::run(&mut cargo(repo, "test"), "mend the test that failed")?;
    let mut types = cargo(repo, "run");
    let remedy = format!("run `cargo run --manifest-path {MANIFEST} -- types`, and commit what it writes");
    command::run(types.args(["--quiet", "--", "types", "--check"]), &remedy)?;
    Ok(Outcome::Passed)
}

/// The page: without a type error, its tests, and built.
pub(crate) fn page(repo: &Repo) -> Result<Outcome, Failure> {
    for script in ["lint", "test", "build"] {
        npm::script(repo, WEB, script, &[])?;
    }
    Ok(Outcome::Passed)
}

/// Both in Chromium.
pub(crate) fn browser(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(&mut cargo(repo, "build"), "mend what the compiler says above")?;
    let program: PathBuf = repo.path(TARGET).join("debug/team");
    npm::script(repo, WEB, "test:browser", &[("CHROMIUM", &tools::chromium_path()), ("TEAM_BIN", &program)])?;
    Ok(Outcome::Passed)
}

fn cargo(repo: &Repo, command: &str) -> Command {
    let mut cargo = repo.cargo([command, "--locked", "--manifest-path", MANIFEST]);
    cargo.env("CARGO_TARGET_DIR", repo.path(TARGET));
    cargo
}
