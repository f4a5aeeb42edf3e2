//! What must happen, fault by fault.

mod commands;
mod links;
mod rooms;
mod runs;
mod users;

use roomful_core::cluster::{Health, Rejected};
use roomful_core::{Millis, NodeId};

use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::subject;
use crate::world::World;

const SEEDS: u64 = 20;

/// What it takes until everybody knows what was repaired: the heartbeat that shows it, and a few answers.
const REPAIR_MS: u64 = 5_000;

const LEASE_MS: u64 = 10_000;

/// Three nodes with a member each in one room, who have heard a word of each other.
fn three(seed: u64) -> Result<World, Fault> {
    let mut world = World::up(seed, 3, Says::HowMany)?;
    world.network.weather = Weather { delay_ms: 3, ..Weather::default() };
    (0..3).try_for_each(|slot| world.join(slot, 0))?;
    world.run_for(1_000)?;
    everybody_speaks(&mut world)?;
    world.run_for(1_000)?;
    world.check_equal()?;
    Ok(world)
}

fn everybody_speaks(world: &mut World) -> Result<(), Fault> {
    let running = (0..world.processes.len()).filter(|slot| world.process(*slot).is_ok());
    running.collect::<Vec<_>>().into_iter().try_for_each(|slot| world.say(slot, &subject(0)))
}

fn for_each_seed(play: impl Fn(u64) -> Result<(), Fault>) {
    for seed in 0..SEEDS {
        let fault = play(seed).err().map(|fault| fault.to_string());
        assert_eq!(fault, None, "seed {seed}");
    }
}

fn cut(world: &mut World, slots: impl IntoIterator<Item = usize>, link: Link) {
    for slot in slots {
        world.network.links[slot] = link;
        world.trouble([slot], if link == WELL { 0 } else { Millis::MAX / 2 });
    }
}

const GONE: Link = Link { sends: false, hears: false, side: 0 };
const WELL: Link = Link { sends: true, hears: true, side: 0 };

/// How many nodes each lost, and how many messages each was told to have missed.
fn losses(world: &World) -> Result<Vec<(u64, u64)>, Fault> {
    let of = |slot| {
        let process = world.process(slot)?;
        let parts = process.rooms.values().flat_map(|room| room.parts.values());
        Ok((process.lost, parts.map(|part| part.missed).sum()))
    };
    (0..world.processes.len()).map(of).collect()
}

fn health(world: &World) -> Vec<Option<Health>> {
    world.processes.iter().map(|process| process.as_ref().map(|process| process.engine.health())).collect()
}

fn rejected(world: &World, slot: usize, why: Rejected) -> u64 {
    world.process(slot).ok().and_then(|process| process.rejected.get(&why)).copied().unwrap_or_default()
}

/// For how many milliseconds this node has lost that one.
fn lost_for(world: &World, here: usize, node: NodeId) -> Result<Option<u64>, Fault> {
    let process = world.process(here)?;
    let local = process.clock.monotonic(world.now);
    let part = process.rooms.get(&subject(0)).and_then(|room| room.parts.get(&node));
    Ok(part.and_then(|part| part.lost_at).map(|at| local - at))
}
