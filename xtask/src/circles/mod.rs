//! That no file needs another which, by whatever way round, needs it: two such files are one idea, or hold a third.
//!
//! A file needs the one that defines what it names, however many modules pass the name on. So a parent that only declares and
//! passes on is nobody's circle, and a parent whose child uses what it defines is one as soon as it uses the child. What is
//! there for tests only does not count. A method that one file defines and another calls is not seen.

mod graph;
mod modules;
mod paths;
mod tokens;
mod typescript;

use crate::command::Failure;
use crate::metadata;
use crate::repo::Repo;

use graph::Graph;
use modules::Crate;

/// The workspaces whose crates are looked at.
const WORKSPACES: &[&str] = &["Cargo.toml", "bench/Cargo.toml"];
/// What of a crate is no test.
const KINDS: &[&str] = &["lib", "bin", "proc-macro", "cdylib"];
/// The sources in TypeScript.
const SCRIPTS: &[&str] = &["clients/typescript/src", "examples/cursors/web/src"];

/// Reads every source file, and fails where there is a circle.
pub(crate) fn check(repo: &Repo) -> Result<(), Failure> {
    let mut graph = Graph::default();
    for manifest in WORKSPACES {
        for package in metadata::read(repo, manifest)?.packages {
            let is_looked_at = |kinds: &[String]| kinds.iter().any(|kind| KINDS.contains(&kind.as_str()));
            for target in package.targets.iter().filter(|target| is_looked_at(&target.kind)) {
                paths::draw(&Crate::read(&target.src_path)?, &mut graph);
            }
        }
    }
    for directory in SCRIPTS {
        typescript::draw(&repo.path(directory), &mut graph)?;
    }
    let circles = graph.circles();
    if circles.is_empty() {
        println!("  {} arrows between files, and no circle", graph.arrows());
        return Ok(());
    }
    let root = repo.path("");
    let lines: Vec<String> = circles.iter().map(|circle| circle.line(&root)).collect();
    Err(Failure::new(
        lines.join("\n  "),
        "move what both sides need into a file below them, or make one file of what is one idea",
    ))
}
