//! What runs came upon.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::time::Duration;

/// What happened, and how often each was seen.
#[derive(Debug)]
pub(crate) struct Tally<S> {
    /// Each one thing that a client, the app, the network or the clock did.
    pub(crate) events: u64,
    runs: u64,
    seen: BTreeMap<S, u64>,
}

impl<S> Default for Tally<S> {
    fn default() -> Self {
        Self { events: 0, runs: 0, seen: BTreeMap::new() }
    }
}

impl<S: Ord + Copy> Tally<S> {
    pub(crate) fn count(&mut self, seen: S) {
        *self.seen.entry(seen).or_default() += 1;
    }

    pub(crate) fn extend(&mut self, seen: impl IntoIterator<Item = S>) {
        seen.into_iter().for_each(|seen| self.count(seen));
    }

    /// Takes one run's, or some runs', into all.
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.runs += other.runs.max(1);
        for (seen, times) in &other.seen {
            *self.seen.entry(*seen).or_default() += times;
        }
    }

    /// What was never seen.
    pub(super) fn never(&self, all: &[S]) -> Vec<S> {
        all.iter().copied().filter(|seen| !self.seen.contains_key(seen)).collect()
    }

    /// How many they were in that time.
    pub(super) fn rate(&self, time: Duration) -> String {
        let (events, seconds) = (self.events as f64, time.as_secs_f64());
        format!("{} runs, {} events, {:.0} a second", self.runs, self.events, events / seconds.max(0.001))
    }
}

impl<S: Debug> fmt::Display for Tally<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs, {} events, and in them", self.runs, self.events)?;
        self.seen.iter().try_for_each(|(seen, times)| write!(f, "\n  {times:>12}  {seen:?}"))
    }
}
