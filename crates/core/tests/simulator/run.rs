//! One run, from its seed to its end or to what broke.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roomful_core::Millis;

use crate::fault::Fault;
use crate::plan::{self, Action, Plan};
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
    steps: Vec<(Millis, Action)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let limits = plan::draw_limits(&mut rng);
        let plan = Plan::draw(&mut rng);
        let may_be_put_away = rng.percent(40);
        Self { plan, world: World::new(rng, limits, may_be_put_away), steps: Vec::new() }
    }

    fn play_out(&mut self) -> Result<(), Fault> {
        for _ in 0..STEPS {
            self.step()?;
        }
        self.world.quiet_down()?;
        self.everybody_leaves()
    }

    fn step(&mut self) -> Result<(), Fault> {
        let world = &mut self.world;
        let present: Vec<_> = world.peers.keys().copied().collect();
        let action = self.plan.next(&mut world.rng, &present);
        self.steps.push((world.now, action.clone()));
        world.act(&action)?;
        world.settle()?;
        world.read()?;
        world.check()
    }

    fn everybody_leaves(&mut self) -> Result<(), Fault> {
        let world = &mut self.world;
        while let Some(connection) = world.peers.keys().next().copied() {
            world.end(connection)?;
            world.settle()?;
            world.read()?;
            world.check()?;
        }
        Ok(())
    }
}
