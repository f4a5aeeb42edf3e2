//! Which run of a node counts, and whose words.

use roomful_core::cluster::{Change, ClusterKey, Health, Input, Rejected};

use super::{LEASE_MS, REPAIR_MS, everybody_speaks, for_each_seed, health, losses, lost_for, rejected, three};
use crate::network::Says;
use crate::process::{GRACE, subject};
use crate::world::World;

#[test]
fn when_a_name_starts_again_the_old_members_are_away_at_once_and_its_words_change_nothing() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let captured = world.network.captured.clone();
        let old = world.process(2)?.engine.incarnation().node();
        world.restart(2)?;
        world.run_for(1_000)?;
        for here in 0..2 {
            let ago = lost_for(&world, here, old)?;
            ensure!(ago.is_some_and(|ago| ago <= 1_010), "lost {ago:?} ms ago");
        }
        world.join(2, 0)?;
        world.run_for(GRACE + 1_000)?;
        world.check_equal()?;
        let before = losses(&world)?;
        for slot in 0..3 {
            let now = world.now;
            captured.iter().for_each(|envelope| world.network.play(slot, envelope.clone(), now));
        }
        world.run_for(100)?;
        ensure!(losses(&world)? == before, "{:?}", losses(&world)?);
        for slot in 0..2 {
            let both = [Rejected::Replayed, Rejected::Older].map(|why| rejected(&world, slot, why));
            ensure!(both.iter().all(|count| *count > 0), "{both:?}");
        }
        world.run_for(LEASE_MS)?;
        world.check_equal()
    });
}

#[test]
fn what_was_captured_of_the_dead_makes_no_ghosts_at_a_node_that_is_new() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let captured = world.network.captured.clone();
        (0..3).for_each(|slot| world.kill(slot));
        world.start(0)?;
        world.join(0, 0)?;
        for _ in 0..20 {
            let now = world.now;
            captured.iter().for_each(|envelope| world.network.play(0, envelope.clone(), now));
            world.run_for(1_000)?;
        }
        ensure!(world.process(0)?.engine.live().count() == 0, "the dead live");
        ensure!(world.process(0)?.rooms[&subject(0)].parts.is_empty(), "the dead have members");
        ensure!(rejected(&world, 0, Rejected::Stranger) > 0, "{:?}", world.process(0)?.rejected);
        world.check_equal()
    });
}

#[test]
fn who_was_forgotten_makes_no_ghosts_either() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 3, Says::HowMany);
        world.settings.forget_ms = 20_000;
        (0..3).try_for_each(|slot| world.start(slot))?;
        world.run_for(3_000)?;
        (0..3).try_for_each(|slot| world.join(slot, 0))?;
        world.run_for(3_000)?;
        let captured = world.network.captured.clone();
        world.kill(2);
        world.run_for(40_000)?;
        let now = world.now;
        captured.iter().for_each(|envelope| world.network.play(0, envelope.clone(), now));
        world.run_for(100)?;
        ensure!(world.process(0)?.engine.live().count() == 1, "the dead live");
        ensure!(rejected(&world, 0, Rejected::Older) > 0, "{:?}", world.process(0)?.rejected);
        world.check_equal()
    });
}

#[test]
fn where_all_places_are_taken_who_is_gone_gives_way_and_who_lives_does_not() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 4, Says::HowMany);
        world.settings.nodes = 2;
        (0..4).try_for_each(|slot| world.start(slot))?;
        world.run_for(20_000)?;
        let met = |world: &World| world.processes.iter().flatten().map(|process| process.engine.live().count()).max();
        ensure!(met(&world) == Some(2), "{:?} are met", met(&world));
        (2..4).for_each(|slot| world.kill(slot));
        world.run_for(LEASE_MS + 3_000)?;
        (2..3).try_for_each(|slot| world.start(slot))?;
        world.run_for(5_000)?;
        let names = world.process(2)?.engine.live().count();
        ensure!(names == 2 && met(&world) == Some(2), "{names} and {:?} are met", met(&world));
        Ok(())
    });
}

#[test]
fn who_starts_again_with_a_clock_that_is_behind_is_newer_all_the_same() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let before = world.process(2)?.engine.incarnation().clone();
        world.set_back(2, 3_600_000);
        world.restart(2)?;
        world.run_for(3_000)?;
        world.join(2, 0)?;
        world.run_for(GRACE)?;
        let after = world.process(2)?.engine.incarnation().clone();
        ensure!(after.start == before.start + 1, "{before} {after}");
        world.check_equal()
    });
}

#[test]
fn of_two_that_live_under_one_name_the_older_is_isolated_for_good() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 3, Says::HowMany);
        world.settings.linger_ms = 1;
        for slot in 0..2 {
            world.start(slot)?;
        }
        world.run_for(20_000)?;
        world.start_as(2, "node-1")?;
        world.run_for(30_000)?;
        let due = [Some(Health::Well), Some(Health::Superseded), Some(Health::Well)];
        ensure!(health(&world) == due, "{:?}", health(&world));
        world.pause(1, 30_000);
        world.run_for(60_000)?;
        ensure!(health(&world) == due, "after a pause: {:?}", health(&world));
        ensure!(world.process(0)?.engine.live().eq([world.process(2)?.engine.incarnation()]), "the other counts");
        Ok(())
    });
}

#[test]
fn rubbish_is_dropped_and_counted() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let captured = world.network.captured.clone();
        for envelope in captured {
            let mut bytes = envelope.to_vec();
            let (at, bit) = (world.rng.below(bytes.len() as u64) as usize, world.rng.below(8));
            bytes[at] ^= 1 << bit;
            let cut = world.rng.below(bytes.len() as u64) as usize;
            let now = world.now;
            world.network.play(0, bytes[..cut].to_vec().into(), now);
            world.network.play(0, vec![0; cut].into(), now);
        }
        world.run_for(100)?;
        ensure!(rejected(&world, 0, Rejected::Malformed) > 0, "{:?}", world.process(0)?.rejected);
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)? == [(0, 0); 3], "{:?}", losses(&world)?);
        world.check_equal()
    });
}

#[test]
fn those_of_another_secret_do_not_meet() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 4, Says::HowMany);
        for (slot, secret) in ["ours", "ours", "theirs"].into_iter().enumerate() {
            world.key = Some(ClusterKey::new(secret.as_bytes()));
            world.start(slot)?;
        }
        world.key = None;
        world.start(3)?;
        (0..4).try_for_each(|slot| world.join(slot, 0))?;
        world.run_for(20_000)?;
        let met = |slot| world.process(slot).map(|process| process.engine.live().count());
        let met = (0..4).map(met).collect::<Result<Vec<_>, _>>()?;
        ensure!(met == [1, 1, 0, 0], "{met:?}");
        ensure!((0..4).all(|slot| rejected(&world, slot, Rejected::NotAuthentic) > 0), "it is not counted");
        Ok(())
    });
}

#[test]
fn who_says_goodbye_is_lost_at_once_and_not_heard_again() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let gone = world.process(2)?.engine.incarnation().node();
        world.feed(2, Input::Drain)?;
        world.feed(2, Input::Goodbye)?;
        world.run_for(10)?;
        for here in 0..2 {
            ensure!(lost_for(&world, here, gone)?.is_some(), "it is not lost");
        }
        world.say(2, &subject(0))?;
        world.run_for(10)?;
        ensure!(rejected(&world, 0, Rejected::Older) > 0, "{:?}", world.process(0)?.rejected);
        world.kill(2);
        world.run_for(LEASE_MS + GRACE)?;
        ensure!((0..2).all(|slot| world.process(slot).is_ok_and(|process| process.lost == 1)), "told more than once");
        world.check_equal()
    });
}

#[test]
fn a_node_of_a_later_release_is_understood_as_far_as_it_is_known_what_it_says() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        world.network.later = Some(2);
        for _ in 0..3 {
            everybody_speaks(&mut world)?;
            world.feed(2, Input::Publish { subject: subject(0), changes: vec![Change::Unknown] })?;
            world.join(2, 0)?;
            world.run_for(1_000)?;
        }
        // It is deployed where an older one was, and members come to it that have been at others.
        world.restart(1)?;
        world.network.later = Some(1);
        world.run_for(1_000)?;
        world.join(1, 0)?;
        everybody_speaks(&mut world)?;
        world.run_for(LEASE_MS + GRACE + REPAIR_MS)?;
        ensure!(health(&world) == [Some(Health::Well); 3], "{:?}", health(&world));
        for slot in 0..3 {
            let why = [Rejected::Malformed, Rejected::Unknown, Rejected::NotAuthentic];
            let rejected = why.map(|why| rejected(&world, slot, why));
            ensure!(rejected == [0; 3], "{why:?}: {rejected:?}");
        }
        world.check_equal()
    });
}
