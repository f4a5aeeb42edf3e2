//! Who is let into a room when, and how nodes that differ find it out.

use roomful_core::cluster::{Command, Effect, Input};

use super::{GONE, LEASE_MS, REPAIR_MS, WELL, cut, everybody_speaks, for_each_seed, losses, three};
use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::{subject, topic};
use crate::world::World;

/// Neither hears the other's question, nor anything that it says: only the digest can tell.
#[test]
fn two_that_do_not_know_that_they_share_rooms_find_it_out() {
    for rooms in [1, 700] {
        let mut world = World::up(rooms, 2, Says::HowMany).unwrap();
        world.network.weather = Weather { lost_percent: 100, ..Weather::default() };
        for room in 0..rooms {
            (0..2).for_each(|slot| world.join(slot, room).unwrap());
        }
        // Its heartbeats, too, or they would say what was opened.
        world.run_for(2_500).unwrap();
        world.network.weather = Weather::default();
        world.run_for(2 * REPAIR_MS).unwrap();
        world.check_equal().unwrap();
        assert!((0..2).all(|slot| world.process(slot).unwrap().rooms.values().all(|room| room.parts.len() == 1)));
    }
}

#[test]
fn a_heartbeat_of_thousands_of_rooms_is_as_long_as_one_of_ten() {
    let lengths: Vec<usize> = [10, 2_000]
        .map(|rooms| {
            let mut world = World::up(1, 2, Says::HowMany).unwrap();
            for room in 0..rooms {
                (0..2).for_each(|slot| world.join(slot, room).unwrap());
                world.run_for(u64::from(room % 100 == 0)).unwrap();
            }
            world.run_for(2 * REPAIR_MS).unwrap();
            world.check_equal().unwrap();
            let before = world.network.captured.len();
            world.run_for(10_000).unwrap();
            let idle = &world.network.captured[before..];
            assert_eq!(idle.len(), 10, "heartbeats alone");
            idle.iter().map(|envelope| envelope.len()).sum()
        })
        .into();
    // Envelopes are numbered, and there were more.
    assert!(lengths[1] <= lengths[0] + 10 * 4 && lengths[1] < 10 * 100, "{lengths:?}");
}

/// Or each room that is opened would be a difference to be looked into.
#[test]
fn what_was_opened_and_closed_stands_in_the_next_heartbeat() {
    let mut world = World::up(1, 2, Says::HowMany).unwrap();
    for what in [World::join, World::leave] {
        // Of two nodes, for 20 seconds; and what is said to each room, that somebody asks or parts.
        let (heartbeats, before) = (2 * 10, world.network.captured.len());
        (0..5).for_each(|room| what(&mut world, 0, room).unwrap());
        world.run_for(20_000).unwrap();
        let said = world.network.captured.len() - before;
        assert!((heartbeats + 4..=heartbeats + 6).contains(&said), "{said} envelopes");
    }
}

#[test]
fn where_logs_may_take_nothing_words_are_missed_and_it_is_said_how_many() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, [1], Link { hears: false, ..WELL });
        (0..3).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(100)?;
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)?[1] == (0, 0), "{:?}", losses(&world)?);

        let mut world = World::new(seed, 2, Says::HowMany);
        world.settings.all_logs_bytes = 0;
        (0..2).try_for_each(|slot| world.start(slot))?;
        world.run_for(3_000)?;
        (0..2).try_for_each(|slot| world.join(slot, 0))?;
        world.run_for(3_000)?;
        cut(&mut world, [1], Link { hears: false, ..WELL });
        (0..3).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(100)?;
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        // The last has not been let go of yet.
        ensure!(losses(&world)?[1] == (0, 2) && late(&world, 1)? == 1, "{:?}", losses(&world)?);
        world.check_equal()
    });
}

/// Of ten words the log has four; whoever missed all of them is told those, and that six are missing.
#[test]
fn what_a_log_still_has_is_repaired_where_it_does_not_go_back_to_the_gap() {
    for_each_seed(|seed| {
        let mut world = three_with_logs_of(4, seed)?;
        cut(&mut world, [1], Link { hears: false, ..WELL });
        (0..10).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(100)?;
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        ensure!(
            losses(&world)?[1] == (0, 6) && late(&world, 1)? == 4,
            "{:?}, {} late",
            losses(&world)?,
            late(&world, 1)?
        );
        ensure!(losses(&world)?[2] == (0, 0), "{:?}", losses(&world)?);
        world.say(0, &subject(0))?;
        world.run_for(1_000)?;
        world.check_equal()
    });
}

/// Neither the log nor whoever heard the last of them has to say them again.
#[test]
fn what_was_heard_behind_a_gap_is_not_lost_with_what_was_not() {
    for_each_seed(|seed| {
        let mut world = three_with_logs_of(0, seed)?;
        cut(&mut world, [1], Link { hears: false, ..WELL });
        (0..3).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(10)?;
        cut(&mut world, [1], WELL);
        (0..2).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(REPAIR_MS)?;
        ensure!(
            losses(&world)?[1] == (0, 3) && late(&world, 1)? == 2,
            "{:?}, {} late",
            losses(&world)?,
            late(&world, 1)?
        );
        world.check_equal()
    });
}

fn three_with_logs_of(changes: usize, seed: u64) -> Result<World, Fault> {
    let mut world = World::new(seed, 3, Says::HowMany);
    world.network.weather = Weather { delay_ms: 3, ..Weather::default() };
    world.settings.log_changes = changes;
    (0..3).try_for_each(|slot| world.start(slot))?;
    world.run_for(3_000)?;
    (0..3).try_for_each(|slot| world.join(slot, 0))?;
    world.run_for(1_000)?;
    everybody_speaks(&mut world)?;
    world.run_for(1_000)?;
    Ok(world)
}

/// How many messages came with rosters.
fn late(world: &World, slot: usize) -> Result<u64, Fault> {
    let parts = world.process(slot)?.rooms.values().flat_map(|room| room.parts.values());
    Ok(parts.map(|part| part.late).sum())
}

#[test]
fn the_first_of_a_room_that_nobody_else_has_does_not_wait() {
    for says in [Says::HowMany, Says::Whether] {
        let mut world = World::up(1, 3, says).unwrap();
        world.join(0, 0).unwrap();
        world.run_for(0).unwrap();
        assert!(world.process(0).unwrap().rooms[&subject(0)].is_ready, "{says:?}");
    }
}

#[test]
fn who_joins_a_room_that_others_have_waits_for_them_and_no_longer() {
    for_each_seed(|seed| {
        for says in [Says::HowMany, Says::Whether, Says::Nothing] {
            let mut world = World::up(seed, 3, says)?;
            world.network.weather = Weather { delay_ms: 20, ..Weather::default() };
            (0..2).try_for_each(|slot| world.join(slot, 0))?;
            // Where the broker says that somebody hears, who that is was said by heartbeats.
            world.run_for(2_500)?;
            world.join(2, 0)?;
            while !world.process(2)?.rooms[&subject(0)].is_ready {
                world.run_for(1)?;
            }
            let room = &world.process(2)?.rooms[&subject(0)];
            let known: usize = room.parts.values().map(|part| part.members.len()).sum();
            ensure!(known == 2, "{says:?}: it knew {known} when it was let in");
            let waited = world.process(2)?.clock.monotonic(world.now) - room.opened_at;
            ensure!(waited <= 100, "{says:?}: it waited for {waited} ms");
        }
        Ok(())
    });
}

/// What the broker says of that question may be older than the other node's members are.
#[test]
fn who_joins_a_room_about_which_something_is_asked_waits_no_less() {
    for_each_seed(|seed| {
        for says in [Says::HowMany, Says::Whether] {
            let mut world = World::up(seed, 2, says)?;
            world.network.weather = Weather { delay_ms: 80, ..Weather::default() };
            let command = Command::Members { topic: topic(0).as_str().into() };
            world.feed(1, Input::Ask { number: 1, node: None, command })?;
            world.join_of(0, 0, "ann")?;
            world.join_of(1, 0, "ann")?;
            world.run_for(3 * LEASE_MS)?;
            ensure!(world.told.values().flatten().count() == 1, "{says:?}: the app was told {:?}", world.told);
        }
        Ok(())
    });
}

#[test]
fn nobody_waits_for_the_dead_nor_where_the_broker_is_gone() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        world.network.says = Says::Nothing;
        world.kill(1);
        world.run_for(LEASE_MS + 3_000)?;
        world.network.weather = Weather::default();
        world.join(0, 7)?;
        world.run_for(10)?;
        ensure!(world.process(0)?.rooms[&subject(7)].is_ready, "it waits for the dead");
        cut(&mut world, [0], GONE);
        world.run_for(7_000)?;
        world.join(0, 8)?;
        ensure!(world.process(0)?.rooms[&subject(8)].is_ready, "it waits, and is isolated");
        Ok(())
    });
}

/// What it said before cannot even be counted, so the room is told that this is not the same stream; what it said since comes late.
#[test]
fn who_parted_unheard_and_took_part_again_begins_anew() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 2, Says::HowMany);
        world.settings.linger_ms = 500;
        (0..2).try_for_each(|slot| world.start(slot))?;
        world.run_for(3_000)?;
        (0..2).try_for_each(|slot| world.join(slot, 0))?;
        world.run_for(3_000)?;
        everybody_speaks(&mut world)?;
        world.run_for(100)?;
        cut(&mut world, [0], Link { hears: false, ..WELL });
        world.say(1, &subject(0))?;
        world.leave(1, 0)?;
        world.run_for(1_000)?;
        world.join(1, 0)?;
        world.run_for(1_000)?;
        (0..2).try_for_each(|_| world.say(1, &subject(0)))?;
        cut(&mut world, [0], WELL);
        world.run_for(REPAIR_MS)?;
        let there = world.process(1)?.engine.incarnation().node();
        let part = world.process(0)?.rooms[&subject(0)].parts.get(&there);
        ensure!(part.is_some_and(|part| (part.missed, part.late) == (0, 2)), "{part:?}");
        world.say(1, &subject(0))?;
        world.run_for(1_000)?;
        world.check_equal()
    });
}

#[test]
fn the_oldest_that_lives_and_hosts_a_room_does_what_is_done_once() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        for _ in 0..2 {
            let running: Vec<_> = world.processes.iter().flatten().collect();
            let oldest = running
                .iter()
                .min_by_key(|process| process.engine.incarnation())
                .map(|process| process.engine.incarnation().clone());
            for process in &running {
                let is_oldest = Some(process.engine.incarnation()) == oldest.as_ref();
                ensure!(process.engine.is_oldest_in(&subject(0)) == is_oldest, "{}", process.engine.incarnation());
                ensure!(!process.engine.is_oldest_in(&subject(9)), "of a room that is not here");
            }
            let slot = world
                .processes
                .iter()
                .position(|process| process.as_ref().map(|process| process.engine.incarnation()) == oldest.as_ref());
            let slot = slot.unwrap_or_default();
            world.feed(slot, Input::Drain)?;
            world.run_for(100)?;
            let others = world.processes.iter().enumerate().filter(|(other, _)| *other != slot);
            let others = others.filter_map(|(_, process)| process.as_ref());
            let oldest = others.filter(|process| process.engine.is_oldest_in(&subject(0))).count();
            ensure!(oldest == 1, "whoever is about to end would have to do it");
            world.kill(slot);
            world.run_for(LEASE_MS + 3_000)?;
        }
        Ok(())
    });
}

#[test]
fn who_opens_a_room_once_more_waits_as_long_as_the_first_time() {
    let mut world = World::up(1, 2, Says::HowMany).unwrap();
    let (opened_at, ready) = (world.now, Effect::Ready(subject(0)));
    let process = world.process_mut(0).unwrap();
    for (after, input, is_ready) in [
        (0, Input::Open(topic(0)), false),
        (100, Input::Close(subject(0)), false),
        (100, Input::Open(topic(0)), false),
        (270, Input::Wake, false),
        (370, Input::Wake, true),
    ] {
        let effects = process.handle(input.clone(), opened_at + after);
        assert_eq!(effects.contains(&ready), is_ready, "{input:?} after {after} ms: {effects:?}");
    }
}
