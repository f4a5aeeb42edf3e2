//! All steps of `cargo xtask test`, in the order in which they run: first what may be missing on the machine, then what fails soonest.

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::{Outcome, Step};
use crate::worker::{self, WORKER};
use crate::{bench, instructions, layering, npm, sans_io, tools};

/// The npm package `roomful`.
const CLIENT: &str = "clients/typescript";
/// The page of the live cursor board.
pub(crate) const WEB: &str = "examples/cursors/web";

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "tools-rust",
        promise: "rustfmt, clippy and the WebAssembly target are installed",
        needs: &[],
        work: tools::rust,
    },
    Step { name: "tools-node", promise: "Node and npm are installed", needs: &[], work: tools::node },
    Step { name: "tools-chromium", promise: "a Chromium is installed", needs: &[], work: tools::chromium },
    Step { name: "tools-deny", promise: "cargo-deny is installed", needs: &[], work: tools::cargo_deny },
    Step {
        name: "tools-worker",
        promise: "worker-build and wasm-bindgen are installed",
        needs: &["tools-rust"],
        work: worker::tools,
    },
    Step { name: "tools-valgrind", promise: "valgrind is installed", needs: &[], work: tools::valgrind },
    Step { name: "fmt", promise: "the Rust code is formatted", needs: &["tools-rust"], work: fmt },
    Step { name: "layering", promise: "imports point down, and the core does no I/O", needs: &[], work: layers },
    Step {
        name: "deny",
        promise: "licences, sources, bans and advisories of what is imported",
        needs: &["tools-deny"],
        work: deny,
    },
    Step { name: "clippy", promise: "no warning anywhere in the Rust code", needs: &["tools-rust"], work: clippy },
    Step {
        name: "worker-clippy",
        promise: "no warning in what only runs on workerd",
        needs: &["tools-rust"],
        work: worker::clippy,
    },
    Step {
        name: "wasm",
        promise: "the core and the app's API build for WebAssembly",
        needs: &["tools-rust"],
        work: wasm,
    },
    Step { name: "rust-test", promise: "the Rust tests, those in the documentation too", needs: &[], work: rust_test },
    Step {
        name: "bench-lint",
        promise: "the load generator is formatted, and no warning is in it",
        needs: &["tools-rust"],
        work: bench::lint,
    },
    Step { name: "bench-test", promise: "the tests of the load generator", needs: &[], work: bench::test },
    Step {
        name: "instructions",
        promise: "a message to 500 members takes no more instructions than it did",
        needs: &["tools-valgrind"],
        work: instructions::check,
    },
    Step { name: "miri", promise: "the one place with `unsafe` does nothing undefined", needs: &[], work: miri },
    Step { name: "doc", promise: "the documentation builds without a warning", needs: &[], work: doc },
    Step { name: "types", promise: "the generated TypeScript is what the Rust code says", needs: &[], work: types },
    Step {
        name: "client-install",
        promise: "the client's dependencies are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, CLIENT)),
    },
    Step { name: "prettier", promise: "the TypeScript code is formatted", needs: &["client-install"], work: prettier },
    Step {
        name: "client-lint",
        promise: "no type error and no warning in the client",
        needs: &["client-install"],
        work: |repo| passed(npm::script(repo, CLIENT, "lint", &[])),
    },
    Step {
        name: "client-build",
        promise: "the client builds",
        needs: &["client-install"],
        work: |repo| passed(npm::script(repo, CLIENT, "build", &[])),
    },
    Step {
        name: "client-test",
        promise: "the client's tests",
        needs: &["client-build"],
        work: |repo| passed(npm::script(repo, CLIENT, "test", &[])),
    },
    Step {
        name: "client-size",
        promise: "the client is as small as it promises",
        needs: &["client-build"],
        work: |repo| passed(npm::script(repo, CLIENT, "size", &[])),
    },
    Step {
        name: "web-install",
        promise: "the board's dependencies are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, WEB)),
    },
    Step {
        name: "web-lint",
        promise: "no type error and no warning in the board's page",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "lint", &[])),
    },
    Step {
        name: "web-build",
        promise: "the board's page builds",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "build", &[])),
    },
    Step {
        name: "web-test",
        promise: "the tests of the board's page",
        needs: &["web-install", "client-build"],
        work: |repo| passed(npm::script(repo, WEB, "test", &[])),
    },
    Step {
        name: "worker-install",
        promise: "workerd and what builds a worker are installed",
        needs: &["tools-node"],
        work: |repo| passed(npm::install(repo, WORKER)),
    },
    Step {
        name: "worker-serve",
        promise: "what serves a worker starts, acts on its objects, and leaves nothing behind",
        needs: &["worker-install"],
        work: |repo| passed(npm::script(repo, WORKER, "test", &[])),
    },
    Step {
        name: "worker-build",
        promise: "the board's worker builds",
        needs: &["tools-worker", "worker-install"],
        work: worker::build_board,
    },
    Step {
        name: "worker-size",
        promise: "the worker is as small as it promises",
        needs: &["worker-build"],
        work: |repo| passed(npm::script(repo, WORKER, "size", &[])),
    },
    Step {
        name: "worker-fixture",
        promise: "the worker with the rooms that tests use builds",
        needs: &["tools-worker", "worker-install"],
        work: worker::build_fixture,
    },
    Step {
        name: "worker-test",
        promise: "the rooms in Durable Objects, on workerd",
        needs: &["worker-fixture"],
        work: worker::test,
    },
    Step {
        name: "browser",
        promise: "the board and typed sockets in a real browser, on axum and on workerd",
        needs: &["tools-chromium", "web-build", "worker-build", "worker-fixture"],
        work: browser,
    },
];

fn passed(result: Result<(), Failure>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Passed)
}

fn fmt(repo: &Repo) -> Result<Outcome, Failure> {
    passed(command::run(&mut repo.cargo(["fmt", "--all", "--check"]), "run `cargo fmt --all`"))
}

fn layers(repo: &Repo) -> Result<Outcome, Failure> {
    layering::check(repo)?;
    passed(sans_io::check(repo))
}

fn deny(repo: &Repo) -> Result<Outcome, Failure> {
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
    passed(command::run(&mut repo.cargo(check.into_iter().chain(["advisories"])), remedy))
}

fn clippy(repo: &Repo) -> Result<Outcome, Failure> {
    let mut clippy =
        repo.cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"]);
    passed(command::run(&mut clippy, "mend what clippy says above"))
}

fn wasm(repo: &Repo) -> Result<Outcome, Failure> {
    let mut build =
        repo.cargo(["build", "--package", "roomful-core", "--package", "roomful", "--target", tools::WASM, "--locked"]);
    passed(command::run(
        &mut build,
        "mend what the compiler says above: these crates must run in a browser and in a Durable Object",
    ))
}

fn rust_test(repo: &Repo) -> Result<Outcome, Failure> {
    passed(command::run(
        &mut repo.cargo(["test", "--workspace", "--all-features", "--locked"]),
        "mend the test that failed; the line that begins with `error: test failed` says how to run it alone",
    ))
}

/// Miri is a nightly's, and whoever has none is told so: what it would find is looked for wherever one is.
fn miri(repo: &Repo) -> Result<Outcome, Failure> {
    let miri = |words: &[&str]| {
        let mut command = repo.program("rustup", ".", ["run", "nightly", "cargo", "miri"]);
        command.args(words);
        command
    };
    if command::probe(&mut miri(&["--version"])).is_none() {
        return Ok(Outcome::PassedExcept(
            "miri was not run: `rustup toolchain install nightly --component miri --component rust-src` brings it"
                .to_owned(),
        ));
    }
    passed(command::run(
        &mut miri(&["test", "--locked", "--package", "roomful-uring", "--lib"]),
        "mend what miri says above: a claim that the first lines of `in_flight/mod.rs` make does not hold",
    ))
}

fn doc(repo: &Repo) -> Result<Outcome, Failure> {
    let mut doc = repo.cargo(["doc", "--workspace", "--no-deps", "--all-features", "--locked"]);
    passed(command::run(doc.env("RUSTDOCFLAGS", "-D warnings"), "mend what rustdoc says above"))
}

fn types(repo: &Repo) -> Result<Outcome, Failure> {
    let mut check = repo.cargo(["run", "--quiet", "--locked", "--package", "cursors", "--", "types", "--check"]);
    passed(command::run(&mut check, "run `cargo run -p cursors -- types`, and commit what it writes"))
}

fn prettier(repo: &Repo) -> Result<Outcome, Failure> {
    // The client's prettier formats all packages: one version, and the root's one configuration and list of exceptions.
    let prettier = format!("{CLIENT}/node_modules/prettier/bin/prettier.cjs");
    passed(command::run(
        &mut repo.program("node", ".", [&*prettier, "--check", CLIENT, WEB, WORKER, bench::SCRIPTS]),
        &format!("run `node {prettier} --write {CLIENT} {WEB} {WORKER} {}`", bench::SCRIPTS),
    ))
}

fn browser(repo: &Repo) -> Result<Outcome, Failure> {
    // Built before the tests wait for them to start, so that no compilation counts as waiting.
    let mut build = repo.cargo(["build", "--locked", "--package", "cursors", "--package", "fixture"]);
    command::run(&mut build, "mend what the compiler says above")?;
    let chromium = tools::chromium_path();
    passed(npm::script(repo, WEB, "test:browser", &[("CHROMIUM", &chromium)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_is_a_step_that_runs_before() {
        for (at, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                let before = STEPS.iter().take(at);
                assert!(before.into_iter().any(|earlier| earlier.name == *need), "{} needs {need}", step.name);
            }
        }
    }

    #[test]
    fn no_two_steps_share_a_name() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
