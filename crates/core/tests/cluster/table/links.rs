//! What becomes of a node that cannot hear or be heard, or does not run.

use roomful_core::cluster::{Health, Input, PeerReport};

use super::{GONE, LEASE_MS, REPAIR_MS, WELL, cut, everybody_speaks, for_each_seed, health, losses, lost_for, three};
use crate::fault::Fault;
use crate::network::Link;
use crate::process::{GRACE, subject};
use crate::world::World;

#[test]
fn while_the_broker_is_gone_for_a_moment_nobody_is_away_and_no_word_is_lost() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, 0..3, GONE);
        for _ in 0..20 {
            everybody_speaks(&mut world)?;
            world.run_for(100)?;
        }
        cut(&mut world, 0..3, WELL);
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)? == [(0, 0); 3], "{:?}", losses(&world)?);
        world.check_equal()
    });
}

#[test]
fn while_the_broker_is_gone_for_long_everybody_is_isolated_and_nobody_leaves() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, 0..3, GONE);
        world.run_for(7_000)?;
        ensure!(health(&world) == [Some(Health::Isolated); 3], "{:?}", health(&world));
        for _ in 0..53 {
            everybody_speaks(&mut world)?;
            world.run_for(1_000)?;
        }
        cut(&mut world, 0..3, WELL);
        world.run_for(REPAIR_MS)?;
        // The first words are older than what a log keeps; from where somebody missed some it takes the roster.
        for (lost, missed) in losses(&world)? {
            ensure!(lost == 0 && missed > 0, "{lost} lost, {missed} missed");
        }
        world.check_equal()
    });
}

#[test]
fn the_members_of_a_node_that_is_killed_are_away_within_12_seconds_and_then_gone() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let dead = world.process(2)?.engine.incarnation().node();
        world.kill(2);
        world.run_for(12_500)?;
        for here in 0..2 {
            let Some(ago) = lost_for(&world, here, dead)? else { return Fault::new("it is not lost") };
            ensure!((500..=4_600).contains(&ago), "lost {ago} ms ago");
            ensure!(world.process(here)?.lost == 1, "told more than once");
        }
        world.run_for(GRACE)?;
        ensure!(health(&world) == [Some(Health::Well), Some(Health::Well), None], "{:?}", health(&world));
        world.check_equal()
    });
}

/// The words of the run before are in nobody's count.
#[test]
fn who_is_paused_past_the_lease_and_had_spoken_unheard_has_words_missing() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let before = world.process(1)?.engine.incarnation().clone();
        cut(&mut world, [1], GONE);
        world.say(1, &subject(0))?;
        world.pause(1, 12_000);
        world.run_for(12_000)?;
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        ensure!(*world.process(1)?.engine.incarnation() != before, "it is the same");
        world.say(1, &subject(0))?;
        world.run_for(LEASE_MS)?;
        world.check_equal()
    });
}

#[test]
fn of_a_pause_of_5_seconds_nobody_sees_anything() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let before = world.process(1)?.engine.incarnation().clone();
        world.pause(1, 5_000);
        for _ in 0..5 {
            world.say(0, &subject(0))?;
            world.run_for(1_000)?;
        }
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)? == [(0, 0); 3], "{:?}", losses(&world)?);
        ensure!(*world.process(1)?.engine.incarnation() == before, "it is another");
        world.check_equal()
    });
}

#[test]
fn who_was_stopped_for_long_expires_nobody_and_is_another_run() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let before = world.process(1)?.engine.incarnation().clone();
        world.pause(1, 60_000);
        world.run_for(60_000)?;
        ensure!(losses(&world)?[0].0 == 1 && losses(&world)?[2].0 == 1, "{:?}", losses(&world)?);
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)?[1].0 == 0, "it expired somebody");
        let after = world.process(1)?.engine.incarnation().clone();
        ensure!(after > before && after.name == before.name && after.random != before.random, "{before} {after}");
        world.check_equal()
    });
}

#[test]
fn who_sends_and_cannot_hear_is_isolated_alone() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, [1], Link { hears: false, ..WELL });
        world.run_for(30_000)?;
        let due = [Some(Health::Well), Some(Health::Isolated), Some(Health::Well)];
        ensure!(health(&world) == due, "{:?}", health(&world));
        ensure!(losses(&world)?.iter().all(|(lost, _)| *lost == 0), "{:?}", losses(&world)?);
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        world.check_equal()
    });
}

#[test]
fn who_hears_and_cannot_send_is_lost_and_blames_itself() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, [1], Link { sends: false, ..WELL });
        world.run_for(30_000)?;
        let due = [Some(Health::Well), Some(Health::Isolated), Some(Health::Well)];
        ensure!(health(&world) == due, "{:?}", health(&world));
        let lost: Vec<_> = losses(&world)?.iter().map(|(lost, _)| *lost).collect();
        ensure!(lost == [1, 0, 1], "{lost:?}");
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        world.check_equal()
    });
}

#[test]
fn the_halves_of_a_broker_that_split_lose_each_other_and_find_each_other_again() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        cut(&mut world, [2], Link { side: 1, ..WELL });
        for _ in 0..30 {
            everybody_speaks(&mut world)?;
            world.run_for(1_000)?;
        }
        ensure!(health(&world) == [Some(Health::Well); 3], "{:?}", health(&world));
        let lost: Vec<_> = losses(&world)?.iter().map(|(lost, _)| *lost).collect();
        ensure!(lost == [1, 1, 2], "{lost:?}");
        let members = world.process(0)?.rooms[&subject(0)].parts.values().map(|part| part.members.len());
        ensure!(members.sum::<usize>() == 1, "only node-1's is left there");
        cut(&mut world, [2], WELL);
        world.run_for(REPAIR_MS)?;
        ensure!(losses(&world)?.iter().all(|(_, missed)| *missed >= 30), "{:?}", losses(&world)?);
        world.check_equal()
    });
}

#[test]
fn a_node_says_how_the_others_stand_and_what_was_repaired() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let peers = |world: &World| -> Result<Vec<PeerReport>, Fault> {
            let process = world.process(0)?;
            Ok(process.engine.peers(process.clock.monotonic(world.now)).collect())
        };
        for peer in peers(&world)? {
            let is_well = peer.is_live && !peer.is_draining && peer.silent_ms <= 2_100;
            ensure!(is_well && (peer.rooms, peer.streams, peer.behind) == (1, 1, 0), "{peer:?}");
        }
        let before = world.process(1)?.engine.repairs();
        cut(&mut world, [1], Link { hears: false, ..WELL });
        (0..3).try_for_each(|_| world.say(0, &subject(0)))?;
        world.run_for(100)?;
        cut(&mut world, [1], WELL);
        world.run_for(REPAIR_MS)?;
        let (after, giver) = (world.process(1)?.engine.repairs(), world.process(0)?.engine.repairs());
        ensure!(after.differed > before.differed && after.asked > before.asked, "{before:?} {after:?}");
        ensure!(after.missed == 0 && giver.given > 0 && giver.rosters > 0, "{after:?} {giver:?}");
        world.feed(2, Input::Drain)?;
        world.run_for(100)?;
        ensure!(peers(&world)?.iter().filter(|peer| peer.is_draining).count() == 1, "{:?}", peers(&world)?);
        world.kill(2);
        world.run_for(12_500)?;
        let gone: Vec<_> = peers(&world)?.into_iter().filter(|peer| !peer.is_live).collect();
        ensure!(gone.len() == 1 && gone[0].silent_ms >= 10_000, "{gone:?}");
        Ok(())
    });
}
