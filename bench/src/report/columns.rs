//! The columns of a scenario's tables: what a server showed, and what the first one showed as a ratio to that.

use crate::figures::{Figures, Latency, Spread, ratio};
use crate::flood::Flood;
use crate::probe::system_calls::SystemCalls;
use crate::run::Row;
use crate::scenario::Family;

/// One column.
pub(super) struct Column {
    pub(super) heading: &'static str,
    of: fn(&Figures) -> Option<f64>,
    shown: Shown,
    /// Whether a ratio of two servers says something.
    pub(super) is_compared: bool,
}

/// How a column's numbers are written.
#[derive(Clone, Copy)]
enum Shown {
    /// With so many digits, and the smallest and the largest beside it.
    Range(usize),
    /// With so many digits.
    Digits(usize),
    /// `12,345`.
    Thousands,
    /// `12%`.
    Percent,
}

impl Column {
    const fn compared(heading: &'static str, of: fn(&Figures) -> Option<f64>, shown: Shown) -> Self {
        Self { heading, of, shown, is_compared: true }
    }

    const fn alone(heading: &'static str, of: fn(&Figures) -> Option<f64>, shown: Shown) -> Self {
        Self { heading, of, shown, is_compared: false }
    }

    /// What stands in this column for a server.
    pub(super) fn cell(&self, row: &Row) -> Option<String> {
        let spread = Spread::of(row.slots.iter().filter_map(self.of))?;
        let median = spread.median;
        Some(match self.shown {
            Shown::Range(digits) => with_range(spread, digits),
            Shown::Digits(digits) => format!("{median:.digits$}"),
            Shown::Thousands => thousands(median),
            Shown::Percent => percent(median),
        })
    }

    /// What `first` showed in this column, divided by what this server showed, round by round.
    pub(super) fn ratio(&self, first: &Row, row: &Row) -> Option<String> {
        ratio(&first.slots, &row.slots, self.of).map(|spread| with_range(spread, 2))
    }
}

/// The columns of this family's tables.
pub(super) fn of(family: Family) -> &'static [Column] {
    match family {
        Family::FanOut | Family::Window | Family::Deflate | Family::Publish => FAN_OUT,
        Family::Cluster => CLUSTER,
        Family::ClusterCursors => CLUSTER_CURSORS,
        Family::Arrivals => ARRIVALS,
        Family::Nodes => NODES,
        Family::IdleNodes => IDLE_NODES,
        Family::Cursors => CURSORS,
        Family::Joins => JOINS,
        Family::Storm => STORM,
        Family::Idle | Family::IdleListeners => IDLE,
        Family::Wakes => WAKES,
        Family::Stalled => STALLED,
        Family::Neighbour => NEIGHBOUR,
        Family::Floods => FLOODS,
        Family::SystemCalls => SYSTEM_CALLS,
        Family::Functions => FUNCTIONS,
    }
}

const CPU: Column = Column::compared("CPU a delivery, µs", Figures::cpu_per_delivery, Shown::Range(2));
const P99: Column = Column::compared("p99, ms", |figures| latency(figures, |latency| latency.p99), Shown::Range(1));
const CORES: Column = Column::compared("cores", Figures::cores, Shown::Digits(2));
const WAITED: Column = Column::alone("waited", Figures::waited, Shown::Percent);
const GENERATOR: Column = Column::alone("generator's cores", Figures::generator_cores, Shown::Digits(2));

const FAN_OUT: &[Column] = &[
    CPU,
    Column::compared("user, µs", |figures| of_cpu(figures, figures.user_share?), Shown::Digits(2)),
    Column::compared("system, µs", |figures| of_cpu(figures, 1.0 - figures.user_share?), Shown::Digits(2)),
    Column::compared("deliveries/s", Figures::rate, Shown::Thousands),
    Column::compared("p50, ms", |figures| latency(figures, |latency| latency.p50), Shown::Digits(1)),
    P99,
    Column::compared("p99.9, ms", |figures| latency(figures, |latency| latency.p999), Shown::Digits(1)),
    Column::compared("B a delivery", Figures::bytes_per_delivery, Shown::Digits(0)),
    WAITED,
    GENERATOR,
];

const CURSORS: &[Column] = &[
    Column::compared("states delivered", Figures::delivered, Shown::Percent),
    CORES,
    Column::compared("age p50, ms", |figures| latency(figures, |latency| latency.p50), Shown::Digits(1)),
    Column::compared("age p99, ms", |figures| latency(figures, |latency| latency.p99), Shown::Range(1)),
    Column::compared("CPU a state, µs", Figures::cpu_per_delivery, Shown::Range(3)),
    Column::compared("MB/s", megabytes_a_second, Shown::Digits(1)),
    WAITED,
    GENERATOR,
];

const BROKER: Column = Column::alone("broker's CPU a delivery, µs", Figures::broker_cpu_per_delivery, Shown::Range(3));
const HERE: Column = Column::alone("p50 at its node, ms", |figures| Some(figures.here?.p50), Shown::Range(2));
const ELSEWHERE: Column = Column::alone("p50 elsewhere, ms", |figures| Some(figures.elsewhere?.p50), Shown::Range(2));

const CLUSTER: &[Column] = &[
    CPU,
    BROKER,
    Column::compared("p50, ms", |figures| latency(figures, |latency| latency.p50), Shown::Digits(2)),
    P99,
    HERE,
    ELSEWHERE,
    Column::alone("hop at p50, ms", Figures::hop, Shown::Range(2)),
    WAITED,
    GENERATOR,
];

const CLUSTER_CURSORS: &[Column] = &[
    Column::compared("states delivered", Figures::delivered, Shown::Percent),
    CORES,
    Column::compared("CPU a state, µs", Figures::cpu_per_delivery, Shown::Range(3)),
    BROKER,
    Column::compared("age p50, ms", |figures| latency(figures, |latency| latency.p50), Shown::Digits(1)),
    Column::compared("age p99, ms", |figures| latency(figures, |latency| latency.p99), Shown::Range(1)),
    HERE,
    ELSEWHERE,
    WAITED,
    GENERATOR,
];

const ARRIVALS: &[Column] = &[
    HERE,
    Column::alone("p99 at its node, ms", |figures| Some(figures.here?.p99), Shown::Range(2)),
    ELSEWHERE,
    Column::alone("p99 elsewhere, ms", |figures| Some(figures.elsewhere?.p99), Shown::Range(2)),
    WAITED,
    GENERATOR,
];

const NODES: &[Column] = &[
    Column::alone("until all rosters are right, s", |figures| figures.ready_seconds, Shown::Range(2)),
    Column::alone("all nodes' CPU, s", |figures| Some(figures.cpu_seconds), Shown::Range(2)),
    WAITED,
    GENERATOR,
];

const IDLE_NODES: &[Column] = &[
    Column::alone("B/s that a node says", Figures::said_a_second, Shown::Thousands),
    Column::alone("all nodes' cores", Figures::cores, Shown::Digits(4)),
];

const JOINS: &[Column] = &[
    Column::compared("until all rosters are right, s", |figures| figures.ready_seconds, Shown::Range(2)),
    Column::compared("server CPU, s", |figures| Some(figures.cpu_seconds), Shown::Range(2)),
    Column::alone("of that, user", |figures| figures.user_share, Shown::Percent),
    Column::compared("MB", |figures| Some(figures.bytes as f64 / 1e6), Shown::Digits(1)),
    WAITED,
    GENERATOR,
];

const STORM: &[Column] = &[
    Column::alone("until all rosters are right, s", |figures| figures.ready_seconds, Shown::Range(2)),
    Column::alone("server CPU, s", |figures| Some(figures.cpu_seconds), Shown::Range(2)),
    Column::alone("of that, user", |figures| figures.user_share, Shown::Percent),
    Column::alone("MB", |figures| Some(figures.bytes as f64 / 1e6), Shown::Digits(1)),
    Column::alone("messages delivered", Figures::delivered, Shown::Percent),
    WAITED,
    GENERATOR,
];

const IDLE: &[Column] = &[
    Column::compared("B a connection", |figures| figures.memory_per_connection, Shown::Thousands),
    Column::alone("cores while idle", Figures::cores, Shown::Digits(4)),
    Column::compared("CPU a connection and second, µs", Figures::cpu_per_connection, Shown::Digits(2)),
];

const WAKES: &[Column] = &[
    Column::alone("loads a second", values_a_second, Shown::Range(1)),
    Column::alone("all are right after, ms", |figures| Some(figures.ready_seconds? * 1e3), Shown::Range(0)),
    CORES,
    WAITED,
    GENERATOR,
];

const STALLED: &[Column] = &[
    Column::alone("p99 before, ms", |figures| undisturbed(figures, |latency| latency.p99), Shown::Range(1)),
    Column::compared("p99 with it, ms", |figures| latency(figures, |latency| latency.p99), Shown::Range(1)),
    Column::alone(
        "with ÷ before",
        |figures| Some(latency(figures, |latency| latency.p99)? / undisturbed(figures, |latency| latency.p99)?),
        Shown::Range(2),
    ),
    Column::alone("memory grew by, MiB", |figures| Some(figures.memory_growth? / f64::from(1 << 20)), Shown::Range(2)),
    WAITED,
    GENERATOR,
];

const NEIGHBOUR: &[Column] = &[
    Column::alone("p50 alone, ms", |figures| undisturbed(figures, |latency| latency.p50), Shown::Range(2)),
    Column::compared("p50 beside it, ms", |figures| latency(figures, |latency| latency.p50), Shown::Range(2)),
    Column::alone("p50 later by, ms", |figures| figures.delay(|latency| latency.p50), Shown::Range(2)),
    Column::alone("p99 alone, ms", |figures| undisturbed(figures, |latency| latency.p99), Shown::Range(2)),
    Column::compared("p99 beside it, ms", |figures| latency(figures, |latency| latency.p99), Shown::Range(2)),
    Column::alone("p99 later by, ms", |figures| figures.delay(|latency| latency.p99), Shown::Range(2)),
    CORES,
    WAITED,
    GENERATOR,
];

const FLOODS: &[Column] = &[
    Column::alone("p50 alone, ms", |figures| latency(figures, |latency| latency.p50), Shown::Digits(2)),
    Column::alone("p99 alone", |figures| latency(figures, |latency| latency.p99), Shown::Digits(2)),
    Column::compared("p50, pings", |figures| p50(figures, Flood::Pings), Shown::Digits(2)),
    Column::compared("p99, pings", |figures| p99(figures, Flood::Pings), Shown::Digits(2)),
    Column::compared("p50, pongs", |figures| p50(figures, Flood::Pongs), Shown::Digits(2)),
    Column::compared("p99, pongs", |figures| p99(figures, Flood::Pongs), Shown::Digits(2)),
    Column::compared("p50, fragments", |figures| p50(figures, Flood::Continuations), Shown::Digits(2)),
    Column::compared("p99, fragments", |figures| p99(figures, Flood::Continuations), Shown::Digits(2)),
    Column::compared("p50, messages", |figures| p50(figures, Flood::Talkers), Shown::Digits(2)),
    Column::compared("p99, messages", |figures| p99(figures, Flood::Talkers), Shown::Digits(2)),
    Column::compared("p50, deflate", |figures| p50(figures, Flood::Deflate), Shown::Digits(2)),
    Column::compared("p99, deflate", |figures| p99(figures, Flood::Deflate), Shown::Digits(2)),
    Column::alone("busy after they left, s", longest_busy, Shown::Digits(2)),
];

const SYSTEM_CALLS: &[Column] = &[
    Column::compared("writes a delivery", |figures| calls(figures, |calls| calls.writes), Shown::Digits(4)),
    Column::compared("reads a delivery", |figures| calls(figures, |calls| calls.reads), Shown::Digits(4)),
    Column::compared("system calls a delivery", |figures| calls(figures, |calls| calls.all), Shown::Digits(4)),
];

const FUNCTIONS: &[Column] = &[
    Column::alone("in the kernel", |figures| Some(figures.functions.as_ref()?.kernel), Shown::Percent),
    Column::alone("in user space", |figures| Some(1.0 - figures.functions.as_ref()?.kernel), Shown::Percent),
    CPU,
];

fn latency(figures: &Figures, percentile: fn(Latency) -> f64) -> Option<f64> {
    figures.latency.map(percentile)
}

fn p50(figures: &Figures, flood: Flood) -> Option<f64> {
    figures.under(flood)?.latency.map(|latency| latency.p50)
}

fn p99(figures: &Figures, flood: Flood) -> Option<f64> {
    figures.under(flood)?.latency.map(|latency| latency.p99)
}

fn longest_busy(figures: &Figures) -> Option<f64> {
    figures.floods.iter().map(|under| under.busy_seconds).max_by(f64::total_cmp)
}

/// Each load finds another value, so each listener hears of each.
fn values_a_second(figures: &Figures) -> Option<f64> {
    Some(figures.rate()? / figures.connections? as f64)
}

fn undisturbed(figures: &Figures, percentile: fn(Latency) -> f64) -> Option<f64> {
    figures.undisturbed.map(percentile)
}

fn of_cpu(figures: &Figures, share: f64) -> Option<f64> {
    Some(figures.cpu_per_delivery()? * share)
}

fn megabytes_a_second(figures: &Figures) -> Option<f64> {
    (figures.seconds > 0.0).then(|| figures.bytes as f64 / 1e6 / figures.seconds)
}

fn calls(figures: &Figures, of: fn(SystemCalls) -> u64) -> Option<f64> {
    let calls = of(figures.system_calls?) as f64;
    (figures.deliveries > 0).then(|| calls / figures.deliveries as f64)
}

/// `4.2%`.
pub(super) fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

/// `1.02 (0.98–1.10)`.
fn with_range(spread: Spread, digits: usize) -> String {
    let Spread { median, min, max } = spread;
    if min == max {
        format!("{median:.digits$}")
    } else {
        format!("{median:.digits$} ({min:.digits$}–{max:.digits$})")
    }
}

/// `12,345`.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value <= -0.5 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(-1_000.0), "-1,000");
        assert_eq!(with_range(Spread { median: 1.0, min: 0.5, max: 2.0 }, 2), "1.00 (0.50–2.00)");
        assert_eq!(with_range(Spread { median: 1.0, min: 1.0, max: 1.0 }, 1), "1.0");
    }
}
