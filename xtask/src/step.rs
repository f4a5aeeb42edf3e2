//! A step: a named piece of work that says what it does, how long it took, and what it needs done before it.

use std::time::{Duration, Instant};

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
pub(crate) enum Outcome {
    Passed,
    /// It passed, but for something that could not be done here and that the reader must know of.
    PassedExcept(String),
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

/// Runs the steps in their order up to the first that fails, and then prints a summary of them all.
pub(crate) fn run_all(repo: &Repo, steps: &[&Step]) -> Result<(), Failure> {
    let began = Instant::now();
    let mut done = Vec::new();
    let mut failed = None;
    for step in steps {
        println!("\n==> {}: {}", step.name, step.promise);
        let step_began = Instant::now();
        let result = (step.work)(repo);
        let took = step_began.elapsed();
        match result {
            Ok(outcome) => {
                println!("  passed in {}", seconds(took));
                done.push((step.name, took, outcome));
            }
            Err(failure) => {
                println!("  FAILED after {}", seconds(took));
                failed = Some((step.name, failure));
                break;
            }
        }
    }
    print!("{}", summary(&done, steps.len(), began.elapsed()));
    match failed {
        None => Ok(()),
        Some((name, failure)) => Err(failure.of_step(name)),
    }
}

fn summary(done: &[(&str, Duration, Outcome)], of: usize, took: Duration) -> String {
    let mut text = String::from("\n==> summary\n");
    for (name, took, outcome) in done {
        let exception = match outcome {
            Outcome::Passed => String::new(),
            Outcome::PassedExcept(exception) => format!("   EXCEPT: {exception}"),
        };
        text.push_str(&format!("  {name:<16}{:>9}{exception}\n", seconds(*took)));
    }
    text.push_str(&format!("  {} of {of} steps passed, in {}\n", done.len(), seconds(took)));
    text
}

fn seconds(duration: Duration) -> String {
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
    fn the_summary_counts_what_did_not_run_and_shows_every_exception() {
        let done = [
            ("fmt", Duration::from_millis(340), Outcome::Passed),
            ("deny", Duration::from_secs(75), Outcome::PassedExcept("no database".to_owned())),
        ];
        assert_eq!(
            summary(&done, 3, Duration::from_secs(80)),
            "\n==> summary\n  \
             fmt                 0.3 s\n  \
             deny               75.0 s   EXCEPT: no database\n  \
             2 of 3 steps passed, in 80.0 s\n"
        );
    }
}
