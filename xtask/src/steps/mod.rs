//! The steps of `cargo xtask test` and of `cargo xtask check`.

mod check;
mod test;

use crate::command::Failure;
use crate::step::Outcome;

pub(crate) use check::CHECK;
pub(crate) use test::TEST;

fn passed(result: Result<(), Failure>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_is_a_step_that_runs_before() {
        let all: Vec<_> = TEST.iter().chain(CHECK).collect();
        for (at, step) in all.iter().enumerate() {
            for need in step.needs {
                let before = all.iter().take(at);
                assert!(before.into_iter().any(|earlier| earlier.name == *need), "{} needs {need}", step.name);
            }
        }
    }

    #[test]
    fn no_two_steps_share_a_name() {
        let mut names: Vec<&str> = TEST.iter().chain(CHECK).map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TEST.len() + CHECK.len());
    }
}
