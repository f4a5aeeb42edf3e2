//! What a slot measured, and what several slots say together.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::flood::Flood;
use crate::probe::functions::Functions;
use crate::probe::system_calls::SystemCalls;

/// What one slot of one server measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Processor time of the server, in seconds.
    pub cpu_seconds: f64,
    /// The part of it in user space, from 0 to 1.
    pub user_share: Option<f64>,
    /// Processor time of the load generator, in seconds.
    pub generator_cpu_seconds: f64,
    /// How long the server, and then the load generator, could have run and had no processor, in seconds.
    pub waited_seconds: [f64; 2],
    /// Messages or states that clients sent.
    pub messages: u64,
    /// Messages or states that receivers got.
    pub deliveries: u64,
    /// Messages or states that receivers should have got.
    pub owed: u64,
    /// Bytes that receivers read, headers and all.
    pub bytes: u64,
    /// How late messages came, or how old states were.
    pub latency: Option<Latency>,
    /// Memory of the server in user space for each connection, in bytes.
    pub memory_per_connection: Option<f64>,
    /// How many connections that were.
    pub connections: Option<usize>,
    /// By how much the server's memory in user space grew, in bytes.
    pub memory_growth: Option<f64>,
    /// How late the same messages came with nothing in their way.
    pub undisturbed: Option<Latency>,
    /// System calls, in a slot that was slowed down by counting them.
    pub system_calls: Option<SystemCalls>,
    /// Where processor time went, in a slot that was slowed down by sampling it.
    pub functions: Option<Functions>,
    /// How long it took until everybody knew everybody, in seconds.
    pub ready_seconds: Option<f64>,
    /// How late messages came to those who are at their sender's node, where there are several, or how soon those knew of a newcomer.
    pub here: Option<Latency>,
    /// The same of those who are at another.
    pub elsewhere: Option<Latency>,
    /// Processor time of the broker, in seconds.
    pub broker_cpu_seconds: Option<f64>,
    /// Bytes that a node said to the broker.
    pub said_bytes: Option<f64>,
    /// How the same messages came under each flood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub floods: Vec<UnderFlood>,
}

/// What a flood did to those whom it is none of the business of.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct UnderFlood {
    /// What was sent.
    pub flood: Flood,
    /// How late messages came.
    pub latency: Option<Latency>,
    /// Processors that the server kept busy.
    pub cores: Option<f64>,
    /// How long it was still busy after the flooders had left, in seconds.
    pub busy_seconds: f64,
    /// Bytes that it took from them.
    pub bytes: u64,
    /// How many of them it put out.
    pub closed: usize,
}

/// Percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    /// Half are sooner.
    pub p50: f64,
    /// 99 of 100 are sooner.
    pub p99: f64,
    /// 999 of 1,000 are sooner.
    pub p999: f64,
    /// None is later.
    pub max: f64,
}

impl Latency {
    /// The percentiles of a histogram of microseconds, or nothing when it is empty.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        (!histogram.is_empty()).then(|| Self {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1e3,
        })
    }
}

impl Figures {
    /// Processor time of the server for each delivery, in microseconds.
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        (self.deliveries > 0).then(|| self.cpu_seconds * 1e6 / self.deliveries as f64)
    }

    /// Deliveries a second.
    pub fn rate(&self) -> Option<f64> {
        (self.seconds > 0.0 && self.deliveries > 0).then(|| self.deliveries as f64 / self.seconds)
    }

    /// Bytes of each delivery on the wire.
    pub fn bytes_per_delivery(&self) -> Option<f64> {
        (self.deliveries > 0).then(|| self.bytes as f64 / self.deliveries as f64)
    }

    /// The part of what was owed that came, from 0 to 1.
    pub fn delivered(&self) -> Option<f64> {
        (self.owed > 0).then(|| self.deliveries as f64 / self.owed as f64)
    }

    /// Processors that the server kept busy.
    pub fn cores(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.cpu_seconds / self.seconds)
    }

    /// What this flood did, where the server was put under it.
    pub fn under(&self, flood: Flood) -> Option<UnderFlood> {
        self.floods.iter().copied().find(|under| under.flood == flood)
    }

    /// Processor time of the server for each idle connection and second, in microseconds.
    pub fn cpu_per_connection(&self) -> Option<f64> {
        Some(self.cores()? * 1e6 / self.connections? as f64)
    }

    /// By how much later messages came than with nothing in their way, in milliseconds.
    pub fn delay(&self, percentile: fn(Latency) -> f64) -> Option<f64> {
        Some(percentile(self.latency?) - percentile(self.undisturbed?))
    }

    /// What the way from one node to another adds for half of the messages, in milliseconds.
    pub fn hop(&self) -> Option<f64> {
        Some(self.elsewhere?.p50 - self.here?.p50)
    }

    /// The same with the broker's processor time, for each delivery, in microseconds.
    pub fn broker_cpu_per_delivery(&self) -> Option<f64> {
        let seconds = self.broker_cpu_seconds?;
        (self.deliveries > 0).then(|| seconds * 1e6 / self.deliveries as f64)
    }

    /// Bytes a second that a node said to the broker.
    pub fn said_a_second(&self) -> Option<f64> {
        Some(self.said_bytes? / self.seconds)
    }

    /// The part of the slot that the server or the load generator waited for a processor that something else had.
    pub fn waited(&self) -> Option<f64> {
        let [server, generator] = self.waited_seconds;
        (self.seconds > 0.0).then(|| server.max(generator) / self.seconds)
    }

    /// Processors that the load generator kept busy. Near 1 the slot measured the generator.
    pub fn generator_cores(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.generator_cpu_seconds / self.seconds)
    }
}

/// The middle of several slots, and how far apart they were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half are smaller.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of these values, or nothing when there is none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = if values.len() % 2 == 1 { upper } else { (upper + *values.get(middle.checked_sub(1)?)?) / 2.0 };
        Some(Self { median, min, max })
    }

    /// How far apart the slots were, as a part of their median.
    pub fn noise(self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median }
    }
}

/// The ratio of two servers, taken round by round, so that what slowed a round slowed both.
pub fn ratio(ours: &[Figures], theirs: &[Figures], of: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
    let rounds = ours.iter().zip(theirs);
    Spread::of(rounds.filter_map(|(ours, theirs)| Some(of(ours)? / of(theirs).filter(|value| *value > 0.0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costing(cpu_seconds: f64) -> Figures {
        Figures { cpu_seconds, deliveries: 1_000_000, ..Figures::default() }
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
    }

    #[test]
    fn a_round_that_was_slow_for_both_does_not_change_the_ratio() {
        let ours = [costing(1.0), costing(10.0), costing(2.0)];
        let theirs = [costing(2.0), costing(20.0), costing(4.0)];
        let ratio = ratio(&ours, &theirs, Figures::cpu_per_delivery);
        assert_eq!(ratio, Some(Spread { median: 0.5, min: 0.5, max: 0.5 }));
    }

    #[test]
    fn nothing_delivered_has_no_cost_for_each_delivery() {
        assert_eq!(Figures::default().cpu_per_delivery(), None);
        assert_eq!(ratio(&[Figures::default()], &[costing(1.0)], Figures::cpu_per_delivery), None);
    }

    #[test]
    fn a_delay_is_told_where_both_were_measured() {
        let latency = |p99| Some(Latency { p50: 0.1, p99, p999: p99, max: p99 });
        let figures = Figures { latency: latency(5.0), undisturbed: latency(0.5), ..Figures::default() };
        assert_eq!(figures.delay(|latency| latency.p99), Some(4.5));
        assert_eq!(Figures { undisturbed: None, ..figures }.delay(|latency| latency.p99), None);
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut histogram = Histogram::<u64>::new_with_max(60_000_000, 3).expect("bounds");
        assert!(Latency::of(&histogram).is_none());
        for micros in 1..=1000 {
            histogram.record(micros * 100).expect("in bounds");
        }
        let latency = Latency::of(&histogram).expect("values");
        assert!((latency.p50 - 50.0).abs() < 0.1 && (latency.p99 - 99.0).abs() < 0.1, "{latency:?}");
    }
}
