//! A step: a named piece of work that says what it does, how long it took, and what it needs done before it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::Failure;
use crate::repo::Repo;

/// A named piece of work.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What is so when it has passed.
    pub(crate) promise: &'static str,
    /// The steps without which it cannot run. They stand before it in the list.
    pub(crate) needs: &'static [&'static str],
    pub(crate) work: fn(&Repo) -> Result<Outcome, Failure>,
}

/// How a step that did not fail ended.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Passed,
    /// It passed, but for something that could not be done here and that the reader must know of.
    PassedExcept(String),
}

/// A step that did not fail.
pub(crate) struct Done {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

/// The steps named, in the order of the lists, and before each what it needs.
pub(crate) fn select<'a>(lists: &[&'a [Step]], names: &[&str]) -> Vec<&'a Step> {
    let steps: Vec<&Step> = lists.iter().copied().flatten().collect();
    let mut selected = Vec::new();
    for step in steps.iter().filter(|step| names.contains(&step.name)) {
        place(step, &steps, &mut selected);
    }
    selected
}

fn place<'a>(step: &'a Step, steps: &[&'a Step], selected: &mut Vec<&'a Step>) {
    if selected.iter().any(|placed| placed.name == step.name) {
        return;
    }
    for need in steps.iter().filter(|need| step.needs.contains(&need.name)) {
        place(need, steps, selected);
    }
    selected.push(step);
}

/// The first of the waiting steps of which all needs are done.
pub(crate) fn next(waiting: &[&Step], done: &[Done]) -> Option<usize> {
    let is_done = |need: &&str| done.iter().any(|step| step.name == *need);
    waiting.iter().position(|step| step.needs.iter().all(is_done))
}

/// The times and exceptions of the steps that are done, and how many of all of them these are.
pub(crate) fn summary(done: &[Done], of: usize, took: Duration) -> String {
    let mut text = String::from("\n==> summary\n");
    for Done { name, took, outcome } in done {
        let exception = match outcome {
            Outcome::Passed => String::new(),
            Outcome::PassedExcept(exception) => format!("   EXCEPT: {exception}"),
        };
        text.push_str(&format!("  {name:<16}{:>9}{exception}\n", seconds(*took)));
    }
    text.push_str(&format!("  {} of {of} steps passed, in {}\n", done.len(), seconds(took)));
    text
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Step] =
        &[step("tools", &[]), step("lint", &[]), step("install", &["tools"]), step("build", &["install"])];
    const MORE: &[Step] = &[step("test", &["build", "install"])];

    const fn step(name: &'static str, needs: &'static [&'static str]) -> Step {
        Step { name, promise: "", needs, work: |_| Ok(Outcome::Passed) }
    }

    fn done(name: &'static str, milliseconds: u64, outcome: Outcome) -> Done {
        Done { name, took: Duration::from_millis(milliseconds), outcome }
    }

    fn selected(names: &[&str]) -> Vec<&'static str> {
        select(&[STEPS, MORE], names).iter().map(|step| step.name).collect()
    }

    #[test]
    fn a_step_brings_what_it_needs_and_what_that_needs_in_order() {
        assert_eq!(selected(&["test"]), ["tools", "install", "build", "test"]);
        assert_eq!(selected(&["lint"]), ["lint"]);
        assert_eq!(
            selected(&["install", "lint"]),
            ["lint", "tools", "install"],
            "what fails soonest waits for no tool"
        );
    }

    #[test]
    fn a_step_waits_for_what_it_needs_and_holds_nobody_up_meanwhile() {
        let waiting: Vec<&Step> = MORE.iter().chain(STEPS).collect();
        let next = |waiting: &[&Step], passed: &[&'static str]| {
            let done: Vec<Done> = passed.iter().map(|name| done(name, 0, Outcome::Passed)).collect();
            super::next(waiting, &done).map(|at| waiting[at].name)
        };
        assert_eq!(next(&waiting, &[]), Some("tools"), "the first in the list");
        assert_eq!(next(&waiting, &["tools", "install", "build"]), Some("test"));
        assert_eq!(next(&[&MORE[0]], &["tools", "build"]), None, "one need has not passed");
    }

    #[test]
    fn the_summary_counts_what_did_not_run_and_shows_every_exception() {
        let done =
            [done("fmt", 340, Outcome::Passed), done("deny", 75_000, Outcome::PassedExcept("no database".to_owned()))];
        assert_eq!(
            summary(&done, 3, Duration::from_secs(80)),
            "\n==> summary\n  \
             fmt                 0.3 s\n  \
             deny               75.0 s   EXCEPT: no database\n  \
             2 of 3 steps passed, in 80.0 s\n"
        );
    }
}
