//! Rooms in virtual time: the real engine, outbox and intake between clients that believe nothing.
//!
//! Every run is drawn from one number, its seed: members of both dialects join, leave, talk, move and drop at random, lose
//! their sockets and come back with others, are removed, read promptly, slowly or not at all; the app's code for them takes
//! its time; the room is put away and restored under them, or its process stops. After every step each client that has
//! read all there is must hold the roster that the server holds, every client must have seen each message once and in
//! order, over all its sockets, or have been told that it did not, what it says must be handled once, every life must be where the roster says, and no frame may break what the protocol promises. A run that fails
//! prints its seed; with it `ROOMFUL_SIM_SEED=<seed> cargo test -p roomful-core --test simulator` plays it again and prints
//! every step.
//! `ROOMFUL_SIM_RUNS=<n>` plays the seeds under n. How many events they were is printed (`-- --nocapture` shows it).

#[macro_use]
mod fault;
mod act;
mod client;
mod deliver;
mod door;
mod lane;
mod ledger;
mod lives;
mod member;
mod plan;
mod races;
mod rng;
mod run;
mod say;
mod sessions;
mod socket;
mod tally;
mod users;
mod view;
mod world;

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use run::{Failure, play};
use tally::Tally;

const RUNS: u64 = 900;
const STEPS_SHOWN: usize = 20;

#[test]
fn what_every_member_sees_is_what_happened() {
    if let Err(broken) = play_as_asked() {
        panic!("{broken}");
    }
}

fn play_as_asked() -> Result<(), String> {
    if let Some(seed) = number_from_env("ROOMFUL_SIM_SEED")? {
        return play(seed).map(drop).map_err(|failure| failure.report(usize::MAX));
    }
    let runs = number_from_env("ROOMFUL_SIM_RUNS")?.unwrap_or(RUNS);
    let tally = play_all(runs).map_err(|failure| failure.report(STEPS_SHOWN))?;
    println!("the seeds under {runs}: {} events", tally.events);
    let never = tally.never();
    if runs >= RUNS && !never.is_empty() {
        return Err(format!("no run came upon {never:?}"));
    }
    Ok(())
}

/// Plays the seeds under `runs` on every core; the failure of the lowest seed is the one that counts.
fn play_all(runs: u64) -> Result<Tally, Box<Failure>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let outcomes: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || play_some((first..runs).step_by(threads as usize)))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(seen) => tally.add(&seen),
            Err(failure) => failures.push(failure),
        }
    }
    failures.into_iter().min_by_key(|failure| failure.seed).map_or(Ok(tally), Err)
}

fn play_some(seeds: impl Iterator<Item = u64>) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally::default();
    for seed in seeds {
        tally.add(&play(seed)?);
    }
    Ok(tally)
}

fn number_from_env(name: &str) -> Result<Option<u64>, String> {
    let Ok(value) = std::env::var(name) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| format!("{name} is a whole number, not {value:?}"))
}
