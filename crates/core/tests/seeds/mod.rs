//! What all simulators share: which seeds are played, on every core, and what is said of one that fails.
//!
//! A run is drawn from its seed, and each of its steps from the seed and the step's number. So a run can be played again from one
//! number, and played without some of its steps: what a step does is not what another one has drawn. A run that fails is made
//! smaller before it is shown: every step without which it fails as well is left out.
//!
//! | variable | what is played |
//! |---|---|
//! | `ROOMFUL_SIM_SEED` | this seed alone |
//! | `ROOMFUL_SIM_STEPS` | of that seed these steps alone, as `0-4,17` |
//! | `ROOMFUL_SIM_RUNS` | the seeds under this number |
//! | `ROOMFUL_SIM_FOR` | seeds for so many seconds, from `ROOMFUL_SIM_FIRST` on |
//!
//! How many events they were is printed (`-- --nocapture` shows it).

mod ask;
mod on_all_cores;
mod smaller;
mod steps;
mod tally;

use std::fmt::Debug;

use ask::Ask;

pub(crate) use steps::Steps;
pub(crate) use tally::Tally;

/// Plays one seed at a time.
pub(crate) trait Simulator: Sync {
    /// How `cargo test --test` names it.
    const NAME: &'static str;
    /// So many seeds are played where nobody asks for another number. They are to come upon everything.
    const RUNS: u64;

    /// Something that the runs are there to come upon.
    type Seen: Ord + Copy + Debug + Send + 'static;

    /// All that there is to come upon.
    const ALL: &'static [Self::Seen];

    /// Plays these steps of a seed, and gives what they came upon.
    fn play(&self, seed: u64, steps: &Steps) -> Result<Tally<Self::Seen>, Box<Broken>>;
}

/// What broke in a run, and what had happened.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) fault: String,
    /// Each step that was played, by its number.
    pub(crate) steps: Vec<(usize, String)>,
}

/// Plays what the environment asks for.
///
/// # Errors
///
/// Where a run fails, what is to be known of it; or what it is in the environment that has no meaning.
pub(crate) fn play_as_asked<S: Simulator>(simulator: &S) -> Result<(), String> {
    play(simulator, &Ask::from_env(S::RUNS)?)
}

fn play<S: Simulator>(simulator: &S, ask: &Ask) -> Result<(), String> {
    if let Ask::One { seed, steps } = ask {
        return match simulator.play(*seed, steps) {
            Ok(_) => Ok(()),
            Err(broken) => Err(report(simulator, *seed, *broken)),
        };
    }
    let tally = match on_all_cores::play(simulator, ask) {
        Ok(tally) => tally,
        Err((seed, broken)) => return Err(report(simulator, seed, *broken)),
    };
    println!("{}: {tally}", S::NAME);
    let never = tally.never(S::ALL);
    let is_whole = matches!(ask, Ask::Under(runs) if *runs >= S::RUNS);
    if is_whole && !never.is_empty() {
        return Err(format!("no run came upon {never:?}"));
    }
    Ok(())
}

/// What broke, after which steps, and how to see it again.
fn report<S: Simulator>(simulator: &S, seed: u64, broken: Broken) -> String {
    let played = broken.steps.len();
    let broken = smaller::smallest(broken, |steps| simulator.play(seed, steps).err());
    let steps: String = broken.steps.iter().map(|(number, what)| format!("step {number}: {what}\n")).collect();
    let kept = Steps::these(broken.steps.iter().map(|(number, _)| *number));
    format!(
        "seed {seed}: {}\nof its {played} steps these {} are enough:\n{steps}\
         play it again: ROOMFUL_SIM_SEED={seed} ROOMFUL_SIM_STEPS={kept} cargo test -p roomful-core --test {}",
        broken.fault,
        broken.steps.len(),
        S::NAME,
    )
}
