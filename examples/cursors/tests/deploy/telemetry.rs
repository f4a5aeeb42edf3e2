//! `deploy/telemetry/`, against the metrics that there are. That alerts fire when they should is `cargo xtask check --only alerts`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::files::{read, root};

/// Where metrics are listed, and what is counted elsewhere, too.
const TABLES: [&str; 2] = ["crates/runtime/src/metrics.rs", "crates/cluster/src/metrics.rs"];
const DASHBOARD: &str = "deploy/telemetry/grafana-dashboard.json";
const ALERTS: [&str; 2] = ["deploy/telemetry/alerts.yaml", "deploy/telemetry/alerts.test.yaml"];
/// What Prometheus itself adds to each.
const OF_PROMETHEUS: [&str; 4] = ["alertname", "alertstate", "instance", "severity"];

/// Each metric with its labels, as the tables have them.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let tables = TABLES.map(read).concat();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("//! | `roomful_"));
    let mut metrics = BTreeMap::new();
    for row in rows {
        let columns: Vec<&str> = row.trim_end_matches('|').split(" | ").collect();
        // Behind a colon are the values that a label may have.
        let labels = columns.get(2).map(|labels| labels.split(':').next().unwrap_or_default());
        let labels: BTreeSet<String> = labels.into_iter().flat_map(in_backticks).collect();
        for name in in_backticks(&format!("`roomful_{}", columns[0])) {
            metrics.insert(name, labels.clone());
        }
    }
    metrics
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every metric that a text names, in order.
fn named(text: &str) -> Vec<&str> {
    let is_of_a_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let starts = text.match_indices("roomful_").map(|(at, _)| &text[at..]);
    starts.map(|rest| rest.split(|letter| !is_of_a_name(letter)).next().expect("a name")).collect()
}

/// What a metric of the `metrics` crate is made with, anywhere in the crates.
fn counted() -> BTreeSet<String> {
    let mut counted = BTreeSet::new();
    for krate in fs::read_dir(root().join("crates")).unwrap() {
        sources(&krate.unwrap().path().join("src"), &mut |source| {
            for made in ["counter!(\"", "gauge!(\"", "histogram!(\""] {
                counted
                    .extend(source.split(made).skip(1).map(|rest| rest.split('"').next().expect("a name").to_owned()));
            }
        });
    }
    counted
}

fn sources(folder: &Path, each: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_tables_have_what_is_counted_and_nothing_else() {
    let listed: BTreeSet<String> = metrics().into_keys().collect();
    assert_eq!(listed, counted());
}

#[test]
fn the_guide_and_the_dashboard_have_each() {
    let (guide, dashboard) = (read("docs/guide.md"), read(DASHBOARD));
    let (_, section) = guide.split_once("\n## Metrics and logs\n").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("another behind it");
    let (described, shown) = (named(section), named(&dashboard));
    for metric in metrics().keys() {
        assert!(described.contains(&&**metric), "the guide does not describe {metric}");
        assert!(shown.contains(&&**metric), "the dashboard does not show {metric}");
    }
}

#[test]
fn no_panel_and_no_alert_asks_for_what_is_not_there() {
    let metrics = metrics();
    for file in ALERTS.into_iter().chain([DASHBOARD]) {
        let text = read(file);
        for name in named(&text) {
            assert!(metrics.contains_key(name), "{file} names {name}");
        }
        // `by (instance, reason) (rate(roomful_…`: the labels are those of the metric that follows.
        for by in text.split(" by (").skip(1) {
            let (labels, of) = by.split_once(')').expect("an end");
            let known = named(of).first().map(|name| &metrics[*name]);
            for label in labels.split(", ").filter(|label| !OF_PROMETHEUS.contains(label)) {
                assert!(known.is_some_and(|known| known.contains(label)), "{file}: {label} of {:.40}", of);
            }
        }
    }
}

#[test]
fn every_panel_has_a_place_of_its_own_and_asks_the_database_that_is_chosen() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["title"]);
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(place.0 < 24 && taken.insert(place), "{} at {place:?}", panel["title"]);
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
}
