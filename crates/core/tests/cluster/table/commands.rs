//! What one node has another one do.

use roomful_core::cluster::{Answer, Closing, Command, Incarnation, Input};
use roomful_core::{Json, MemberId, NodeId};

use super::{LEASE_MS, for_each_seed, three};
use crate::fault::Fault;
use crate::network::{Link, Says, Weather};
use crate::process::{Answered, subject, topic};
use crate::world::World;

/// Nodes 0 to 2 with a member each in room 0, and node 3 without one; the broker says this of questions.
fn four(seed: u64, says: Says) -> Result<World, Fault> {
    let mut world = World::up(seed, 4, says)?;
    world.network.weather = Weather { delay_ms: 20, ..Weather::default() };
    (0..3).try_for_each(|slot| world.join(slot, 0))?;
    // Until everybody has said in a heartbeat what it takes part in.
    world.run_for(3_000)?;
    Ok(world)
}

fn members() -> Command {
    Command::Members { topic: topic(0).as_str().into() }
}

fn kick(member: &MemberId) -> Command {
    let how = Closing { code: 4410, reason: "kicked".into() };
    Command::Kick { topic: topic(0).as_str().into(), member: member.clone(), how }
}

fn say() -> Result<Command, Fault> {
    let msg = Json::encode(&1).map_err(|error| Fault(error.to_string()))?;
    Ok(Command::Say { topic: topic(0).as_str().into(), msg })
}

fn ask(world: &mut World, slot: usize, number: u64, command: Command) -> Result<(), Fault> {
    world.feed(slot, Input::Ask { number, node: None, command })
}

fn answered(world: &World, slot: usize, number: u64) -> Result<(Option<Answer>, Vec<Incarnation>), Fault> {
    let Answered { answer, silent, .. } = whole_answer(world, slot, number)?;
    Ok((answer, silent))
}

fn whole_answer(world: &World, slot: usize, number: u64) -> Result<Answered, Fault> {
    let answered = world.process(slot)?.answered.get(&number).cloned();
    answered.ok_or_else(|| Fault(format!("{number} has no answer")))
}

fn own(world: &World, slot: usize) -> Result<Vec<MemberId>, Fault> {
    Ok(world.process(slot)?.rooms.get(&subject(0)).map(|room| room.own.keys().cloned().collect()).unwrap_or_default())
}

fn node(world: &World, slot: usize) -> Result<NodeId, Fault> {
    Ok(world.process(slot)?.engine.incarnation().node())
}

/// How often it was done for that node, at all others.
fn deeds(world: &World, slot: usize, number: u64) -> Result<Vec<usize>, Fault> {
    let of = (node(world, slot)?, number);
    let processes = world.processes.iter().flatten();
    Ok(processes.map(|process| process.deeds.iter().filter(|deed| **deed == of).count()).collect())
}

#[test]
fn a_node_that_does_not_have_a_room_asks_those_that_do() {
    for_each_seed(|seed| {
        for says in [Says::HowMany, Says::Whether, Says::Nothing] {
            let mut world = four(seed, says)?;
            ask(&mut world, 3, 1, members())?;
            world.run_for(100)?;
            let (answer, silent) = answered(&world, 3, 1)?;
            let Some(Answer::Members(there)) = answer else { return Fault::new(format!("{says:?}: {answer:?}")) };
            let mut there: Vec<_> = there.into_iter().map(|present| present.member).collect();
            there.sort();
            let mut due = [own(&world, 0)?, own(&world, 1)?, own(&world, 2)?].concat();
            due.sort();
            ensure!(there == due && silent.is_empty(), "{says:?}: {there:?} of {due:?}, without {silent:?}");
        }
        Ok(())
    });
}

#[test]
fn where_nobody_has_the_room_nobody_is_waited_for() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::HowMany)?;
        let command = Command::Count { topic: topic(9).as_str().into() };
        ask(&mut world, 3, 1, command)?;
        world.run_for(50)?;
        ensure!(answered(&world, 3, 1)? == (None, Vec::new()), "{:?}", answered(&world, 3, 1)?);
        Ok(())
    });
}

#[test]
fn whoever_is_lost_is_said_not_to_have_answered_and_not_waited_for() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::Nothing)?;
        let gone = world.process(2)?.engine.incarnation().clone();
        world.kill(2);
        ask(&mut world, 3, 1, members())?;
        world.run_for(1_900)?;
        ensure!(answered(&world, 3, 1).is_err(), "it may be slow");
        world.run_for(200)?;
        let (answer, silent) = answered(&world, 3, 1)?;
        let Some(Answer::Members(there)) = answer else { return Fault::new(format!("{answer:?}")) };
        ensure!(there.len() == 2 && silent == [gone.clone()], "{there:?} without {silent:?}");
        world.run_for(LEASE_MS + 3_000)?;
        ask(&mut world, 3, 2, members())?;
        world.run_for(100)?;
        let (_, silent) = answered(&world, 3, 2)?;
        ensure!(silent.is_empty(), "who is lost is not waited for, and the others tell of its members: {silent:?}");
        Ok(())
    });
}

/// It died before the node that asks began, and the broker has not noticed.
#[test]
fn who_hears_a_question_and_is_not_known_is_counted_where_it_does_not_answer() {
    for_each_seed(|seed| {
        for (says, due) in [(Says::HowMany, 1), (Says::Whether, 0), (Says::Nothing, 0)] {
            let mut world = four(seed, says)?;
            world.kill(3);
            world.network.links[2] = Link { sends: false, ..Link::default() };
            world.start(3)?;
            world.run_for(1_000)?;
            ask(&mut world, 3, 1, members())?;
            world.run_for(2_100)?;
            let Answered { silent, unknown, .. } = whole_answer(&world, 3, 1)?;
            ensure!(silent.is_empty() && unknown == due, "{says:?}: {silent:?} and {unknown}");
        }
        Ok(())
    });
}

/// A node that opened the room within the last heartbeat is not known to have it by one that does not.
#[test]
fn whoever_has_only_just_opened_the_room_answers_too() {
    for_each_seed(|seed| {
        for says in [Says::HowMany, Says::Whether, Says::Nothing] {
            let mut world = World::up(seed, 4, says)?;
            for slot in 0..3 {
                world.join(slot, 0)?;
                world.run_for(20)?;
                ask(&mut world, 3, slot as u64, members())?;
                world.run_for(20)?;
                let Answered { answer, silent, unknown } = whole_answer(&world, 3, slot as u64)?;
                let Some(Answer::Members(there)) = answer else { return Fault::new(format!("{says:?}: {answer:?}")) };
                ensure!(there.len() == slot + 1, "{says:?}: {} of {}", there.len(), slot + 1);
                ensure!(silent.is_empty() && unknown == 0, "{says:?}: {silent:?} and {unknown}");
            }
        }
        Ok(())
    });
}

/// What the broker says of a question that was asked before may be from before somebody opened the room.
#[test]
fn what_is_said_of_an_earlier_question_ends_no_later_one() {
    for_each_seed(|seed| {
        let mut world = World::up(seed, 3, Says::HowMany)?;
        world.network.weather = Weather { delay_ms: 30, ..Weather::default() };
        for number in 0..40 {
            ask(&mut world, 2, number, members())?;
            if number == 20 {
                world.join(0, 0)?;
            }
            world.run_for(1)?;
        }
        world.run_for(2_000)?;
        let last = answered(&world, 2, 39)?.0;
        ensure!(matches!(&last, Some(Answer::Members(there)) if there.len() == 1), "{last:?}");
        Ok(())
    });
}

/// However often it has to be asked for.
#[test]
fn what_is_to_be_done_is_done_once_at_each_node_and_answered() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::Whether)?;
        world.network.weather = Weather { lost_percent: 20, doubled_percent: 30, delay_ms: 20 };
        for number in 1..20 {
            ask(&mut world, 3, number, say()?)?;
            world.run_for(50)?;
        }
        world.run_for(3_000)?;
        let mut whole = 0;
        for number in 1..20 {
            let deeds = deeds(&world, 3, number)?;
            ensure!(deeds.iter().all(|count| *count <= 1), "{number} was done {deeds:?}");
            let (answer, silent) = answered(&world, 3, number)?;
            let is_whole = answer == Some(Answer::Done { members: 3 });
            ensure!(is_whole || !silent.is_empty() || answer.is_none(), "{number}: {answer:?}");
            ensure!(!is_whole || deeds == [1, 1, 1, 0], "{number} was done {deeds:?}");
            whole += usize::from(is_whole);
        }
        ensure!(whole >= 15, "{whole} of 19 came through");
        Ok(())
    });
}

#[test]
fn a_member_is_kicked_from_any_node() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::HowMany)?;
        let [first, second] = [own(&world, 0)?, own(&world, 1)?].map(|own| own[0].clone());
        ask(&mut world, 3, 1, kick(&first))?;
        // From a node that has the room, and knows who has the member.
        let there = node(&world, 1)?;
        world.feed(2, Input::Ask { number: 1, node: Some(there), command: kick(&second) })?;
        world.run_for(100)?;
        for slot in [2, 3] {
            let (answer, silent) = answered(&world, slot, 1)?;
            ensure!(answer == Some(Answer::Done { members: 1 }) && silent.is_empty(), "{answer:?} {silent:?}");
        }
        ensure!(deeds(&world, 2, 1)? == [0, 1, 0, 0], "{:?}", deeds(&world, 2, 1)?);
        ensure!(own(&world, 0)?.is_empty() && own(&world, 1)?.is_empty(), "they are in");
        world.run_for(LEASE_MS)?;
        world.check_equal()
    });
}

#[test]
fn a_question_of_no_room_goes_to_everybody() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::HowMany)?;
        ask(&mut world, 0, 7, Command::Users { topic: None })?;
        world.run_for(100)?;
        ensure!(deeds(&world, 0, 7)? == [0, 1, 1, 1], "{:?}", deeds(&world, 0, 7)?);
        ensure!(answered(&world, 0, 7)?.1.is_empty(), "{:?}", answered(&world, 0, 7)?);
        Ok(())
    });
}

#[test]
fn what_is_given_up_is_answered_at_once_with_who_has_not() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        world.feed(0, Input::Ask { number: 1, node: None, command: members() })?;
        world.feed(0, Input::GiveUp { number: 1 })?;
        let (answer, silent) = answered(&world, 0, 1)?;
        ensure!(answer.is_none() && !silent.is_empty(), "{answer:?} {silent:?}");
        // It is over, and one that is over is not given up.
        world.feed(0, Input::GiveUp { number: 1 })?;
        world.run_for(3_000)
    });
}

#[test]
fn who_is_gone_or_unknown_is_not_waited_for_nor_asked_for_ever() {
    for_each_seed(|seed| {
        let mut world = three(seed)?;
        let gone = node(&world, 2)?;
        world.kill(2);
        world.run_for(LEASE_MS + 3_000)?;
        world.feed(0, Input::Ask { number: 1, node: Some(gone), command: members() })?;
        let (answer, silent) = answered(&world, 0, 1)?;
        ensure!(answer.is_none() && silent.len() == 1, "{answer:?} {silent:?}");
        (0..2).for_each(|slot| world.kill(slot));
        world.start(0)?;
        ask(&mut world, 0, 1, members())?;
        ensure!(answered(&world, 0, 1)? == (None, Vec::new()), "there is nobody");
        Ok(())
    });
}

#[test]
fn a_long_answer_comes_in_pages() {
    for_each_seed(|seed| {
        let mut world = World::new(seed, 2, Says::HowMany);
        world.settings.page_bytes = 100;
        (0..2).try_for_each(|slot| world.start(slot))?;
        world.run_for(3_000)?;
        (0..50).try_for_each(|_| world.join(0, 0))?;
        world.run_for(3_000)?;
        world.network.weather = Weather { lost_percent: 2, delay_ms: 5, ..Weather::default() };
        for number in 0..20 {
            ask(&mut world, 1, number, members())?;
            world.run_for(2_100)?;
            let (answer, silent) = answered(&world, 1, number)?;
            match answer {
                Some(Answer::Members(there)) => ensure!(there.len() == 50, "{} of 50", there.len()),
                None => ensure!(silent.len() == 1, "nobody is missed"),
                other => return Fault::new(format!("{other:?}")),
            }
        }
        Ok(())
    });
}

#[test]
fn what_a_later_release_asks_for_is_answered_and_not_done() {
    for_each_seed(|seed| {
        let mut world = four(seed, Says::HowMany)?;
        ask(&mut world, 0, 1, Command::Unknown)?;
        world.run_for(100)?;
        let (answer, silent) = answered(&world, 0, 1)?;
        ensure!(answer.is_none() && silent.len() == 3, "they have not answered it: {answer:?} {silent:?}");
        ensure!(deeds(&world, 0, 1)? == [0; 4], "it was done");
        Ok(())
    });
}

#[test]
fn where_too_many_questions_are_out_one_more_fails_at_once() {
    let mut world = four(1, Says::HowMany).unwrap();
    for number in 1..=4_097 {
        ask(&mut world, 3, number, members()).unwrap();
    }
    assert!(answered(&world, 3, 4_096).is_err());
    assert!(matches!(answered(&world, 3, 4_097).unwrap().0, Some(Answer::Failed { .. })));
}
