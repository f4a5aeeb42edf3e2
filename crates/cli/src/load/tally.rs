//! What all members have counted, and when each thing was due.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::deliveries::{Deliveries, News};
use super::mark::Said;
use crate::failure::Failure;

/// Shared by all members. What is counted per delivery is each observer's own.
#[derive(Debug)]
pub(super) struct Tally {
    began: Instant,
    pub(super) open: AtomicU32,
    /// Was in the room at least once.
    pub(super) joined: AtomicU32,
    /// Was closed for good.
    pub(super) over: AtomicU32,
    pub(super) said: AtomicU64,
    /// Frames that came, whoever counts what is in them.
    pub(super) frames: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) came: AtomicU64,
    /// Came back as who they were, with all that they missed.
    pub(super) resumed: AtomicU64,
    /// Were told that they missed something.
    pub(super) told_of_gap: AtomicU64,
    /// Not said: too much was unanswered, or there was no connection.
    pub(super) held_back: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
    latency: Vec<Mutex<Histogram<u64>>>,
    senders: Vec<Sender>,
}

/// What a sender has said.
#[derive(Debug)]
struct Sender {
    said: AtomicU32,
    /// Of those, what the server said that it did not handle.
    refused: AtomicU32,
    /// In microseconds, of the latest.
    due: [AtomicU64; REMEMBERED],
}

/// Whatever is older than so many of its sender's is older than any latency that matters.
const REMEMBERED: usize = 128;

/// A minute, in microseconds; what took longer is as long.
const LONGEST: u64 = 60_000_000;

/// More locks than threads.
const SHARDS: usize = 16;

/// So many kinds of errors are told apart.
const KINDS: usize = 100;

impl Tally {
    pub(super) fn new(members: u32) -> Result<Self, Failure> {
        let sender = |_| Sender {
            said: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            due: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        let latency = (0..SHARDS).map(|_| latencies().map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self {
            began: Instant::now(),
            open: AtomicU32::new(0),
            joined: AtomicU32::new(0),
            over: AtomicU32::new(0),
            said: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            came: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            told_of_gap: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
            errors: Mutex::default(),
            latency,
            senders: (0..members).map(sender).collect(),
        })
    }

    /// The next of a sender's, which was due then. Before it is sent: it may come back at once.
    pub(super) fn say(&self, sender: u32, due: Instant) -> Option<Said> {
        let of = self.senders.get(sender as usize)?;
        let nth = of.said.fetch_add(1, Ordering::Relaxed) + 1;
        let micros = u64::try_from(due.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX);
        of.due[nth as usize % REMEMBERED].store(micros, Ordering::Release);
        self.said.fetch_add(1, Ordering::Relaxed);
        Some(Said { sender, nth })
    }

    pub(super) fn refused(&self, sender: u32) {
        if let Some(of) = self.senders.get(sender as usize) {
            of.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether it was said in this run, so that nobody else's is taken for it.
    pub(super) fn is_known(&self, said: Said) -> bool {
        self.senders.get(said.sender as usize).is_some_and(|of| said.nth <= of.said.load(Ordering::Relaxed))
    }

    /// How many of a sender's were said and not refused.
    fn accepted(&self, sender: u32) -> u32 {
        let of = &self.senders[sender as usize];
        of.said.load(Ordering::Relaxed).saturating_sub(of.refused.load(Ordering::Relaxed))
    }

    fn said_by(&self, sender: u32) -> u32 {
        self.senders[sender as usize].said.load(Ordering::Relaxed)
    }

    /// What an observer read in one frame; `others` are its own things left out.
    pub(super) fn read(&self, observer: u32, said: &[(Said, News)]) {
        let new = said.iter().filter(|(_, news)| *news == News::New);
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut latency = locked(&self.latency[observer as usize % SHARDS]);
        let mut came = 0;
        for (said, _) in new {
            came += 1;
            if let Some(of) = self.senders.get(said.sender as usize)
                && of.said.load(Ordering::Relaxed).saturating_sub(said.nth) < REMEMBERED as u32
            {
                let due = of.due[said.nth as usize % REMEMBERED].load(Ordering::Acquire);
                // It is bounded by the longest, so it can be recorded.
                latency.saturating_record(now.saturating_sub(due).min(LONGEST));
            }
        }
        self.came.fetch_add(came, Ordering::Relaxed);
    }

    pub(super) fn error(&self, kind: &str) {
        let mut errors = locked(&self.errors);
        let is_room = errors.len() < KINDS || errors.contains_key(kind);
        *errors.entry(if is_room { kind.to_owned() } else { "others".to_owned() }).or_default() += 1;
    }

    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        locked(&self.errors).clone()
    }

    /// All together, in microseconds.
    pub(super) fn latency(&self) -> Result<Histogram<u64>, Failure> {
        let mut all = latencies()?;
        for shard in &self.latency {
            all.add(&*locked(shard)).map_err(|error| Failure::new(error, "report this"))?;
        }
        Ok(all)
    }

    /// Messages that did not come to an observer, of all others'.
    pub(super) fn lost(&self, observer: u32, deliveries: &Deliveries) -> u64 {
        self.others(observer).map(|sender| u64::from(deliveries.lost(sender, self.accepted(sender)))).sum()
    }

    /// Members whose last state did not come to an observer.
    pub(super) fn stale(&self, observer: u32, deliveries: &Deliveries) -> u64 {
        let stale = self.others(observer).filter(|sender| !deliveries.is_current(*sender, self.said_by(*sender)));
        stale.count() as u64
    }

    /// What an observer is to get of all others.
    pub(super) fn expected(&self, observer: u32) -> u64 {
        self.others(observer).map(|sender| u64::from(self.accepted(sender))).sum()
    }

    fn others(&self, observer: u32) -> impl Iterator<Item = u32> {
        (0..self.senders.len() as u32).filter(move |sender| *sender != observer)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Two digits, up to a minute.
fn latencies() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, LONGEST, 2).map_err(|error| Failure::new(error, "report this"))
}

/// Whoever panicked with it has only counted.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_expected_and_what_others_said_last_is() {
        let tally = Tally::new(3).unwrap();
        let said: Vec<_> = [0, 1, 1].iter().filter_map(|sender| tally.say(*sender, Instant::now())).collect();
        assert_eq!(said[2], Said { sender: 1, nth: 2 });
        let mut deliveries = Deliveries::default();
        let counted = |deliveries: &Deliveries| {
            (tally.expected(2), tally.lost(2, deliveries), tally.stale(2, deliveries), tally.expected(1))
        };
        assert_eq!(counted(&deliveries), (3, 3, 2, 1));
        tally.refused(1);
        deliveries.message(said[0]);
        assert_eq!(counted(&deliveries), (2, 1, 1, 1));
        deliveries.message(said[2]);
        assert_eq!(counted(&deliveries), (2, 0, 0, 1));
        assert!(tally.is_known(said[2]) && !tally.is_known(Said { sender: 1, nth: 3 }));
    }

    #[test]
    fn kinds_of_errors_are_counted_within_a_bound() {
        let tally = Tally::new(2).unwrap();
        (0..KINDS + 5).for_each(|kind| tally.error(&kind.to_string()));
        tally.error("0");
        let errors = tally.errors();
        assert_eq!((errors.len(), errors["0"], errors["others"]), (KINDS + 1, 2, 5));
    }
}
