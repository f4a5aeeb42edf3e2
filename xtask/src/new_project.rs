//! Projects that `roomful new` writes, built and tried as whoever wrote them would: their tests, their types, their page.
//!
//! Only three things are otherwise: the crates and the npm package come from here, the versions are those of the lock file here, and
//! what both projects depend on is compiled once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::{doc_examples, rust, tutorial};

/// Where they are written.
const FOLDER: &str = "target/new";
/// Each with what is asked for.
const PROJECTS: [(&str, &[&str]); 2] = [("new-react", &["--react"]), ("new-preact", &["--preact"])];
const REMEDY: &str = "mend crates/cli/templates, or what it leads to; target/new is what was written";

pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    let roomful = rust::command_line(repo)?;
    let folder = repo.path(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let package = tutorial::pack(repo, FOLDER)?;
    for (name, options) in PROJECTS {
        let mut new = repo.program_at(&roomful, FOLDER, ["new", name].into_iter().chain(options.iter().copied()));
        command::run(new.arg("--checkout").arg(repo.path("")), REMEDY)?;
        try_rooms(repo, name)?;
        try_page(repo, name, &package)?;
    }
    Ok(Outcome::Passed)
}

fn try_rooms(repo: &Repo, name: &str) -> Result<(), Failure> {
    let lock = project(repo, name).join("Cargo.lock");
    fs::copy(repo.path("Cargo.lock"), &lock).map_err(|error| failed(&lock, &error))?;
    command::run(&mut cargo(repo, name, &["test"]), REMEDY)?;
    command::run(&mut cargo(repo, name, &["run", "--", "types", "--check"]), REMEDY)
}

fn try_page(repo: &Repo, name: &str, package: &str) -> Result<(), Failure> {
    let web = format!("{FOLDER}/{name}/web");
    // As it would be published: a folder would bring a second framework along.
    let dependency = format!("dependencies.roomful=file:{package}");
    command::run(&mut repo.program("npm", &web, ["pkg", "set", &dependency]), REMEDY)?;
    command::run(&mut repo.program("npm", &web, ["install"]), REMEDY)?;
    command::run(&mut repo.program("npm", &web, ["test"]), REMEDY)
}

fn cargo(repo: &Repo, name: &str, words: &[&str]) -> Command {
    let mut cargo = repo.cargo(words.iter().copied());
    cargo.current_dir(project(repo, name)).env("CARGO_TARGET_DIR", repo.path(doc_examples::TARGET));
    cargo
}

fn project(repo: &Repo, name: &str) -> PathBuf {
    repo.path(FOLDER).join(name)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("{}: {error}", path.display()),
        "see that it may be read and written, and that the disk has room",
    )
}
