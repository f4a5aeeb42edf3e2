//! The TypeScript packages, and what is checked of all of them at once.

use std::path::PathBuf;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::worker::WORKER;
use crate::{bench, npm, rust, team, tools};

/// The npm package `roomful`.
pub(crate) const CLIENT: &str = "clients/typescript";
/// The page of the live cursor board.
pub(crate) const WEB: &str = "examples/cursors/web";

/// Where the npm package is used, and what tries it there.
pub(crate) const ENVIRONMENTS: &str = "clients/environments";

/// What holds made up types against what serde does with them.
const SHAPES: &str = "shapes";

/// What holds the TypeScript of the documentation against the client's types.
const DOCUMENTS: &str = "docs/typescript";

/// The blocks of the documentation, each compiled by itself.
pub(crate) fn documents(repo: &Repo) -> Result<Outcome, Failure> {
    let mut check = repo.program("node", ".", ["docs/typescript/check.mjs"]);
    command::run(&mut check, "mend the block that is named, or what its prelude in docs/typescript declares")?;
    Ok(Outcome::Passed)
}

/// The client's prettier formats all packages: one version, and the root's one configuration and list of exceptions.
pub(crate) fn prettier(repo: &Repo) -> Result<Outcome, Failure> {
    let prettier = format!("{CLIENT}/node_modules/prettier/bin/prettier.cjs");
    command::run(
        &mut repo.program(
            "node",
            ".",
            [&*prettier, "--check", CLIENT, ENVIRONMENTS, WEB, team::WEB, WORKER, SHAPES, DOCUMENTS, bench::SCRIPTS],
        ),
        &format!(
            "run `node {prettier} --write {CLIENT} {ENVIRONMENTS} {WEB} {} {WORKER} {SHAPES} {DOCUMENTS} {}`",
            team::WEB,
            bench::SCRIPTS
        ),
    )?;
    Ok(Outcome::Passed)
}

/// What a page makes of lost networks, servers and tabs, in each engine that is there.
pub(crate) fn engines(repo: &Repo) -> Result<Outcome, Failure> {
    let [_, fixture] = rust::servers(repo)?;
    let (chromium, engines) = (tools::chromium_path(), PathBuf::from(tools::engines_there()));
    let variables = [("CHROMIUM", &*chromium), ("FIXTURE_BIN", &*fixture), ("ENGINES", &*engines)];
    npm::script(repo, WEB, "test:engines", &variables)?;
    Ok(Outcome::Passed)
}

/// The tests in Chromium, on axum and on workerd.
pub(crate) fn browser(repo: &Repo) -> Result<Outcome, Failure> {
    // Built before the tests wait for them to start, so that no compilation counts as waiting.
    let [board, fixture] = rust::servers(repo)?;
    let chromium = tools::chromium_path();
    let variables = [("CHROMIUM", &*chromium), ("CURSORS_BIN", &*board), ("FIXTURE_BIN", &*fixture)];
    npm::script(repo, WEB, "test:browser", &variables)?;
    Ok(Outcome::Passed)
}
