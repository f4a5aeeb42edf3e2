//! The columns of a scenario's table.

use crate::figures::{Figures, Latency, Spread, ratio};
use crate::probe::system_calls::SystemCalls;
use crate::run::Row;
use crate::scenario::Family;

/// One column: its heading, and what stands in it for a server. The first row is the one whose ratios are taken.
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) cell: fn(row: &Row, first: &Row) -> Option<String>,
}

/// The columns of this family's tables.
pub(super) fn of(family: Family) -> &'static [Column] {
    match family {
        Family::FanOut | Family::Window => FAN_OUT,
        Family::Cursors => CURSORS,
        Family::Joins => JOINS,
        Family::Idle => IDLE,
        Family::Stalled => STALLED,
        Family::Deflate => DEFLATE,
        Family::SystemCalls => SYSTEM_CALLS,
        Family::Functions => FUNCTIONS,
    }
}

const CPU: Column = Column {
    heading: "CPU a delivery, µs",
    cell: |row, _| spread(row, Figures::cpu_per_delivery).map(|spread| with_range(spread, 2)),
};
const CPU_RATIO: Column = Column {
    heading: "first ÷ this, CPU",
    cell: |row, first| ratio(&first.slots, &row.slots, Figures::cpu_per_delivery).map(|spread| with_range(spread, 2)),
};
const USER: Column = Column {
    heading: "user",
    cell: |row, _| spread(row, |figures| figures.user_share).map(|spread| format!("{:.0}%", spread.median * 100.0)),
};
const BYTES: Column = Column {
    heading: "B a delivery",
    cell: |row, _| spread(row, Figures::bytes_per_delivery).map(|spread| format!("{:.0}", spread.median)),
};
const P50: Column = Column {
    heading: "p50, ms",
    cell: |row, _| spread(row, at(|latency| latency.p50)).map(|spread| short(spread.median)),
};
const P99: Column = Column {
    heading: "p99, ms",
    cell: |row, _| spread(row, at(|latency| latency.p99)).map(|spread| with_range(spread, 1)),
};
const P999: Column = Column {
    heading: "p99.9, ms",
    cell: |row, _| spread(row, at(|latency| latency.p999)).map(|spread| short(spread.median)),
};
const CORES: Column = Column {
    heading: "cores",
    cell: |row, _| spread(row, Figures::cores).map(|spread| format!("{:.2}", spread.median)),
};
const WAITED: Column = Column {
    heading: "waited",
    cell: |row, _| spread(row, Figures::waited).map(|spread| format!("{:.0}%", spread.median * 100.0)),
};
const GENERATOR: Column = Column {
    heading: "generator's cores",
    cell: |row, _| spread(row, Figures::generator_cores).map(|spread| format!("{:.2}", spread.median)),
};

const FAN_OUT: &[Column] = &[
    CPU,
    CPU_RATIO,
    USER,
    Column {
        heading: "deliveries/s",
        cell: |row, _| spread(row, Figures::rate).map(|spread| thousands(spread.median)),
    },
    P50,
    P99,
    P999,
    BYTES,
    WAITED,
    GENERATOR,
];

const CURSORS: &[Column] = &[
    Column {
        heading: "states delivered",
        cell: |row, _| spread(row, Figures::delivered).map(|spread| format!("{:.1}%", spread.median * 100.0)),
    },
    CORES,
    Column { heading: "age p50, ms", cell: P50.cell },
    Column { heading: "age p99, ms", cell: P99.cell },
    Column {
        heading: "CPU a state, µs",
        cell: |row, _| spread(row, Figures::cpu_per_delivery).map(|spread| with_range(spread, 3)),
    },
    CPU_RATIO,
    Column {
        heading: "MB/s",
        cell: |row, _| {
            spread(row, |figures| (figures.seconds > 0.0).then(|| figures.bytes as f64 / 1e6 / figures.seconds))
                .map(|spread| short(spread.median))
        },
    },
    WAITED,
    GENERATOR,
];

const JOINS: &[Column] = &[
    Column {
        heading: "until all rosters are right, s",
        cell: |row, _| spread(row, |figures| figures.ready_seconds).map(|spread| with_range(spread, 2)),
    },
    Column {
        heading: "server CPU, s",
        cell: |row, _| spread(row, |figures| Some(figures.cpu_seconds)).map(|spread| with_range(spread, 2)),
    },
    USER,
    Column {
        heading: "MB",
        cell: |row, _| spread(row, |figures| Some(figures.bytes as f64 / 1e6)).map(|spread| short(spread.median)),
    },
    WAITED,
    GENERATOR,
];

const IDLE: &[Column] = &[
    Column {
        heading: "B a connection",
        cell: |row, _| spread(row, |figures| figures.memory_per_connection).map(|spread| thousands(spread.median)),
    },
    Column {
        heading: "first ÷ this",
        cell: |row, first| {
            ratio(&first.slots, &row.slots, |figures| figures.memory_per_connection)
                .map(|spread| format!("{:.2}", spread.median))
        },
    },
];

const STALLED: &[Column] = &[
    Column {
        heading: "p99 before, ms",
        cell: |row, _| spread(row, |figures| figures.undisturbed_p99).map(|spread| with_range(spread, 1)),
    },
    Column { heading: "p99 with it, ms", cell: P99.cell },
    Column {
        heading: "with ÷ before",
        cell: |row, _| {
            let growth = |figures: &Figures| Some(figures.latency?.p99 / figures.undisturbed_p99?);
            spread(row, growth).map(|spread| with_range(spread, 2))
        },
    },
    Column {
        heading: "memory grew by, MiB",
        cell: |row, _| {
            let mebibytes = |figures: &Figures| Some(figures.memory_growth? / f64::from(1 << 20));
            spread(row, mebibytes).map(|spread| with_range(spread, 2))
        },
    },
    WAITED,
    GENERATOR,
];

const DEFLATE: &[Column] = &[
    BYTES,
    Column {
        heading: "first ÷ this, bytes",
        cell: |row, first| {
            ratio(&first.slots, &row.slots, Figures::bytes_per_delivery).map(|spread| format!("{:.2}", spread.median))
        },
    },
    CPU,
    CPU_RATIO,
    P50,
    P99,
    WAITED,
    GENERATOR,
];

const SYSTEM_CALLS: &[Column] = &[
    Column { heading: "writes a delivery", cell: |row, _| calls(row, |calls| calls.writes) },
    Column { heading: "reads a delivery", cell: |row, _| calls(row, |calls| calls.reads) },
    Column { heading: "system calls a delivery", cell: |row, _| calls(row, |calls| calls.all) },
];

const FUNCTIONS: &[Column] = &[
    Column { heading: "in the kernel", cell: |row, _| Some(percent(row.slots.first()?.functions.as_ref()?.kernel)) },
    Column {
        heading: "in user space",
        cell: |row, _| Some(percent(1.0 - row.slots.first()?.functions.as_ref()?.kernel)),
    },
    CPU,
];

fn calls(row: &Row, of: fn(SystemCalls) -> u64) -> Option<String> {
    let each = |figures: &Figures| {
        let calls = of(figures.system_calls?) as f64;
        (figures.deliveries > 0).then(|| calls / figures.deliveries as f64)
    };
    spread(row, each).map(|spread| format!("{:.3}", spread.median))
}

/// `4.2%`.
pub(super) fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

fn at(percentile: fn(Latency) -> f64) -> impl Fn(&Figures) -> Option<f64> {
    move |figures| figures.latency.map(percentile)
}

fn spread(row: &Row, of: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
    Spread::of(row.slots.iter().filter_map(of))
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

/// Three digits or so.
fn short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
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
        assert_eq!(short(123.4), "123");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(with_range(Spread { median: 1.0, min: 0.5, max: 2.0 }, 2), "1.00 (0.50–2.00)");
        assert_eq!(with_range(Spread { median: 1.0, min: 1.0, max: 1.0 }, 1), "1.0");
    }
}
