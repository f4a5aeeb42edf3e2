//! The project's own commands, run as `cargo xtask <command>`:
//!
//! - `test` installs what the tests need and runs every one of them;
//! - `check` does the same with what only a maintainer needs; CI runs both;
//! - `demo` builds the live cursor board and serves it: on axum, on three nodes over a broker, or as a Cloudflare worker;
//! - `bench` runs Roomful and its peers side by side, and writes what each delivery costs;
//! - `release` writes a version everywhere, commits and tags it;
//! - `docs` makes the documentation a site;
//! - `simulate` plays rooms in virtual time, for as long as one likes;
//! - `ghosts` kills nodes, and says how long their members are still there for others;
//! - `instructions` counts what one message costs, and moves the figure that a change is held to.

mod apt;
mod args;
mod artifacts;
mod bench;
mod book;
mod cargo_tools;
mod circles;
mod command;
mod demo;
mod deploy;
mod doc_examples;
mod fuzz;
mod ghosts;
mod instructions;
mod layering;
mod metadata;
mod npm;
mod package;
mod public_api;
mod release;
mod repo;
mod running;
mod rust;
mod sans_io;
#[cfg(test)]
mod security;
mod simulate;
mod step;
mod steps;
mod suite;
mod team;
mod tools;
mod tutorial;
mod typescript;
mod worker;

use std::process::ExitCode;

use args::Request;
use command::Failure;
use repo::Repo;

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    match args::parse(words) {
        Ok(request) => match serve(request) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("\n{failure}");
                ExitCode::FAILURE
            }
        },
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::from(2)
        }
    }
}

fn serve(request: Request) -> Result<(), Failure> {
    match request {
        Request::Help => {
            println!("{}", args::HELP);
            Ok(())
        }
        Request::List(suite) => {
            suite.list();
            Ok(())
        }
        Request::Run { suite, only } => suite.run(&Repo::find()?, &only),
        Request::Step { name } => suite::run_step(&Repo::find()?, &name),
        Request::Demo { port, on } => demo::run(&Repo::find()?, port, on),
        Request::Instructions { accept } => instructions::run(&Repo::find()?, accept),
        Request::Simulate(simulation) => simulate::run(&Repo::find()?, &simulation),
        Request::Release { version } => release::run(&Repo::find()?, version),
        Request::Ghosts(kills) => ghosts::run(&Repo::find()?, kills),
        Request::Bench { words } => bench::run(&Repo::find()?, &words),
    }
}
