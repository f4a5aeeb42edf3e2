//! What can happen to one member in a few steps, in every order: from every part of its life, in a room that lets in at
//! once and may be put away, and in one that gathers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roomful_core::rate::Rate;
use roomful_core::{Close, Dialect, Limits};

use crate::fault::Fault;
use crate::member::Who;
use crate::plan::{Action, Answer, ClientSays, Comer, Offer, StateKind, Timers};
use crate::rng::Rng;
use crate::socket::Pace;
use crate::world::World;

/// How many things happen to it, one after the other.
const DEPTH: usize = 3;
const GRACE_MS: u64 = 40;
/// Somebody who is there all the time, and sees all of it.
const WATCHER: Who = Who(1);
const WHO: Who = Who(2);

#[test]
fn whatever_happens_to_a_member_in_whatever_order() {
    let (parts, happenings) = (parts(), happenings());
    let orders = happenings.len().pow(DEPTH as u32);
    for gathers in [false, true] {
        for (part, before) in &parts {
            for order in 0..orders {
                let then = (0..DEPTH).map(|at| &happenings[order / happenings.len().pow(at as u32) % happenings.len()]);
                let steps: Vec<_> = before.iter().chain(then).collect();
                let outcome = catch_unwind(AssertUnwindSafe(|| play(gathers, &steps)));
                let fault = match outcome {
                    Ok(Ok(())) => continue,
                    Ok(Err(fault)) => fault.to_string(),
                    Err(_) => "a panic, printed above".to_owned(),
                };
                panic!("{fault}\nin a room that gathers: {gathers}, from {part}: {steps:?}");
            }
        }
    }
}

/// The parts of a life, and how they are come to.
fn parts() -> Vec<(&'static str, Vec<Action>)> {
    let (step, tick) = (Action::Step { who: WHO }, pass(Timers::Punctual));
    let joining = vec![step.clone(), tick.clone(), step.clone()];
    let with = |before: &[Action], more: &[Action]| [before, more].concat();
    let opened = with(&joining, std::slice::from_ref(&step));
    let busy = with(&opened, &[say(), Action::Set { who: WHO, state: StateKind::Small }, say()]);
    let drop = Action::Drop { who: WHO };
    vec![
        ("opening", vec![]),
        ("asked in", vec![step.clone()]),
        ("let in", vec![step, tick]),
        ("joining", joining.clone()),
        ("joining, away", with(&joining, std::slice::from_ref(&drop))),
        ("busy", busy.clone()),
        ("away, with words that wait", with(&busy, std::slice::from_ref(&drop))),
        ("away", with(&opened, &[drop])),
        ("leaving, with words that wait", with(&busy, &[Action::Close { who: WHO }])),
    ]
}

fn happenings() -> Vec<Action> {
    let who = WHO;
    vec![
        Action::Step { who },
        Action::Lag { who },
        Action::Drop { who },
        Action::Return { who, pace: Pace::Prompt, offer: Offer::HONEST },
        Action::Close { who },
        Action::Kick { who },
        say(),
        pass(Timers::Punctual),
        pass(Timers::Overtaken),
        Action::Restore { tells_all: false },
        Action::Drain,
    ]
}

fn say() -> Action {
    Action::Say { who: WHO, frame: ClientSays::Message(Answer::BroadcastAll), id: Some(1) }
}

/// As long as a grace, and so longer than a tick and than what leaving may take.
fn pass(timers: Timers) -> Action {
    Action::Pass { ms: GRACE_MS, timers }
}

fn play(gathers: bool, steps: &[&Action]) -> Result<(), Fault> {
    let limits = Limits::default()
        .announce_at_once(if gathers { 0 } else { 100 })
        .leave_timeout_ms(GRACE_MS)
        .rate(Rate { per_second: 1_000, burst: 1_000 });
    let mut world = World::new(Rng::new(0), limits, !gathers);
    world.grace_ms = GRACE_MS;
    let comer = Comer {
        dialect: Dialect::V1,
        info: StateKind::Small,
        seed: StateKind::Small,
        pace: Pace::Prompt,
        user: Some(1),
    };
    for lag_percent in [0, 100] {
        world.lag_percent = lag_percent;
        world.step_and_check(&Action::Join(comer))?;
    }
    steps.iter().try_for_each(|step| world.step_and_check(step))?;
    world.quiet_down()?;
    world.end(WATCHER, Close::DONE)?;
    world.end(WHO, Close::DONE)?;
    world.quiet_down()?;
    world.check_everybody_left()
}
