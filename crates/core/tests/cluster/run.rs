//! One run, from its seed to its end or to what broke.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use roomful_core::cluster::{ClusterKey, Input};
use roomful_core::{Millis, UserId};

use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::{GRACE, subject};
use crate::rng::Rng;
use crate::seeds::{Broken, Simulator, Steps, Tally};
use crate::world::{WHAT_HAPPENS, World};

const STEPS: usize = 150;
const MOST_NODES: usize = 7;

/// What the smallest broker takes at once: the sums of all buckets.
const LEAST_BYTES: usize = 4_096;

/// From the last fault until everybody knows everything, ghosts included: whoever was lost at the end is expired, its members
/// leave, and what is missing is found by the heartbeat after.
const QUIET_MS: u64 = 10_000 + GRACE + 3 * 2_000;

/// Some nodes in each run.
pub(crate) struct Nodes {
    /// So many. `None`: a run draws how many.
    count: Option<usize>,
}

impl Nodes {
    /// `ROOMFUL_SIM_NODES` says how many.
    pub(crate) fn from_env() -> Result<Self, String> {
        let Ok(text) = std::env::var("ROOMFUL_SIM_NODES") else { return Ok(Self { count: None }) };
        let count = text.parse().ok().filter(|count| (2..=MOST_NODES).contains(count));
        let wrong = || format!("ROOMFUL_SIM_NODES is a number from 2 to {MOST_NODES}, not {text:?}");
        count.map(|count| Self { count: Some(count) }).ok_or_else(wrong)
    }
}

impl Simulator for Nodes {
    const NAME: &'static str = "cluster";
    const RUNS: u64 = 300;
    type Seen = &'static str;
    const ALL: &'static [&'static str] = WHAT_HAPPENS;

    fn play(&self, seed: u64, steps: &Steps) -> Result<Tally<&'static str>, Box<Broken>> {
        let mut run = Run::new(seed, self.count);
        let outcome = catch_unwind(AssertUnwindSafe(|| run.play_out(steps)));
        let fault = match outcome {
            Ok(Ok(())) => return Ok(run.world.tally),
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => "a panic, printed above".to_owned(),
        };
        Err(Box::new(Broken { fault: format!("{fault}\nin a run of {}", run.what), steps: run.played }))
    }
}

struct Run {
    seed: u64,
    /// How many nodes and rooms, and how they are connected.
    what: String,
    world: World,
    rooms: u64,
    has_faults: bool,
    /// In which order its nodes start.
    order: Vec<usize>,
    played: Vec<(usize, String)>,
}

impl Run {
    fn new(seed: u64, nodes: Option<usize>) -> Self {
        let mut rng = Rng::new(!seed);
        let drawn = rng.between(2, MOST_NODES as u64) as usize;
        let nodes = nodes.unwrap_or(drawn);
        let rooms = *rng.pick(&[1, 3, 12]).unwrap_or(&1);
        let says = *rng.pick(&[Says::HowMany, Says::Whether, Says::Nothing]).unwrap_or(&Says::HowMany);
        let mut world = World::new(seed, nodes, says);
        world.network.weather = Weather {
            lost_percent: *rng.pick(&[0, 0, 1, 10, 30]).unwrap_or(&0),
            doubled_percent: *rng.pick(&[0, 5, 30]).unwrap_or(&0),
            delay_ms: *rng.pick(&[0, 5, 100, 700]).unwrap_or(&5),
        };
        world.key = rng.percent(30).then(|| ClusterKey::new(b"ours"));
        world.settings.log_changes = *rng.pick(&[0, 2, 8, 1_024]).unwrap_or(&8);
        world.settings.page_bytes = *rng.pick(&[1, 200, 256 << 10]).unwrap_or(&200);
        world.settings.held_bytes = *rng.pick(&[0, 200, 1 << 20]).unwrap_or(&200);
        world.settings.all_logs_bytes = *rng.pick(&[100, 256 << 20]).unwrap_or(&100);
        world.is_stormy = world.network.weather.lost_percent >= 10;
        world.most_bytes = *rng.pick(&[LEAST_BYTES, usize::MAX]).unwrap_or(&usize::MAX);
        let announce_at_once = *rng.pick(&[0, 2, 5, 100]).unwrap_or(&100);
        world.limits = Arc::new((*world.limits).clone().announce_at_once(announce_at_once));
        let mut order: Vec<usize> = (0..nodes).collect();
        rng.shuffle(&mut order);
        let what = format!("{nodes} nodes, {rooms} rooms, {says:?}, {:?}", world.network.weather);
        Self { seed, what, world, rooms, has_faults: rng.percent(70), order, played: Vec::new() }
    }

    fn play_out(&mut self, steps: &Steps) -> Result<(), Fault> {
        self.order.iter().try_for_each(|slot| self.world.start(*slot))?;
        let Weather { lost_percent, delay_ms, .. } = self.world.network.weather;
        if lost_percent == 0 && delay_ms <= 100 && !self.has_faults {
            self.world.run_for(5_000)?;
            self.world.is_calm = true;
        }
        (0..STEPS).filter(|step| steps.has(*step)).try_for_each(|step| self.step(step))?;
        self.world.rng = Rng::of_step(self.seed, STEPS);
        heal(&mut self.world)?;
        self.world.run_for(QUIET_MS)?;
        self.world.check_equal()
    }

    fn step(&mut self, step: usize) -> Result<(), Fault> {
        let (world, rng) = (&mut self.world, &mut Rng::of_step(!self.seed, step));
        world.rng = Rng::of_step(self.seed, step);
        // What it was is known when it is over, and it may never be.
        self.played.push((step, format!("at {} ms: the step in which it broke", world.now)));
        let what = if self.has_faults && rng.percent(6) { fault(world, rng)? } else { act(world, rng, self.rooms)? };
        self.played.last_mut().into_iter().for_each(|(_, told)| *told = format!("until {} ms: {what}", world.now));
        let pause = *rng.pick(&[0, 1, 10, 100, 1_000]).unwrap_or(&1);
        world.run_for(rng.below(pause + 1))
    }
}

/// A member of some node does something.
fn act(world: &mut World, rng: &mut Rng, rooms: u64) -> Result<String, Fault> {
    let slot = rng.below(world.processes.len() as u64) as usize;
    let (room, chance) = (rng.below(rooms), rng.below(u64::MAX));
    let subject = subject(room);
    let now = world.now;
    let Ok(process) = world.process_mut(slot) else { return Ok(format!("nothing runs at {slot}")) };
    if process.paused_until.is_some() {
        return Ok(format!("{slot} is paused"));
    }
    let (what, inputs): (_, Vec<Input>) = match rng.below(100) {
        0..25 => ("joins", process.join(room, user(chance), now)?),
        25..40 => ("leaves", process.leave(&subject, chance, now)?),
        40..58 => ("moves", process.change_one(&subject, chance, now)?),
        58..60 => ("has others do something", process.ask(room, chance)?),
        60..70 => ("is away or back", process.drop_or_return(&subject, chance, now)?),
        _ => ("speaks", process.say(&subject, chance, now)?),
    };
    world.feed_all(slot, inputs)?;
    Ok(format!("somebody {what} in {room} at {slot}"))
}

/// Half of the members are of one of a few users.
fn user(chance: u64) -> Option<UserId> {
    if chance.is_multiple_of(2) { UserId::new(format!("u{}", chance / 2 % 3)).ok() } else { None }
}

/// Something breaks, or is mended.
fn fault(world: &mut World, rng: &mut Rng) -> Result<String, Fault> {
    let slots = world.processes.len() as u64;
    let slot = rng.below(slots) as usize;
    Ok(match rng.below(100) {
        0..12 => {
            world.tally.count("a fault: a node is killed");
            world.kill(slot);
            format!("{slot} is killed")
        }
        12..28 => {
            world.tally.count("a fault: a node starts again");
            world.restart(slot)?;
            format!("{slot} starts again")
        }
        28..40 => {
            world.tally.count("a fault: a node is paused");
            let ms = *rng.pick(&[1_000, 4_000, 6_000, 9_000, 15_000]).unwrap_or(&1_000);
            world.pause(slot, ms);
            format!("{slot} is paused for {ms} ms")
        }
        40..53 => {
            world.tally.count("a fault: a node is cut off, one way or both");
            let link = Link { sends: rng.percent(50), hears: rng.percent(50), side: 0 };
            world.network.links.get_mut(slot).into_iter().for_each(|place| *place = link);
            world.trouble([slot], Millis::MAX / 2);
            world.run_for(rng.below(14_000))?;
            format!("{slot} has {link:?}")
        }
        53..60 => {
            world.tally.count("a fault: the network splits");
            world.network.links.iter_mut().for_each(|link| link.side = rng.below(2) as u8);
            world.trouble(0..slots as usize, Millis::MAX / 2);
            world.run_for(rng.below(20_000))?;
            format!("{:?}", world.network.links)
        }
        60..72 => {
            world.mend();
            "the network heals".to_owned()
        }
        72..78 => {
            world.tally.count("a fault: captured envelopes are played again");
            for _ in 0..50 {
                let captured = rng.pick(&world.network.captured).cloned();
                let now = world.now;
                captured.into_iter().for_each(|envelope| world.network.play(slot, envelope, now));
            }
            format!("what was captured is played to {slot}")
        }
        78..83 => {
            world.tally.count("a fault: a node reads too slowly");
            world.network.drop_under_way(slot);
            format!("what is under way to {slot} is dropped")
        }
        83..88 => {
            world.tally.count("a fault: subscriptions are lost");
            world.network.forget_subscriptions(slot, rng);
            format!("the broker forgets what {slot} listens to")
        }
        88..92 => {
            world.tally.count("a fault: a node is behind");
            let until = world.now + rng.below(5_000);
            world.process_mut(slot).into_iter().for_each(|process| process.behind_until = until);
            format!("{slot} drops what its members show until {until} ms")
        }
        92..96 => {
            world.tally.count("a fault: a node drains");
            world.feed(slot, Input::Drain)?;
            format!("{slot} drains")
        }
        _ => {
            world.tally.count("a fault: a node says goodbye");
            world.feed(slot, Input::Goodbye)?;
            world.kill(slot);
            format!("{slot} says goodbye")
        }
    })
}

/// Everything is well again.
fn heal(world: &mut World) -> Result<(), Fault> {
    world.mend();
    world.network.weather = Weather { delay_ms: 5, ..Weather::default() };
    for process in world.processes.iter_mut().flatten() {
        if let Some(until) = process.paused_until.as_mut() {
            *until = world.now;
        }
    }
    world.run_for(0)
}
