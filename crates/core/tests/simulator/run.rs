//! One run, from its seed to its end or to what broke.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roomful_core::Millis;
use roomful_core::life::Life;

use crate::fault::Fault;
use crate::plan::{self, Action, Plan, Present};
use crate::rng::Rng;
use crate::tally::Tally;
use crate::world::World;

const STEPS: usize = 200;

/// A run that broke a promise.
pub(crate) struct Failure {
    pub(crate) seed: u64,
    fault: String,
    steps: Vec<(Millis, Action)>,
}

impl Failure {
    /// What broke, after which steps, and how to see it again.
    pub(crate) fn report(&self, steps_shown: usize) -> String {
        let Self { seed, fault, steps } = self;
        let skipped = steps.len().saturating_sub(steps_shown);
        let shown = steps.iter().enumerate().skip(skipped);
        let shown: String = shown.map(|(n, (now, action))| format!("step {n} at {now} ms: {action:?}\n")).collect();
        let last = steps.len().saturating_sub(1);
        format!(
            "seed {seed}, step {last}: {fault}\n{shown}\
             play it again: ROOMFUL_SIM_SEED={seed} cargo test -p roomful-core --test simulator"
        )
    }
}

/// Plays one run, and gives what it came upon.
pub(crate) fn play(seed: u64) -> Result<Tally, Box<Failure>> {
    let mut run = Run::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| run.play_out()));
    let fault = match outcome {
        Ok(Ok(())) => return Ok(run.world.tally),
        Ok(Err(fault)) => fault.to_string(),
        Err(_) => "a panic, printed above".to_owned(),
    };
    Err(Box::new(Failure { seed, fault, steps: run.steps }))
}

struct Run {
    plan: Plan,
    world: World,
    /// With which step the process stops, if it does.
    drains_at: Option<usize>,
    steps: Vec<(Millis, Action)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let limits = plan::draw_limits(&mut rng);
        let plan = Plan::draw(&mut rng);
        let may_be_put_away = rng.percent(40);
        let drains_at = rng.percent(20).then(|| rng.between(STEPS as u64 / 2, STEPS as u64) as usize);
        Self { plan, world: World::new(rng, limits, may_be_put_away), drains_at, steps: Vec::new() }
    }

    fn play_out(&mut self) -> Result<(), Fault> {
        for _ in 0..STEPS {
            self.step()?;
        }
        self.world.quiet_down()?;
        self.everybody_leaves()
    }

    fn step(&mut self) -> Result<(), Fault> {
        let action = if self.drains_at == Some(self.steps.len()) {
            Action::Drain
        } else {
            let present = self.present();
            self.plan.next(&mut self.world.rng, &present)
        };
        self.steps.push((self.world.now, action.clone()));
        self.world.step_and_check(&action)
    }

    fn present(&self) -> Present {
        let mut present = Present::default();
        for (who, member) in &self.world.members {
            match member.life {
                Life::Over => present.over.push(*who),
                Life::Away { .. } => present.away.push(*who),
                _ => {}
            }
            if !member.life.is_over() {
                present.alive.push(*who);
                present.lagging.extend(member.hooks.lags.then_some(*who));
            }
        }
        present
    }

    /// In whatever way; who is held comes to the end of its grace.
    fn everybody_leaves(&mut self) -> Result<(), Fault> {
        for who in self.present().alive {
            let action = match self.world.rng.below(4) {
                0 => Action::Close { who },
                1 => Action::Kick { who },
                _ => Action::Drop { who },
            };
            self.world.step_and_check(&action)?;
        }
        self.world.quiet_down()?;
        self.world.check_everybody_left()
    }
}
