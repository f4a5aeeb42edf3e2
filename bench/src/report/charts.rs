//! Which charts a run has.

use super::svg::{self, Bar, Group, Series};
use crate::figures::{Figures, Spread, ratio};
use crate::run::{Outcome, Row};
use crate::scenario::{Family, Load};

/// A chart, drawn.
pub(super) struct Chart {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) svg: String,
}

/// The charts for which there are figures.
pub(super) fn draw(outcomes: &[Outcome]) -> Vec<Chart> {
    let charts = [
        ("ratios.svg", "CPU a delivery, Roomful ÷ peer: left of the line Roomful is the cheaper", ratios(outcomes)),
        ("idle.svg", "Memory of an idle connection in user space, bytes", idle(outcomes)),
        ("cursors-cpu.svg", "Cursors at 30 Hz: processors busy", cursors(outcomes, "processors", Figures::cores)),
        (
            "cursors-delivered.svg",
            "Cursors at 30 Hz: states delivered, %",
            cursors(outcomes, "%", |figures| Some(figures.delivered()? * 100.0)),
        ),
    ];
    let draw = |(file, title, chart): (_, _, Option<Kind>)| {
        let svg = match chart? {
            Kind::Bars { groups, line } => svg::bars(title, &groups, line),
            Kind::Lines { series, unit } => svg::lines(title, "members", unit, &series),
        };
        Some(Chart { file, title, svg })
    };
    charts.into_iter().filter_map(draw).collect()
}

enum Kind {
    Bars { groups: Vec<Group>, line: Option<f64> },
    Lines { series: Vec<Series>, unit: &'static str },
}

fn ratios(outcomes: &[Outcome]) -> Option<Kind> {
    let fan_outs = outcomes.iter().filter(|outcome| outcome.scenario.family == Family::FanOut);
    let groups = fan_outs.filter_map(|outcome| {
        let (first, others) = outcome.rows.split_first()?;
        let bar = |row: &Row| {
            let value = ratio(&first.slots, &row.slots, Figures::cpu_per_delivery)?;
            Some(Bar { label: row.label.to_owned(), value })
        };
        let bars: Vec<Bar> = others.iter().filter_map(bar).collect();
        (!bars.is_empty()).then(|| Group { label: outcome.scenario.title.to_owned(), bars })
    });
    let groups: Vec<Group> = groups.collect();
    (!groups.is_empty()).then_some(Kind::Bars { groups, line: Some(1.0) })
}

fn idle(outcomes: &[Outcome]) -> Option<Kind> {
    let outcome = outcomes.iter().find(|outcome| outcome.scenario.family == Family::Idle)?;
    let bar = |row: &Row| {
        let value = Spread::of(row.slots.iter().filter_map(|figures| figures.memory_per_connection))?;
        Some(Bar { label: row.label.to_owned(), value })
    };
    let bars: Vec<Bar> = outcome.rows.iter().filter_map(bar).collect();
    (!bars.is_empty())
        .then(|| Kind::Bars { groups: vec![Group { label: outcome.scenario.title.to_owned(), bars }], line: None })
}

fn cursors(outcomes: &[Outcome], unit: &'static str, of: impl Fn(&Figures) -> Option<f64>) -> Option<Kind> {
    let mut series: Vec<Series> = Vec::new();
    for outcome in outcomes {
        let Load::Cursors { members } = outcome.scenario.load else { continue };
        for row in &outcome.rows {
            let Some(spread) = Spread::of(row.slots.iter().filter_map(&of)) else { continue };
            let point = (members as f64, spread.median);
            match series.iter_mut().find(|series| series.label == row.label) {
                Some(series) => series.points.push(point),
                None => series.push(Series { label: row.label.to_owned(), points: vec![point] }),
            }
        }
    }
    // One point is no line.
    series.iter().any(|series| series.points.len() > 1).then_some(Kind::Lines { series, unit })
}
