//! That SECURITY.md claims nothing without a test.

use std::collections::BTreeSet;
use std::fs;

use crate::repo::Repo;

/// What stands in a table's last column: a file, and a test in it.
fn named(page: &str) -> Vec<(&str, &str)> {
    page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::")).collect()
}

fn page() -> String {
    let repo = Repo::find().expect("cargo runs the tests");
    fs::read_to_string(repo.path("SECURITY.md")).expect("it is there")
}

#[test]
fn every_test_that_it_names_is_there() {
    let repo = Repo::find().expect("cargo runs the tests");
    let page = page();
    let named = named(&page);
    assert!(named.len() > 40, "the tables are read");
    for (file, test) in named {
        let source = fs::read_to_string(repo.path(&format!("{file}.rs"))).unwrap_or_default();
        let (before, _) =
            source.split_once(&format!("fn {test}(")).unwrap_or_else(|| panic!("{file}.rs has no {test}"));
        let above = before.rsplit("\n\n").next().unwrap_or_default();
        let is_test =
            above.contains("test]") || above.contains("::test(") || before.trim_end().ends_with("proptest! {");
        assert!(is_test, "{file}.rs: {test} is no test");
        assert!(!above.contains("#[ignore"), "{file}.rs: {test} is not run");
    }
}

#[test]
fn every_line_of_what_is_defended_against_names_one() {
    let page = page();
    let (_, defended) = page.split_once("\n## What is defended against\n").expect("a section");
    let (defended, _) = defended.split_once("\n## ").expect("its end");
    let rows = defended.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| the test |"));
    let without: BTreeSet<&str> = rows.filter(|row| named(row).is_empty()).collect();
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn the_oldest_rust_that_is_promised_is_the_one_that_all_is_tried_with() {
    let repo = Repo::find().expect("cargo runs the tests");
    let read = |file: &str| fs::read_to_string(repo.path(file)).expect("it is there");
    let between = |text: &str, before: &str| {
        let (_, rest) = text.split_once(before).expect("it says so");
        rest.split('"').next().expect("its end").to_owned()
    };
    let promised = between(&read("Cargo.toml"), "rust-version = \"");
    assert_eq!(between(&read("rust-toolchain.toml"), "channel = \""), format!("{promised}.0"));
}
