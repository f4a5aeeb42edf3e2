//! One run, from its seed to its end or to what broke.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use roomful_core::Millis;
use roomful_core::cluster::{ClusterKey, Input};

use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::{GRACE, subject};
use crate::rng::Rng;
use crate::world::{WHAT_HAPPENS, World};

const RUNS: u64 = 300;
const STEPS: u64 = 150;

/// From the last fault until everybody knows everything, ghosts included: whoever was lost at the end is expired, its members
/// leave, and what is missing is found by the heartbeat after.
const QUIET_MS: u64 = 10_000 + GRACE + 3 * 2_000;

#[test]
fn every_node_knows_what_every_other_one_knows_of_itself() {
    let seeds = match number_from_env("ROOMFUL_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_from_env("ROOMFUL_SIM_RUNS").unwrap_or(RUNS),
    };
    let (mut events, mut seen) = (0, BTreeSet::new());
    let is_whole = seeds.end - seeds.start >= RUNS;
    for seed in seeds {
        let mut steps = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| play(seed, &mut steps)));
        let fault = match outcome {
            Ok(Ok(world)) => {
                events += world.events;
                seen.extend(world.seen);
                continue;
            }
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => "a panic, printed above".to_owned(),
        };
        let shown = steps.iter().rev().take(30).rev().fold(String::new(), |all, step| all + step + "\n");
        panic!(
            "seed {seed}: {fault}\n{shown}\
             play it again: ROOMFUL_SIM_SEED={seed} cargo test -p roomful-core --test cluster"
        );
    }
    let never: Vec<_> = WHAT_HAPPENS.iter().filter(|what| !seen.contains(*what)).collect();
    assert!(!is_whole || never.is_empty(), "no run came upon {never:?}");
    println!("{events} events");
}

fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn play(seed: u64, steps: &mut Vec<String>) -> Result<World, Fault> {
    let mut rng = Rng::new(!seed);
    let nodes = rng.between(2, 7) as usize;
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
    let announce_at_once = *rng.pick(&[0, 2, 5, 100]).unwrap_or(&100);
    world.limits = Arc::new((*world.limits).clone().announce_at_once(announce_at_once));
    steps.push(format!("{nodes} nodes, {rooms} rooms, {says:?}, {:?}", world.network.weather));
    let mut order: Vec<usize> = (0..nodes).collect();
    rng.shuffle(&mut order);
    order.into_iter().try_for_each(|slot| world.start(slot))?;
    let has_faults = rng.percent(80);
    for _ in 0..STEPS {
        let step =
            if has_faults && rng.percent(6) { fault(&mut world, &mut rng)? } else { act(&mut world, &mut rng, rooms)? };
        steps.push(format!("{}: {step}", world.now));
        let pause = *rng.pick(&[0, 1, 10, 100, 1_000]).unwrap_or(&1);
        world.run_for(rng.below(pause + 1))?;
    }
    heal(&mut world)?;
    world.run_for(QUIET_MS)?;
    world.check_equal()?;
    Ok(world)
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
        0..25 => ("joins", process.join(room, now)?),
        25..40 => ("leaves", process.leave(&subject, chance, now)?),
        40..60 => ("moves", process.change_one(&subject, chance, now)?),
        60..70 => ("is away or back", process.drop_or_return(&subject, chance, now)?),
        _ => ("speaks", process.say(&subject, chance, now)?),
    };
    world.feed_all(slot, inputs)?;
    Ok(format!("somebody {what} in {room} at {slot}"))
}

/// Something breaks, or is mended.
fn fault(world: &mut World, rng: &mut Rng) -> Result<String, Fault> {
    let slots = world.processes.len() as u64;
    let slot = rng.below(slots) as usize;
    Ok(match rng.below(100) {
        0..15 => {
            world.kill(slot);
            format!("{slot} is killed")
        }
        15..35 => {
            world.restart(slot)?;
            format!("{slot} starts again")
        }
        35..50 => {
            let ms = *rng.pick(&[1_000, 4_000, 6_000, 9_000, 15_000]).unwrap_or(&1_000);
            world.pause(slot, ms);
            format!("{slot} is paused for {ms} ms")
        }
        50..65 => {
            let link = Link { sends: rng.percent(50), hears: rng.percent(50), side: 0 };
            world.network.links.get_mut(slot).into_iter().for_each(|place| *place = link);
            world.trouble([slot], Millis::MAX / 2);
            world.run_for(rng.below(14_000))?;
            format!("{slot} has {link:?}")
        }
        65..75 => {
            world.network.links.iter_mut().for_each(|link| link.side = rng.below(2) as u8);
            world.trouble(0..slots as usize, Millis::MAX / 2);
            world.run_for(rng.below(20_000))?;
            format!("{:?}", world.network.links)
        }
        75..90 => {
            world.mend();
            "the network heals".to_owned()
        }
        _ => {
            for _ in 0..50 {
                let captured = rng.pick(&world.network.captured).cloned();
                let now = world.now;
                captured.into_iter().for_each(|envelope| world.network.play(slot, envelope, now));
            }
            format!("what was captured is played to {slot}")
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
