//! What has to be on the machine besides cargo, and how it gets there.
//!
//! A tool that is there is left alone. One that is missing is installed where that needs no decision of the user's;
//! otherwise the step fails and says what to install.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt;
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;

/// The target of what runs in a browser or on workerd.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
/// The oldest Node whose features the packages and their tools use.
const OLDEST_NODE: u32 = 20;
/// What is installed where there is none, and the oldest that reads `deny.toml` as it is written.
const CARGO_DENY: &str = "0.20.2";
const OLDEST_CARGO_DENY: (u32, u32) = (0, 20);
/// Where Debian's package puts it.
const DEBIAN_CHROMIUM: &str = "/usr/bin/chromium";
const DEBIAN_PROGRAMS: &str = "/usr/bin";
/// The engines beside Chromium's: each with the programs that its tests start, and the packages that those are in.
const ENGINES: [(&str, &[(&str, &str)]); 2] = [
    ("firefox", &[("firefox-esr", "firefox-esr")]),
    ("webkit", &[("WebKitWebDriver", "webkit2gtk-driver"), ("Xvfb", "xvfb")]),
];

/// rustfmt and clippy.
pub(crate) fn rust(repo: &Repo) -> Result<Outcome, Failure> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if command::probe(&mut repo.cargo([command, "--version"])).is_none() {
            rustup(repo, ["component", "add", component])?;
        }
    }
    Ok(Outcome::Passed)
}

/// The standard library for WebAssembly.
pub(crate) fn wasm(repo: &Repo) -> Result<Outcome, Failure> {
    target(repo, WASM)?;
    Ok(Outcome::Passed)
}

/// The standard library of another target.
pub(crate) fn target(repo: &Repo, name: &str) -> Result<(), Failure> {
    let sysroot = command::probe(&mut repo.program("rustc", ".", ["--print", "sysroot"]))
        .ok_or_else(|| Failure::new("there is no `rustc`", INSTALL_RUST))?;
    if !Path::new(&sysroot).join("lib/rustlib").join(name).is_dir() {
        rustup(repo, ["target", "add", name])?;
    }
    Ok(())
}

/// The cargo of a nightly toolchain, which need not be there.
pub(crate) fn nightly_cargo<'a>(repo: &Repo, args: impl IntoIterator<Item = &'a str>) -> Command {
    repo.program("rustup", ".", ["run", "nightly", "cargo"].into_iter().chain(args))
}

const INSTALL_RUST: &str = "install Rust with rustup, as https://rustup.rs says";

fn rustup(repo: &Repo, args: [&str; 3]) -> Result<(), Failure> {
    if command::probe(&mut repo.program("rustup", ".", ["--version"])).is_none() {
        let [_, _, what] = args;
        return Err(Failure::new(
            format!("the Rust toolchain has no {what}, and there is no rustup to add it"),
            format!("{INSTALL_RUST}, or add {what} the way this toolchain was installed"),
        ));
    }
    command::run(&mut repo.program("rustup", ".", args), "read what rustup says above; it needs the network")
}

/// Node and npm. They are only looked for: how to install Node is the user's choice.
pub(crate) fn node(repo: &Repo) -> Result<Outcome, Failure> {
    let remedy =
        format!("install Node {OLDEST_NODE} or newer with its npm (https://nodejs.org; Debian 12's own is too old)");
    for program in ["node", "npm"] {
        let Some(version) = command::probe(&mut repo.program(program, ".", ["--version"])) else {
            return Err(Failure::new(format!("there is no `{program}`"), remedy));
        };
        println!("  {program} {version}");
        let is_too_old = version_of(&version).is_none_or(|(major, _)| major < OLDEST_NODE);
        if program == "node" && is_too_old {
            return Err(Failure::new(format!("node {version} is too old"), remedy));
        }
    }
    Ok(Outcome::Passed)
}

/// The browser of the browser tests.
pub(crate) fn chromium(repo: &Repo) -> Result<Outcome, Failure> {
    let path = chromium_path();
    if !path.is_file() {
        if std::env::var_os("CHROMIUM").is_some() {
            return Err(Failure::new(
                format!("CHROMIUM says {}, and there is no such file", path.display()),
                "set CHROMIUM to the path of a Chromium, or unset it",
            ));
        }
        apt::install(
            repo,
            &["chromium"],
            "Chromium",
            "install Chromium yourself (on Debian, as root: `apt-get update && apt-get install chromium`), \
            or set CHROMIUM to the path of one",
        )?;
    }
    let version = command::probe(Command::new(&path).arg("--version")).ok_or_else(|| {
        Failure::new(
            format!("{} does not start", path.display()),
            format!("run `{} --version` and read what it says", path.display()),
        )
    })?;
    println!("  {version}");
    Ok(Outcome::Passed)
}

/// Firefox, and WebKitGTK with its driver and a display that nobody looks at: the engines beside Chromium's. Where they cannot
/// be had, Chromium has to do.
pub(crate) fn engines(repo: &Repo) -> Result<Outcome, Failure> {
    let missing = ENGINES.iter().flat_map(|(_, programs)| *programs).filter(|(program, _)| !is_there(program));
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(Outcome::Passed);
    }
    let names = packages.join(" ");
    let remedy = format!("install them yourself (on Debian, as root: `apt-get update && apt-get install {names}`)");
    Ok(match apt::install(repo, &packages, &names, &remedy) {
        Ok(()) => Outcome::Passed,
        Err(failure) => {
            println!("{failure}");
            Outcome::PassedExcept(format!("{names} could not be installed"))
        }
    })
}

/// The engines that are there.
pub(crate) fn engines_there() -> String {
    let all_there = |programs: &[(&str, &str)]| programs.iter().all(|(program, _)| is_there(program));
    let others = ENGINES.iter().filter(|(_, programs)| all_there(programs)).map(|(name, _)| *name);
    std::iter::once("chromium").chain(others).collect::<Vec<_>>().join(",")
}

/// Each broker with its package. Debian has one of them where only root's PATH looks.
const BROKERS: [&str; 2] = ["nats-server", "redis-server"];
/// Where programs are looked for besides PATH.
const PLACES: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];

/// NATS and Redis, which the tests of many machines start.
pub(crate) fn brokers(repo: &Repo) -> Result<Outcome, Failure> {
    for name in BROKERS {
        broker(repo, name)?;
    }
    Ok(Outcome::Passed)
}

/// One of them.
pub(crate) fn broker(repo: &Repo, name: &str) -> Result<(), Failure> {
    if program_path(name).is_none() {
        let remedy = format!("install it yourself (on Debian, as root: `apt-get update && apt-get install {name}`)");
        apt::install(repo, &[name], name, &remedy)?;
    }
    let path = program_path(name).ok_or_else(|| {
        Failure::new(
            format!("{name} is installed in no place that is looked at"),
            format!("put it, or a link to it, into one of: PATH, {}", PLACES.join(", ")),
        )
    })?;
    let version = command::probe(Command::new(&path).arg("--version")).ok_or_else(|| {
        Failure::new(
            format!("{} does not start", path.display()),
            format!("run `{} --version` and read what it says", path.display()),
        )
    })?;
    println!("  {version}");
    Ok(())
}

/// The proxies that `deploy/` has files for.
const PROXIES: [&str; 2] = ["nginx", "caddy"];

/// nginx and Caddy, which their tests start themselves.
pub(crate) fn proxies(repo: &Repo) -> Result<Outcome, Failure> {
    let missing: Vec<&str> = PROXIES.into_iter().filter(|proxy| program_path(proxy).is_none()).collect();
    if !missing.is_empty() {
        let names = missing.join(" ");
        let remedy = format!(
            "install them yourself (on Debian, as root: `apt-get update && apt-get install {names}`); \
            what Debian starts then (`systemctl stop {names}`) is not needed"
        );
        apt::install(repo, &missing, &names, &remedy)?;
    }
    Ok(Outcome::Passed)
}

/// promtool, which comes with Prometheus.
pub(crate) fn promtool(repo: &Repo) -> Result<Outcome, Failure> {
    if program_path("promtool").is_none() {
        let remedy = "install it yourself (on Debian, as root: `apt-get update && apt-get install prometheus`); \
                      Prometheus itself, which Debian starts then, is not needed";
        apt::install(repo, &["prometheus"], "promtool", remedy)?;
    }
    Ok(Outcome::Passed)
}

/// Debian has some programs where only root's PATH looks.
fn program_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.map(PathBuf::from));
    places.map(|place| place.join(name)).find(|program| program.is_file())
}

fn is_there(program: &str) -> bool {
    Path::new(DEBIAN_PROGRAMS).join(program).is_file()
}

/// The Chromium that the browser tests start: `$CHROMIUM`, or Debian's.
pub(crate) fn chromium_path() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or_else(|| DEBIAN_CHROMIUM.into(), PathBuf::from)
}

/// cargo-deny, from crates.io.
pub(crate) fn cargo_deny(repo: &Repo) -> Result<Outcome, Failure> {
    let installed = command::probe(&mut repo.cargo(["deny", "--version"]));
    let version = installed.as_deref().and_then(version_of);
    if version.is_none_or(|version| version < OLDEST_CARGO_DENY) {
        println!("  cargo-deny is compiled once for this machine; that takes a few minutes");
        command::run(
            &mut repo.cargo(["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY]),
            "read what cargo says above; it needs crates.io",
        )?;
    }
    Ok(Outcome::Passed)
}

/// What is said where there is no callgrind whose figures could be compared.
pub(crate) const ONLY_ON_LINUX: &str = "instructions are counted on Linux only";

/// valgrind, from Debian.
pub(crate) fn valgrind(repo: &Repo) -> Result<Outcome, Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::PassedExcept(ONLY_ON_LINUX.to_owned()));
    }
    let version = || command::probe(&mut repo.program("valgrind", ".", ["--version"]));
    if version().is_none() {
        let remedy = "install valgrind yourself (on Debian, as root: `apt-get update && apt-get install valgrind`)";
        apt::install(repo, &["valgrind"], "valgrind", remedy)?;
    }
    let version = version()
        .ok_or_else(|| Failure::new("valgrind does not start", "run `valgrind --version` and read what it says"))?;
    println!("  {version}");
    Ok(Outcome::Passed)
}

/// Major and minor of what a tool prints when it is asked its version: `v20.1.0`, `10.2.0`, `cargo-deny 0.20.2`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let version = text.split_whitespace().last()?.trim_start_matches('v');
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_prints_its_version_its_own_way() {
        assert_eq!(version_of("v20.20.2"), Some((20, 20)));
        assert_eq!(version_of("11.19.1"), Some((11, 19)));
        assert_eq!(version_of("cargo-deny 0.20.2"), Some((0, 20)));
        assert_eq!(version_of("command not found"), None);
        assert_eq!(version_of(""), None);
    }
}
