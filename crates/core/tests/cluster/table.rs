//! What must happen, fault by fault.

use roomful_core::cluster::{ClusterKey, Health, Input, Rejected};

use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::{GRACE, subject};
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

/// When this node lost that one, in milliseconds from now back.
fn lost_for(world: &World, here: usize, node: roomful_core::NodeId) -> Result<Option<u64>, Fault> {
    let process = world.process(here)?;
    let local = process.clock.monotonic(world.now);
    let part = process.rooms.get(&subject(0)).and_then(|room| room.parts.get(&node));
    Ok(part.and_then(|part| part.lost_at).map(|at| local - at))
}

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
        ensure!(losses(&world)?[1] == (0, 3), "{:?}", losses(&world)?);
        world.check_equal()
    });
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

/// What it said before cannot even be counted, so the room is told that this is not the same stream.
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
        ensure!(part.is_some_and(|part| part.missed == 2), "{part:?}");
        world.say(1, &subject(0))?;
        world.run_for(1_000)?;
        world.check_equal()
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
