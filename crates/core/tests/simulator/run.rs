//! One run, from its seed to its end or to what broke.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roomful_core::Millis;
use roomful_core::life::Life;

use crate::fault::Fault;
use crate::plan::{self, Action, Plan, Present};
use crate::rng::Rng;
use crate::seeds::{Broken, Simulator, Steps, Tally};
use crate::seen::Seen;
use crate::world::World;

const STEPS: usize = 200;

/// One room in each run.
pub(crate) struct Rooms;

impl Simulator for Rooms {
    const NAME: &'static str = "simulator";
    const RUNS: u64 = 900;
    type Seen = Seen;
    const ALL: &'static [Seen] = Seen::ALL;

    fn play(&self, seed: u64, steps: &Steps) -> Result<Tally<Seen>, Box<Broken>> {
        let mut run = Run::new(seed);
        let outcome = catch_unwind(AssertUnwindSafe(|| run.play_out(steps)));
        let fault = match outcome {
            Ok(Ok(())) => return Ok(run.world.tally),
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => "a panic, printed above".to_owned(),
        };
        let steps = run.played.iter().map(|(step, now, action)| (*step, format!("at {now} ms: {action:?}")));
        Err(Box::new(Broken { fault, steps: steps.collect() }))
    }
}

struct Run {
    seed: u64,
    plan: Plan,
    world: World,
    /// With which step the process stops, if it does.
    drains_at: Option<usize>,
    played: Vec<(usize, Millis, Action)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let limits = plan::draw_limits(&mut rng);
        let plan = Plan::draw(&mut rng);
        let may_be_put_away = rng.percent(40);
        let drains_at = rng.percent(20).then(|| rng.between(STEPS as u64 / 2, STEPS as u64) as usize);
        Self { seed, plan, world: World::new(rng, limits, may_be_put_away), drains_at, played: Vec::new() }
    }

    fn play_out(&mut self, steps: &Steps) -> Result<(), Fault> {
        (0..STEPS).filter(|step| steps.has(*step)).try_for_each(|step| self.step(step))?;
        self.world.rng = Rng::of_step(self.seed, STEPS);
        self.world.quiet_down()?;
        self.everybody_leaves()
    }

    fn step(&mut self, step: usize) -> Result<(), Fault> {
        self.world.rng = Rng::of_step(self.seed, step);
        let action = if self.drains_at == Some(step) {
            Action::Drain
        } else {
            let present = self.present();
            self.plan.next(&mut self.world.rng, &present)
        };
        self.played.push((step, self.world.now, action.clone()));
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
