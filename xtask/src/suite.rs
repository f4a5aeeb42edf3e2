//! `cargo xtask test` and `cargo xtask check`: the two lists of steps. CI runs both.

use crate::command::Failure;
use crate::repo::Repo;
use crate::running;
use crate::step::{self, Step};
use crate::steps::{CHECK, TEST};

/// Runs the step of this name alone, and none that it needs.
pub(crate) fn run_step(repo: &Repo, name: &str) -> Result<(), Failure> {
    let step = TEST.iter().chain(CHECK).find(|step| step.name == name).ok_or_else(|| {
        let lists = "choose one that `cargo xtask test --list` or `cargo xtask check --list` prints";
        Failure::new(format!("there is no step `{name}`"), lists)
    })?;
    running::run_one(repo, step)
}

/// A list of steps that one command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    /// What the project does, tried out. Whoever clones it runs this.
    Test,
    /// What only a maintainer has to know, or takes long.
    Check,
}

impl Suite {
    /// The command's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Check => "check",
        }
    }

    /// Runs the steps named and what they need; all of this suite's when none is named.
    pub(crate) fn run(self, repo: &Repo, only: &[String]) -> Result<(), Failure> {
        running::run_all(repo, &self.select(only)?)
    }

    /// Prints every step, what it promises and what it needs.
    pub(crate) fn list(self) {
        for step in self.steps() {
            let needs = match step.needs {
                [] => String::new(),
                needs => format!(" (needs {})", needs.join(", ")),
            };
            println!("{:<16}{}{needs}", step.name, step.promise);
        }
    }

    fn steps(self) -> &'static [Step] {
        match self {
            Self::Test => TEST,
            Self::Check => CHECK,
        }
    }

    fn select(self, only: &[String]) -> Result<Vec<&'static Step>, Failure> {
        if let Some(unknown) = only.iter().find(|name| !self.has(name)) {
            return Err(self.has_no(unknown));
        }
        let names: Vec<&str> = if only.is_empty() {
            self.steps().iter().map(|step| step.name).collect()
        } else {
            only.iter().map(String::as_str).collect()
        };
        // What a check needs may be a step of the tests.
        Ok(step::select(&[TEST, CHECK], &names))
    }

    fn has(self, name: &str) -> bool {
        self.steps().iter().any(|step| step.name == name)
    }

    fn has_no(self, name: &str) -> Failure {
        let what = format!("`cargo xtask {}` has no step `{name}`", self.name());
        match [Self::Test, Self::Check].into_iter().find(|suite| suite.has(name)) {
            Some(other) => Failure::new(what, format!("run `cargo xtask {} --only {name}`", other.name())),
            None => Failure::new(what, format!("choose one that `cargo xtask {} --list` prints", self.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(suite: Suite, only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        suite.select(&only).expect("they are its steps").iter().map(|step| step.name).collect()
    }

    #[test]
    fn all_of_a_suite_run_when_none_is_named_and_of_the_other_only_what_they_need() {
        let tests: Vec<_> = TEST.iter().map(|step| step.name).collect();
        assert_eq!(selected(Suite::Test, &[]), tests);
        let checks = selected(Suite::Check, &[]);
        assert!(CHECK.iter().all(|step| checks.contains(&step.name)));
        assert!(checks.contains(&"client-build"), "a check needs it");
        assert!(!checks.contains(&"rust-test") && !checks.contains(&"browser"), "no check needs them");
    }

    #[test]
    fn a_step_of_the_other_suite_is_named_with_its_command() {
        let no = |suite: Suite, name: &str| suite.select(&[name.to_owned()]).map(|_| ()).expect_err("none").to_string();
        assert_eq!(
            no(Suite::Test, "fmt"),
            "FAILED: `cargo xtask test` has no step `fmt`\nWhat to do: run `cargo xtask check --only fmt`"
        );
        assert_eq!(
            no(Suite::Check, "tset"),
            "FAILED: `cargo xtask check` has no step `tset`\nWhat to do: choose one that `cargo xtask check --list` prints"
        );
    }
}
