//! The fuzz targets of `fuzz/`, each for a minute.

use std::fs;

use crate::cargo_tools::{self, CargoTool};
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::{apt, tools};

const TARGETS: &str = "fuzz/fuzz_targets";
/// A message that fits one packet: longer ones find little more, and run slower.
const LIMITS: [&str; 2] = ["-max_len=1500", "-max_total_time=60"];
/// The version of cargo-fuzz.
const CARGO_FUZZ: &str = "0.13.2";

/// The sanitizers are a nightly's, and whoever has none is told so.
pub(crate) fn run(repo: &Repo) -> Result<Outcome, Failure> {
    if command::probe(&mut tools::nightly_cargo(repo, ["--version"])).is_none() {
        return Ok(Outcome::PassedExcept(
            "nothing was fuzzed: `rustup toolchain install nightly --profile minimal` brings what it needs".to_owned(),
        ));
    }
    let cargo_fuzz = install(repo)?;
    for target in targets(repo)? {
        let mut fuzz = repo.program("rustup", ".", ["run", "nightly"]);
        fuzz.arg(cargo_fuzz.path()?).args(["fuzz", "run", &target, "--"]).args(LIMITS);
        let remedy = format!("mend what `{target}` found: the bytes are in fuzz/artifacts, and become a row of a test");
        command::run(&mut fuzz, &remedy)?;
    }
    Ok(Outcome::Passed)
}

/// cargo-fuzz, and the C++ compiler for libFuzzer.
fn install(repo: &Repo) -> Result<CargoTool, Failure> {
    let has_compiler = command::probe(&mut repo.program("c++", ".", ["--version"])).is_some();
    if !has_compiler {
        let remedy = "install a C++ compiler yourself (on Debian, as root: `apt-get update && apt-get install g++`)";
        apt::install(repo, &["g++"], "C++ compiler", remedy)?;
    }
    let tool =
        CargoTool { package: "cargo-fuzz", program: "cargo-fuzz", version: CARGO_FUZZ.to_owned(), features: &[] };
    cargo_tools::install(repo, std::slice::from_ref(&tool), "read what cargo says above; it needs crates.io")?;
    Ok(tool)
}

/// Every target there is a file of.
fn targets(repo: &Repo) -> Result<Vec<String>, Failure> {
    let unreadable = |error| Failure::new(format!("{TARGETS}: {error}"), "see that it is there and may be read");
    let mut targets = Vec::new();
    for entry in fs::read_dir(repo.path(TARGETS)).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        targets.extend(name.to_string_lossy().strip_suffix(".rs").map(str::to_owned));
    }
    targets.sort_unstable();
    Ok(targets)
}
