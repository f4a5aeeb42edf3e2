//! Plays many seeds, on every core.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::ask::Ask;
use super::{Broken, Simulator, Steps, Tally};

/// So often somebody who waits is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(10);

type Outcome<S> = Result<Tally<<S as Simulator>::Seen>, (u64, Box<Broken>)>;

/// What they came upon, or the failure of the lowest seed that fails.
pub(super) fn play<S: Simulator>(simulator: &S, ask: &Ask) -> Outcome<S> {
    let (first, end, time) = match *ask {
        Ask::One { seed, .. } => (seed, seed + 1, None),
        Ask::Under(runs) => (0, runs, None),
        Ask::For { first, time } => (first, u64::MAX, Some(time)),
    };
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let (tells, told) = channel();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (tells, next, stop) = (tells.clone(), &next, &stop);
            scope.spawn(move || play_some(simulator, (next, end), stop, &tells));
        }
        drop(tells);
        gather::<S>(&told, &stop, time)
    })
}

/// Takes one seed after another. They are handed out in order, so all below one that failed are played to their end.
fn play_some<S: Simulator>(
    simulator: &S,
    (next, end): (&AtomicU64, u64),
    stop: &AtomicBool,
    tells: &Sender<Outcome<S>>,
) {
    while !stop.load(Ordering::Relaxed) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        let outcome = simulator.play(seed, &Steps::all()).map_err(|broken| (seed, broken));
        if outcome.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        // Whoever gathers is gone where another thread panicked.
        if tells.send(outcome).is_err() {
            return;
        }
    }
}

fn gather<S: Simulator>(told: &Receiver<Outcome<S>>, stop: &AtomicBool, time: Option<Duration>) -> Outcome<S> {
    let began = Instant::now();
    let (mut tally, mut failures, mut shown) = (Tally::default(), Vec::new(), began);
    loop {
        match told.recv_timeout(TOLD_EVERY) {
            Ok(Ok(seen)) => tally.add(&seen),
            Ok(Err(failure)) => failures.push(failure),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if time.is_some_and(|time| began.elapsed() >= time) {
            stop.store(true, Ordering::Relaxed);
        }
        if time.is_some() && shown.elapsed() >= TOLD_EVERY {
            println!("{}", tally.rate(began.elapsed()));
            shown = Instant::now();
        }
    }
    match failures.into_iter().min_by_key(|(seed, _)| *seed) {
        Some(failure) => Err(failure),
        None => {
            println!("{}", tally.rate(began.elapsed()));
            Ok(tally)
        }
    }
}
