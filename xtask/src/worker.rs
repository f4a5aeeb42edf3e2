//! The board's worker: what builds it, its two builds, and the tests on the platform's own runtime.

use std::path::PathBuf;
use std::process::Command;

use crate::apt;
use crate::cargo_tools::{self, CargoTool};
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::rust;
use crate::step::Outcome;

/// The worker, and the npm package with the other half of what builds and runs it.
pub(crate) const WORKER: &str = "examples/cursors-worker";
/// Where the board's build is.
pub(crate) const BOARD: &str = "target/worker/board";
/// The build with the rooms that tests use. The tests look for it there.
const FIXTURE: &str = "target/worker/fixture";

/// worker-build and wasm-bindgen, each at the version that fits what Cargo.lock has.
pub(crate) fn tools(repo: &Repo) -> Result<Outcome, Failure> {
    const REMEDY: &str =
        "read what cargo says above; it needs crates.io, and on Linux OpenSSL's headers and pkg-config";
    let tools = [worker_build(repo)?, wasm_bindgen(repo)?];
    let has_openssl = || command::probe(&mut repo.program("pkg-config", ".", ["--libs", "openssl"])).is_some();
    if cfg!(target_os = "linux") && !cargo_tools::are_installed(&tools)? && !has_openssl() {
        apt::install(repo, &["pkg-config", "libssl-dev"], "OpenSSL to build worker-build with", REMEDY)?;
    }
    cargo_tools::install(repo, &tools, REMEDY)?;
    Ok(Outcome::Passed)
}

/// It is published with the crate `worker`, under the same number.
fn worker_build(repo: &Repo) -> Result<CargoTool, Failure> {
    let version = locked_version(repo, "worker")?;
    Ok(CargoTool { package: "worker-build", program: "worker-build", version, features: &[] })
}

/// It refuses a program that was made with any other version of the crate.
fn wasm_bindgen(repo: &Repo) -> Result<CargoTool, Failure> {
    let version = locked_version(repo, "wasm-bindgen")?;
    // TLS is for its test runner, which nothing here runs.
    Ok(CargoTool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version,
        features: &["--no-default-features"],
    })
}

/// The version of a crate that Cargo.lock has.
fn locked_version(repo: &Repo, package: &str) -> Result<String, Failure> {
    let id = command::read(&mut repo.cargo(["pkgid", "--locked", package]), "read what cargo says above")?;
    let id = String::from_utf8_lossy(&id);
    let (_, version) = id.trim().rsplit_once('@').ok_or_else(|| {
        Failure::new(format!("`cargo pkgid {package}` printed `{}`, without a version", id.trim()), "see what it means")
    })?;
    Ok(version.to_owned())
}

/// The worker as one would deploy it.
pub(crate) fn build_board(repo: &Repo) -> Result<Outcome, Failure> {
    build(repo, BOARD, &[])
}

/// The worker with the rooms that tests use, in place of the board.
pub(crate) fn build_fixture(repo: &Repo) -> Result<Outcome, Failure> {
    build(repo, FIXTURE, &["--features", "fixture"])
}

fn build(repo: &Repo, out: &str, features: &[&str]) -> Result<Outcome, Failure> {
    let mut build = Command::new(worker_build(repo)?.path()?);
    build.current_dir(repo.path(WORKER)).args(["--profile", "worker", "--out-dir"]).arg(repo.path(out));
    build.arg("--locked").args(features);
    // Each of these it would else download from where a machine may not reach.
    build.env("WASM_BINDGEN_BIN", wasm_bindgen(repo)?.path()?);
    build.env("ESBUILD_BIN", from_npm(repo, "esbuild")).env("WASM_OPT_BIN", from_npm(repo, "wasm-opt"));
    command::run(&mut build, "mend what the compiler says above")?;
    Ok(Outcome::Passed)
}

fn from_npm(repo: &Repo, program: &str) -> PathBuf {
    repo.path(WORKER).join("node_modules/.bin").join(program)
}

/// What is about time that passes while an object is there: a hook that still decides while others go on, a user who lingers, and
/// what is in memory alone. Where each step waits until the object is put away there is no such time.
const NEEDS_THE_OBJECT_TO_STAY: [&str; 8] = [
    "feeds::sse::",
    "feeds::websocket::a_value_is_loaded_once_for_all_and_anew_when_it_is_woken",
    "feeds::websocket::however_often_it_is_woken_everybody_has_the_last_and_few_loads_ran",
    "feeds::websocket::who_was_cut_off_is_sent_what_it_missed",
    "moderated::a_slow_decision_is_not_overtaken_by_what_its_client_says_next",
    "sessions::resumed::",
    "users::a_user_has_gone_a_moment_after_its_last_tab_and_is_there_until_then",
    "users::each_stay_is_told_once_however_often_a_tab_is_loaded_anew",
];

/// The tests of the fixture over its worker: as they are, and with every object put away before each step of a client's.
pub(crate) fn test(repo: &Repo) -> Result<Outcome, Failure> {
    let build = repo.path(FIXTURE);
    let test = |mode: &[(&str, &str)], left_out: &[&str]| {
        let mut test = rust::one_test(repo, "workerd");
        test.arg("--").args(left_out.iter().flat_map(|test| ["--skip", test]));
        command::run(
            test.env("ROOMFUL_WORKER_BUILD", &build).envs(mode.iter().copied()),
            "mend the test that failed; `ROOMFUL_WORKER_LOG=1` shows what workerd and the worker print",
        )
    };
    test(&[], &[])?;
    test(&[("ROOMFUL_EVICT", "1")], &NEEDS_THE_OBJECT_TO_STAY)?;
    Ok(Outcome::Passed)
}
