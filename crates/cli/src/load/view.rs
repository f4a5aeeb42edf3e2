//! What is seen while it runs: a line that is written anew, where somebody looks at a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;
use super::report::{grouped, millis};
use super::tally::Tally;
use crate::failure::Failure;

pub(super) struct View {
    is_seen: bool,
    members: u32,
    shown: Mutex<Option<Instant>>,
}

/// As often as an eye wants it.
const ANEW: Duration = Duration::from_millis(250);

impl View {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { is_seen: io::stderr().is_terminal(), members: plan.members, shown: Mutex::default() }
    }

    pub(super) fn show(&self, tally: &Tally) -> Result<(), Failure> {
        if !self.is_seen || !self.is_time() {
            return Ok(());
        }
        let line = line(tally, self.members)?;
        write!(io::stderr().lock(), "\r\x1b[K{line}").map_err(|error| Failure::output(&error))
    }

    fn is_time(&self) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = shown.is_none_or(|shown| shown.elapsed() >= ANEW);
        if is_time {
            *shown = Some(Instant::now());
        }
        is_time
    }

    pub(super) fn end(&self) {
        if self.is_seen {
            // What stays is a line of its own; where nobody can be shown it, nothing is lost.
            let _nobody_looks = writeln!(io::stderr().lock());
        }
    }
}

fn line(tally: &Tally, members: u32) -> Result<String, Failure> {
    let load = |counter: &std::sync::atomic::AtomicU64| grouped(counter.load(Ordering::Relaxed));
    let latency = tally.latency()?;
    let mut line = format!(
        "{:>4} s  members {}/{}  said {}  delivered {}  p50 {} ms  p99 {} ms",
        tally.elapsed().as_secs(),
        grouped(tally.open.load(Ordering::Relaxed).into()),
        grouped(members.into()),
        load(&tally.said),
        load(&tally.came),
        millis(latency.value_at_quantile(0.5)),
        millis(latency.value_at_quantile(0.99)),
    );
    for (kind, times) in tally.errors() {
        line.push_str(&format!("  {kind} ×{}", grouped(times)));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_it_goes() {
        let tally = Tally::new(3).unwrap();
        tally.open.store(2, Ordering::Relaxed);
        tally.said.store(1_500, Ordering::Relaxed);
        tally.came.store(1_490, Ordering::Relaxed);
        tally.error("closed 1006");
        let line = line(&tally, 3).unwrap();
        let (_, behind_the_time) = line.split_once(" s  ").unwrap();
        assert_eq!(behind_the_time, "members 2/3  said 1,500  delivered 1,490  p50 0.0 ms  p99 0.0 ms  closed 1006 ×1");
    }
}
