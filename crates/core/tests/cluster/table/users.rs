//! What the app is told of users, whatever nodes their members are on.

use super::{LEASE_MS, for_each_seed};
use crate::fault::Fault;
use crate::network::{Says, Weather};
use crate::process::subject;
use crate::world::World;

/// What the app was told: of each that it came, at which node, or that it went.
fn told(world: &World) -> Vec<(usize, bool)> {
    world.told.values().flatten().copied().collect()
}

fn two_of_one(seed: u64) -> Result<World, Fault> {
    let mut world = World::up(seed, 3, Says::HowMany)?;
    world.network.weather = Weather { delay_ms: 20, ..Weather::default() };
    (0..3).try_for_each(|slot| world.join(slot, 0))?;
    world.run_for(1_000)?;
    Ok(world)
}

/// Its other members leave at that node, but for the one that was there before.
fn leave(world: &mut World, slot: usize) -> Result<(), Fault> {
    let now = world.now;
    let room = &world.process(slot)?.rooms[&subject(0)];
    let at = room.own.values().position(|own| own.user.is_some()).unwrap_or_default() as u64;
    let inputs = world.process_mut(slot)?.leave(&subject(0), at, now)?;
    world.feed_all(slot, inputs)
}

#[test]
fn who_comes_to_two_nodes_at_once_came_once_and_goes_with_its_last() {
    for_each_seed(|seed| {
        let mut world = two_of_one(seed)?;
        (0..3).try_for_each(|slot| world.join_of(slot, 0, "ann"))?;
        world.run_for(1_000)?;
        ensure!(told(&world).len() == 1 && told(&world)[0].1, "{:?}", told(&world));
        (0..3).try_for_each(|slot| leave(&mut world, slot))?;
        world.run_for(1_900)?;
        ensure!(told(&world).len() == 1, "it lingers: {:?}", told(&world));
        world.run_for(300)?;
        ensure!(told(&world).len() == 2 && !told(&world)[1].1, "{:?}", told(&world));
        world.run_for(LEASE_MS)?;
        world.check_equal()
    });
}

/// As a page does that is loaded anew and lands on another node, whose room was not open.
#[test]
fn who_leaves_a_node_and_comes_to_another_in_time_has_neither_come_nor_gone() {
    for_each_seed(|seed| {
        let mut world = World::up(seed, 3, Says::HowMany)?;
        world.network.weather = Weather { delay_ms: 20, ..Weather::default() };
        world.join_of(0, 0, "ann")?;
        for slot in [1, 2, 0, 1] {
            world.run_for(1_000)?;
            let before = world.processes.iter().flatten().position(|process| process.rooms.contains_key(&subject(0)));
            leave(&mut world, before.unwrap_or_default())?;
            world.run_for(500)?;
            world.join_of(slot, 0, "ann")?;
        }
        world.run_for(5_000)?;
        ensure!(told(&world) == [(0, true)], "{:?}", told(&world));
        leave(&mut world, 1)?;
        world.run_for(5_000)?;
        ensure!(told(&world) == [(0, true), (1, false)], "{:?}", told(&world));
        world.check_equal()
    });
}

#[test]
fn where_the_node_dies_that_told_of_a_user_another_tells_that_it_goes() {
    for_each_seed(|seed| {
        let mut world = two_of_one(seed)?;
        world.join_of(0, 0, "ann")?;
        world.run_for(1_000)?;
        (1..3).try_for_each(|slot| world.join_of(slot, 0, "ann"))?;
        world.run_for(1_000)?;
        world.kill(0);
        world.run_for(LEASE_MS + 10_000)?;
        ensure!(told(&world) == [(0, true)], "{:?}", told(&world));
        (1..3).try_for_each(|slot| leave(&mut world, slot))?;
        world.run_for(5_000)?;
        let told = told(&world);
        ensure!(told.len() == 2 && !told[1].1, "{told:?}");
        world.check_equal()
    });
}

#[test]
fn the_app_is_told_of_the_lost_once_by_a_node_that_lives() {
    for_each_seed(|seed| {
        let mut world = two_of_one(seed)?;
        world.kill(2);
        world.run_for(LEASE_MS + 10_000)?;
        let mourned: usize = world.processes.iter().flatten().map(|process| process.mourned.len()).sum();
        ensure!(mourned == 1, "told {mourned} times");
        world.check_equal()
    });
}
