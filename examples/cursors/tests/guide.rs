//! The tables of `docs/guide.md` that say what the code says, against the code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use roomful::Limits;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

/// The rows of the tables of a section, each a list of its cells.
fn rows(section: &str) -> Vec<Vec<String>> {
    let guide = read("docs/guide.md");
    let (_, from) = guide.split_once(&format!("\n## {section}\n")).expect("a section");
    let section = from.split("\n## ").next().expect("it has an end");
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|--"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn in_backticks(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Each limit with the numbers of its default: two of a rate, none where it is off.
fn defaults() -> BTreeMap<String, Vec<u64>> {
    let all = format!("{:?}", Limits::default());
    let starts = Limits::BOUNDS.iter().filter_map(|(name, _)| {
        let start = all.find(&format!(" {name}: "))?;
        Some((*name, &all[start + name.len() + 3..]))
    });
    let ends = |value: &str| value.find('}').unwrap_or(value.len());
    starts
        .map(|(name, from)| {
            let is_rate = from.starts_with("Rate");
            let value = if is_rate { &from[..ends(from)] } else { from.split(',').next().expect("a value") };
            let digits = value.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
            (name.to_owned(), digits.map(|digits| digits.parse().expect("a number")).collect())
        })
        .collect()
}

/// How a guide may say a number.
fn said(number: u64) -> Vec<String> {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    let mut said = vec![groups.join(",")];
    for (shift, unit) in [(10, "KiB"), (20, "MiB"), (30, "GiB")] {
        if number > 0 && number.trailing_zeros() >= shift {
            said.push(format!("{} {unit}", number >> shift));
        }
    }
    match number {
        604_800_000 => said.push("a week".to_owned()),
        3_600_000 => said.push("an hour".to_owned()),
        _ => {}
    }
    said
}

#[test]
fn every_limit_is_in_the_table_with_its_default_and_nothing_else_is() {
    let rows = rows("Limits");
    let listed: BTreeSet<&str> = rows.iter().flat_map(|row| in_backticks(&row[0])).collect();
    let known: BTreeSet<&str> = Limits::BOUNDS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, known);
    let defaults = defaults();
    assert_eq!(defaults.len(), known.len());
    let mut unsaid = Vec::new();
    for (name, numbers) in defaults {
        let row = rows.iter().find(|row| in_backticks(&row[0]).contains(&&*name)).expect("it is listed");
        // What is off says so; how much memory a process may hold is the machine's to say.
        let is_off = row[1].contains("none") || name == "process_bytes";
        assert!(!numbers.is_empty() || is_off, "{name} is off: {}", row[1]);
        let is_unsaid = |number: &u64| !said(*number).iter().any(|said| has_number(&row[1], said));
        unsaid.extend(numbers.into_iter().filter(is_unsaid).map(|number| format!("{name} is {number}: {}", row[1])));
    }
    assert!(unsaid.is_empty(), "{unsaid:#?}");
}

/// Whether it stands there by itself, and not as a part of another number.
fn has_number(text: &str, number: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    text.match_indices(number).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + number.len()..]);
        let continues = after.strip_prefix(',').is_some_and(|rest| is_part(rest.chars().next()));
        !before.ends_with(|letter: char| letter.is_ascii_digit() || letter == ',')
            && !is_part(after.chars().next())
            && !continues
    })
}

#[test]
fn a_number_is_no_part_of_another() {
    assert!(has_number("2,000 after", "2,000") && has_number("1 KiB, 4 KiB", "4 KiB"));
    assert!(
        !has_number("12,000 after", "2,000") && !has_number("2,000,000", "2,000") && !has_number("14 KiB", "4 KiB")
    );
}

#[test]
fn every_close_code_of_the_server_is_in_the_table_and_nothing_else_is() {
    let rows = rows("Close codes");
    let is_code = |text: &str| text.parse::<u16>().ok();
    let listed: BTreeSet<u16> = rows.iter().flat_map(|row| row[0].split(", ").filter_map(is_code)).collect();
    let source = read("crates/core/src/close.rs");
    let of_server = source.split("Self::fixed(").skip(1).filter_map(|rest| is_code(rest.split(',').next()?));
    let restarting = source.split("Self { code: ").skip(1).filter_map(|rest| is_code(rest.split(',').next()?));
    let mut known: BTreeSet<u16> = of_server.chain(restarting).collect();
    // Those are said of a close, and never sent.
    for never_sent in [1005, 1006] {
        assert!(known.remove(&never_sent));
    }
    assert_eq!(listed, known);
}
