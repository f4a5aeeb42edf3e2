//! Makes a run that fails smaller, so that somebody can read it.

use super::{Broken, Steps};

/// So often is a run played to make it smaller. A long one that needs all of its steps takes so much longer to fail, and no more.
const MOST_PLAYS: usize = 1_500;

/// Leaves out whatever the run fails without. Whatever then breaks counts, even if it is something else: that is to be mended, too.
pub(super) fn smallest(broken: Broken, mut play: impl FnMut(&Steps) -> Option<Box<Broken>>) -> Broken {
    let mut smallest = broken;
    let mut plays = 0;
    let mut width = smallest.steps.len().div_ceil(2);
    while width > 0 {
        let mut from = 0;
        let before = smallest.steps.len();
        while from < smallest.steps.len() && plays < MOST_PLAYS {
            plays += 1;
            let without = smallest.steps.iter().enumerate().filter(|(at, _)| !(from..from + width).contains(at));
            match play(&Steps::these(without.map(|(_, (number, _))| *number))) {
                Some(broken) => smallest = *broken,
                None => from += width,
            }
        }
        // What can be spared may have changed with what was left out.
        width = if width == 1 && smallest.steps.len() < before { 1 } else { width / 2 };
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of so many steps that fails where these are among them.
    fn fails_with(needed: &'static [usize], of: usize) -> impl FnMut(&Steps) -> Option<Box<Broken>> {
        move |steps| {
            let played: Vec<_> = (0..of).filter(|step| steps.has(*step)).map(|step| (step, String::new())).collect();
            let fails = needed.iter().all(|step| steps.has(*step));
            fails.then(|| Box::new(Broken { fault: "it broke".to_owned(), steps: played }))
        }
    }

    #[test]
    fn what_is_left_is_what_it_takes() {
        for (needed, of) in [(&[][..], 200), (&[0], 200), (&[199], 200), (&[3, 90, 91, 150], 200), (&[0, 1, 2], 3)] {
            let mut play = fails_with(needed, of);
            let whole = *play(&Steps::all()).expect("it fails");
            let left: Vec<_> = smallest(whole, play).steps.into_iter().map(|(number, _)| number).collect();
            assert_eq!(left, needed);
        }
    }

    #[test]
    fn one_that_needs_every_step_is_given_up_in_time() {
        let needed: &[usize] = &*Box::leak((0..5_000).collect::<Vec<_>>().into_boxed_slice());
        let mut plays = 0;
        let mut play = fails_with(needed, 5_000);
        let whole = *play(&Steps::all()).expect("it fails");
        let left = smallest(whole, |steps| {
            plays += 1;
            play(steps)
        });
        assert_eq!((left.steps.len(), plays), (5_000, MOST_PLAYS));
    }
}
