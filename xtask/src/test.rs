//! `cargo xtask test`: everything that CI checks.

use crate::command::Failure;
use crate::repo::Repo;
use crate::step::{self, Step};
use crate::steps::STEPS;

/// Runs the steps named and what they need; all steps when none is named.
pub(crate) fn run(repo: &Repo, only: &[String]) -> Result<(), Failure> {
    let steps: Vec<&Step> = if only.is_empty() {
        STEPS.iter().collect()
    } else {
        let names: Vec<&str> = only.iter().map(String::as_str).collect();
        step::select(STEPS, &names)?
    };
    step::run_all(repo, &steps)
}

/// Prints every step, what it promises and what it needs.
pub(crate) fn list() {
    for step in STEPS {
        let needs = match step.needs {
            [] => String::new(),
            needs => format!(" (needs {})", needs.join(", ")),
        };
        println!("{:<16}{}{needs}", step.name, step.promise);
    }
}
