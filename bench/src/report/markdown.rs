//! The report as Markdown.

use std::fmt::Write as _;

use super::Report;
use super::charts::Chart;
use super::columns::{self, Column, percent};
use crate::figures::{Figures, Spread, ratio};
use crate::run::{Outcome, Row};
use crate::scenario::{Family, Load};

/// The whole report.
pub(super) fn write(report: &Report, charts: &[Chart]) -> String {
    let mut text = introduction(report);
    text += &summary(&report.outcomes);
    for chart in charts {
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "![{}]({})\n", chart.title, chart.file);
    }
    for outcome in &report.outcomes {
        text += &section(outcome);
    }
    text += &growth(&report.outcomes);
    text += "## What each does for a message\n\n";
    for peer in &report.peers {
        let _ = writeln!(text, "- **{}** {}.", peer.name, peer.does);
    }
    text
}

fn introduction(report: &Report) -> String {
    let pace = report.pace;
    let placement = if report.spread {
        "each on all processors, and the load generator on one of them"
    } else {
        "each on one processor, the load generator on another"
    };
    let mut text = format!(
        "# Roomful and its peers, side by side\n\n\
         Written by `cargo xtask bench`; `bench/README.md` says how it measures. Servers took turns in one run, {} slots of \
         {:.2} s each (fewer where each slot has a server of its own), in rotated order; {placement}. A figure is the median of \
         its slots, the smallest and the largest stand in parentheses. The second table of a scenario is what its first row \
         showed divided by what each other showed, round by round. Every delivery was checked: each message once, in its sender's \
         order, rosters equal at rest. *Waited* is the part of a slot that the server or the load generator could have run and \
         something else had its processor: above a few percent, latencies and what arrived in time say more about that than \
         about the server.\n\n{}\n\n",
        pace.rounds,
        pace.slot.as_secs_f64(),
        report.machine,
    );
    if pace.divisor > 1 {
        let _ = writeln!(
            text,
            "**A quick run: connections divided by {}, slots too short. These figures are noise.**\n",
            pace.divisor
        );
    }
    text
}

/// Every fan-out in one table: the first row's cost as a ratio to each of the others.
fn summary(outcomes: &[Outcome]) -> String {
    let fan_outs = || outcomes.iter().filter(|outcome| outcome.scenario.family == Family::FanOut);
    let mut labels: Vec<&str> = Vec::new();
    for row in fan_outs().flat_map(|outcome| outcome.rows.iter().skip(1)) {
        if !labels.contains(&row.label) {
            labels.push(row.label);
        }
    }
    if labels.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "## CPU a delivery, Roomful ÷ peer\n\n| scenario | {} |\n|---|{}\n",
        labels.join(" | "),
        "---|".repeat(labels.len())
    );
    for outcome in fan_outs() {
        let cell = |label: &&str| {
            let first = outcome.rows.first()?;
            let row = outcome.rows.iter().find(|row| row.label == *label)?;
            Some(format!("{:.2}", ratio(&first.slots, &row.slots, Figures::cpu_per_delivery)?.median))
        };
        let cells: Vec<String> = labels.iter().map(|label| cell(label).unwrap_or_else(|| "–".to_owned())).collect();
        let _ = writeln!(text, "| {} | {} |", outcome.scenario.title, cells.join(" | "));
    }
    text + "\n"
}

/// How processor time grew from the fewest cursors to the most.
fn growth(outcomes: &[Outcome]) -> String {
    let cursors = outcomes.iter().filter_map(|outcome| match outcome.scenario.load {
        Load::Cursors { members } => Some((members, &outcome.rows)),
        _ => None,
    });
    let cursors: Vec<(usize, &Vec<Row>)> = cursors.collect();
    let (Some((fewest, few)), Some((most, many))) = (cursors.first(), cursors.last()) else { return String::new() };
    if fewest == most {
        return String::new();
    }
    let times = most / fewest;
    let mut text = format!(
        "## From {fewest} to {most} cursors\n\n{} times the updates. A server that delivers no more of them at the end shows little growth.\n\n\
         | server | CPU grew by | states delivered at {most} |\n|---|---|---|\n",
        times * times
    );
    for few in *few {
        let Some(many) = many.iter().find(|many| many.label == few.label) else { continue };
        let Some(growth) = ratio(&many.slots, &few.slots, Figures::cores) else { continue };
        let delivered =
            Spread::of(many.slots.iter().filter_map(Figures::delivered)).map_or(0.0, |spread| spread.median);
        let _ = writeln!(text, "| {} | × {:.1} | {} |", few.label, growth.median, percent(delivered));
    }
    text + "\n"
}

fn section(outcome: &Outcome) -> String {
    let scenario = outcome.scenario;
    let columns = columns::of(scenario.family);
    let mut text = format!("## {}\n\n", scenario.title);
    let _ = writeln!(text, "`{}` measures {}. Not measured: {}.\n", scenario.name, scenario.measures, scenario.omits);
    text += &tables(columns, &outcome.rows);
    text += &noise(outcome);
    text += &functions(outcome);
    for row in &outcome.rows {
        if let Some(failure) = &row.failure {
            let _ = writeln!(text, "\n**{}** did not finish: {failure}.", row.label);
        }
        if let Some(why) = &row.skipped {
            let _ = writeln!(text, "\n{} was not run: {why}.", row.label);
        }
    }
    text + "\n"
}

/// What every server showed, and below it what the first showed as a ratio to each of the others.
fn tables(columns: &[Column], rows: &[Row]) -> String {
    let mut text = table("server", columns.iter(), rows, Column::cell);
    if let Some((first, others)) = rows.split_first().filter(|(_, others)| !others.is_empty()) {
        let compared = columns.iter().filter(|column| column.is_compared);
        text += "\n";
        text += &table(&format!("{} ÷", first.label), compared, others, |column, row| column.ratio(first, row));
    }
    text
}

fn table<'a>(
    corner: &str,
    columns: impl Iterator<Item = &'a Column> + Clone,
    rows: &[Row],
    cell: impl Fn(&Column, &Row) -> Option<String>,
) -> String {
    let headings: Vec<&str> = columns.clone().map(|column| column.heading).collect();
    let mut text = format!("| {corner} | {} |\n|---|{}\n", headings.join(" | "), "---|".repeat(headings.len()));
    for row in rows {
        let cell = |column| cell(column, row).unwrap_or_else(|| "–".to_owned());
        let cells: Vec<String> = columns.clone().map(cell).collect();
        let _ = writeln!(text, "| {} | {} |", row.label, cells.join(" | "));
    }
    text
}

/// The functions in user space that a profile found, the largest first.
fn functions(outcome: &Outcome) -> String {
    /// Below these, samples are too few to say anything.
    const SHOWN: usize = 15;
    let mut text = String::new();
    let slots = outcome.rows.iter().flat_map(|row| &row.slots);
    for functions in slots.filter_map(|figures| figures.functions.as_ref()) {
        text += "\n| function in user space | of all time |\n|---|---|\n";
        for (name, part) in functions.user.iter().take(SHOWN) {
            let _ = writeln!(text, "| `{}` | {} |", name.replace('|', "¦"), percent(*part));
        }
    }
    text
}

/// How far apart the slots of one server were: the smallest difference that a reader should believe.
fn noise(outcome: &Outcome) -> String {
    let noise = outcome.rows.iter().filter_map(|row| {
        let slots = row.slots.iter().filter_map(Figures::cpu_per_delivery);
        Spread::of(slots).filter(|_| row.slots.len() > 1).map(Spread::noise)
    });
    match Spread::of(noise) {
        Some(noise) => {
            format!(
                "\nNoise: CPU a delivery of one server differed between its slots by {:.0}% ({:.0}–{:.0}%).\n",
                noise.median * 100.0,
                noise.min * 100.0,
                noise.max * 100.0
            )
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn row(label: &'static str, cpu_seconds: &[f64]) -> Row {
        let slot = |cpu_seconds: &f64| Figures {
            seconds: 1.0,
            cpu_seconds: *cpu_seconds,
            deliveries: 1_000_000,
            ..Figures::default()
        };
        Row { label, ours: false, slots: cpu_seconds.iter().map(slot).collect(), failure: None, skipped: None }
    }

    #[test]
    fn a_section_has_a_row_for_each_server_and_says_who_failed() {
        let mut failed = row("late", &[]);
        failed.failure = Some("it was late".to_owned());
        let rows = vec![row("us", &[1.0, 1.2]), row("them", &[2.0, 2.0]), failed];
        let outcome = Outcome { scenario: Scenario::find("fanout-64-w1").expect("a scenario"), rows };
        let text = section(&outcome);
        assert!(text.contains("| us | 1.10 (1.00–1.20) | – |"), "{text}");
        assert!(text.contains("| us ÷ | CPU a delivery, µs |"), "{text}");
        assert!(text.contains("| them | 2.00 |") && text.contains("| them | 0.55 (0.50–0.60) |"), "{text}");
        assert!(text.contains("| late | – | – |"), "{text}");
        assert!(text.contains("**late** did not finish: it was late."), "{text}");
        assert!(text.contains("by 9% (0–18%)"), "{text}");
        let text = summary(&[outcome]);
        assert!(text.contains("| scenario | them | late |"), "{text}");
        assert!(text.contains(", one at a time | 0.55 | – |"), "{text}");
    }

    #[test]
    fn growth_is_told_from_the_fewest_to_the_most() {
        let outcome = |name, cpu_seconds| Outcome {
            scenario: Scenario::find(name).expect("a scenario"),
            rows: vec![row("us", &[cpu_seconds])],
        };
        assert_eq!(growth(&[outcome("cursors-50", 0.1)]), "", "one number does not grow");
        let text = growth(&[outcome("cursors-50", 0.1), outcome("cursors-100", 0.15), outcome("cursors-500", 0.5)]);
        assert!(text.contains("100 times the updates"), "{text}");
        assert!(text.contains("| us | × 5.0 |"), "{text}");
    }
}
