//! What came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::asked::Pattern;
use super::plan::Plan;
use super::tally::Tally;
use crate::failure::Failure;

/// What observers got, all together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Delivered {
    /// All that others said and the server did not refuse. Of states it may leave out those that are not the latest.
    pub(super) expected: u64,
    /// Different ones that came.
    pub(super) came: u64,
    /// Messages that did not come.
    pub(super) lost: u64,
    /// Messages that came twice.
    pub(super) doubled: u64,
    /// What came after something newer of the same sender.
    pub(super) reordered: u64,
    /// Of how many members, at how many observers, the last state did not come.
    pub(super) stale: u64,
}

impl Delivered {
    pub(super) fn missing(&self) -> u64 {
        self.lost + self.stale
    }
}

/// In microseconds, from when something was due to be said until an observer had read it.
#[derive(Debug, Serialize)]
struct Latency {
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    address: String,
    pattern: Pattern,
    dialect: &'static str,
    members: u32,
    joined: u32,
    observers: u32,
    rate: f64,
    seconds: f64,
    said: u64,
    /// Was due and not said: no connection, or 64 messages without an answer.
    held_back: u64,
    delivered: Delivered,
    latency_us: Latency,
    frames: u64,
    bytes: u64,
    /// Came back as who they were, and missed nothing.
    resumed: u64,
    /// Came back, or stayed, and were told that something may be missing.
    told_of_gap: u64,
    errors: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn new(
        address: String,
        plan: &Plan,
        tally: &Tally,
        delivered: Delivered,
        spoke: Duration,
    ) -> Result<Self, Failure> {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let latency = tally.latency()?;
        let at = |quantile| latency.value_at_quantile(quantile);
        Ok(Self {
            address,
            pattern: plan.pattern,
            dialect: if plan.is_plain { "plain" } else { "roomful.v1" },
            members: plan.members,
            joined: tally.joined.load(Ordering::Relaxed),
            observers: plan.observers,
            rate: plan.rate,
            seconds: spoke.as_secs_f64(),
            said: count(&tally.said),
            held_back: count(&tally.held_back),
            delivered,
            latency_us: Latency { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: latency.max() },
            frames: count(&tally.frames),
            bytes: count(&tally.bytes),
            resumed: count(&tally.resumed),
            told_of_gap: count(&tally.told_of_gap),
            errors: tally.errors(),
        })
    }

    /// Everybody got in, and everything came once and in order.
    pub(super) fn is_sound(&self) -> bool {
        let Delivered { lost, doubled, reordered, stale, .. } = self.delivered;
        self.joined == self.members && lost + doubled + reordered + stale == 0
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("# Load on {}\n\n| | |\n|---|---|\n", self.address);
        for (name, value) in self.rows() {
            // A string takes all that is written to it.
            let _written = writeln!(text, "| {name} | {value} |");
        }
        text
    }

    fn rows(&self) -> Vec<(String, String)> {
        let Delivered { expected, came, lost, doubled, reordered, stale } = self.delivered;
        let what = match self.pattern {
            Pattern::Cursors => "states",
            Pattern::Chat | Pattern::Broadcast => "messages",
        };
        let whose = match self.pattern {
            Pattern::Cursors => "a member",
            Pattern::Chat => "of all in turn",
            Pattern::Broadcast => "of one",
        };
        let share = if expected == 0 { 100.0 } else { came as f64 / expected as f64 * 100.0 };
        let Latency { p50, p90, p99, max } = self.latency_us;
        let times = [p50, p90, p99, max].map(millis).join(", ");
        let mut rows = vec![
            (
                "members".to_owned(),
                format!("{} of {}, {}", grouped(self.joined.into()), grouped(self.members.into()), self.dialect),
            ),
            (
                format!("{what} said"),
                format!("{} in {:.1} s ({} a second {whose})", grouped(self.said), self.seconds, self.rate),
            ),
            ("not said in time".to_owned(), grouped(self.held_back)),
            (
                format!("{what} delivered"),
                format!(
                    "{} of {} ({share:.1}%), at {} observers",
                    grouped(came),
                    grouped(expected),
                    grouped(self.observers.into())
                ),
            ),
            ("p50, p90, p99, longest".to_owned(), format!("{times} ms")),
        ];
        match self.pattern {
            Pattern::Cursors => rows.push(("last states that did not come".to_owned(), grouped(stale))),
            Pattern::Chat | Pattern::Broadcast => {
                rows.push(("lost".to_owned(), grouped(lost)));
                rows.push(("doubled".to_owned(), grouped(doubled)));
            }
        }
        rows.push(("out of order".to_owned(), grouped(reordered)));
        rows.push(("frames received, bytes".to_owned(), format!("{}, {}", grouped(self.frames), grouped(self.bytes))));
        rows.push((
            "came back, told of a gap".to_owned(),
            format!("{}, {}", grouped(self.resumed), grouped(self.told_of_gap)),
        ));
        rows.extend(self.errors.iter().map(|(kind, times)| (format!("error: {kind}"), grouped(*times))));
        rows
    }
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Of microseconds.
pub(super) fn millis(micros: u64) -> String {
    format!("{:.1}", micros as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_to_be_read() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(millis(1_250), "1.2");
    }
}
