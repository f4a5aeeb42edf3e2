//! Three nodes over one history in virtual time: real rooms, a broker that numbers what is said, and links that delay, lose and end.
//!
//! Somebody is in at each node all the time, and believes nothing: whatever it hears has the number that the broker gave, in that order
//! and once, of nobody who is not in, or has left. In the end everybody has heard all that was taken, or was told that it is missing.

mod broker;
mod node;
mod observer;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

use crate::fault::Fault;
use crate::rng::Rng;
use crate::seeds::{self, Broken, Simulator, Steps, Tally};

const NODES: usize = 3;
const STEPS: usize = 120;

/// From the last fault until all is known: a hold, a read that is lost, and a heartbeat.
const QUIET_MS: u64 = 20_000;

const WHAT_HAPPENS: &[&str] = &[
    "a broker forgets",
    "a link is cut",
    "a roster is repaired",
    "a word comes too late for the broker",
    "a word is not taken",
    "a word is refused since too many wait",
    "a word is taken",
    "somebody comes again",
    "somebody says something as it leaves",
    "something is lost on its way",
    "something is said to be missing",
];

struct OneHistory;

impl Simulator for OneHistory {
    const NAME: &'static str = "cluster each_hears_the_history";
    const RUNS: u64 = 300;
    type Seen = &'static str;
    const ALL: &'static [&'static str] = WHAT_HAPPENS;

    fn play(&self, seed: u64, steps: &Steps) -> Result<Tally<&'static str>, Box<Broken>> {
        let mut played = Vec::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| play_out(seed, steps, &mut played)));
        match outcome {
            Ok(Ok(tally)) => Ok(tally),
            Ok(Err(fault)) => Err(Box::new(Broken { fault: fault.to_string(), steps: played })),
            Err(_) => Err(Box::new(Broken { fault: "a panic, printed above".to_owned(), steps: played })),
        }
    }
}

fn play_out(seed: u64, steps: &Steps, played: &mut Vec<(usize, String)>) -> Result<Tally<&'static str>, Fault> {
    let rng = &mut Rng::new(!seed);
    let mut world = World::new(*rng.pick(&[6, 64, 64]).unwrap_or(&64))?;
    let (has_faults, has_cuts, is_mild) = (rng.percent(80), rng.percent(50), rng.percent(40));
    for step in (0..STEPS).filter(|step| steps.has(*step)) {
        let rng = &mut Rng::of_step(seed, step);
        played.push((step, format!("at {} ms: the step in which it broke", world.now)));
        let is_fault = has_faults && rng.percent(15);
        let what = if is_fault { break_something(&mut world, rng, (has_cuts, is_mild)) } else { act(&mut world, rng) }?;
        played.last_mut().into_iter().for_each(|(_, told)| *told = format!("at {} ms: {what}", world.now));
        let pause = *rng.pick(&[0, 1, 10, 100, 1_000, 3_000]).unwrap_or(&1);
        world.run_for(rng.below(pause + 1))?;
    }
    world.heal()?;
    world.run_for(QUIET_MS)?;
    world.check()?;
    Ok(world.tally)
}

/// A member of some node does something.
fn act(world: &mut World, rng: &mut Rng) -> Result<String, Fault> {
    let node = rng.below(NODES as u64) as usize;
    let count = world.nodes[node].members.len() as u64;
    let what = rng.below(100);
    if count == 0 || what < 15 {
        return world.join(node).map(|()| format!("somebody joins at {node}"));
    }
    let nth = rng.below(count) as usize;
    let who = world.nodes[node].members[nth].0.clone();
    let did = match what {
        15..30 => world.leave(node, nth, rng.percent(20)).map(|()| "leaves"),
        30..33 => {
            world.tally.count("somebody comes again");
            return world.come_again(node).map(|()| format!("who left last at {node} comes again"));
        }
        33..45 => world.show(node, nth).map(|()| "shows something"),
        45..48 => (0..8).try_for_each(|_| world.say(node, nth)).map(|()| "says much"),
        _ => world.say(node, nth).map(|()| "speaks"),
    };
    did.map(|did| format!("{who} {did} at {node}"))
}

/// Something breaks.
fn break_something(world: &mut World, rng: &mut Rng, (has_cuts, is_mild): (bool, bool)) -> Result<String, Fault> {
    let node = rng.below(NODES as u64) as usize;
    let link = &mut world.nodes[node].link;
    let many = rng.between(1, 3);
    Ok(match rng.below(if is_mild { 60 } else { 100 }) {
        0..30 => {
            let delays: &[u64] = if is_mild { &[0, 5, 100, 700] } else { &[0, 5, 100, 700, 2_500] };
            link.out_ms = *rng.pick(delays).unwrap_or(&5);
            link.in_ms = *rng.pick(delays).unwrap_or(&5);
            world.is_rough |= link.out_ms + link.in_ms > 1_500;
            format!("{node} says {} ms late and hears {} ms late", link.out_ms, link.in_ms)
        }
        30..45 => {
            link.loses_words += many;
            format!("{node} does not hear {many} words")
        }
        45..60 => {
            // Of those that are missing one after the other each takes as long as it is waited for.
            world.is_rough |= many > 1 || link.lost_answer_at.is_some_and(|at| world.now < at + 10_000);
            link.lost_answer_at = Some(world.now);
            link.loses_answers += many;
            format!("{node} does not hear {many} answers")
        }
        60..75 => {
            link.loses_envelopes += many;
            world.is_rough = true;
            format!("{node} does not hear {many} envelopes")
        }
        75..95 if has_cuts => {
            world.tally.count("a link is cut");
            let ms = rng.between(50, 7_000);
            world.cut(node, ms);
            format!("{node} is cut off for {ms} ms")
        }
        95..100 => {
            world.tally.count("a broker forgets");
            world.broker.forget();
            world.is_rough = true;
            "the broker forgets".to_owned()
        }
        _ => "nothing breaks".to_owned(),
    })
}

#[test]
fn each_hears_the_history_in_its_order_and_nobody_who_has_left() {
    if let Err(why) = seeds::play_as_asked(&OneHistory) {
        panic!("{why}");
    }
}
