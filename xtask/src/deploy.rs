//! The files of `deploy/` that a program of Debian's can try.

use std::fs;

use serde::Deserialize;
use serde_json::json;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::rust;
use crate::step::Outcome;

const TELEMETRY: &str = "deploy/telemetry";
const UNIT: &str = "deploy/systemd/roomful.service";
/// Of ten, where 0 is a service that may nothing. systemd calls up to 2 one that it is at ease with, and 9.6 one that may everything.
const MOST_EXPOSED: &str = "20";

/// Rooms through nginx and Caddy.
pub(crate) fn proxies(repo: &Repo) -> Result<Outcome, Failure> {
    command::run(
        &mut rust::one_test(repo, "proxies"),
        "mend the test that failed; `cargo test -p fixture --test proxies` runs it alone",
    )?;
    Ok(Outcome::Passed)
}

/// What systemd says of its unit. It is asked where it is, and installed nowhere: that would be another machine.
pub(crate) fn systemd(repo: &Repo) -> Result<Outcome, Failure> {
    let analyze = |args: &[&str]| repo.program("systemd-analyze", ".", args.iter().copied());
    if command::probe(&mut analyze(&["--version"])).is_none() {
        return Ok(Outcome::PassedExcept("there is no systemd to ask".to_owned()));
    }
    let unit = fs::read_to_string(repo.path(UNIT)).map_err(|error| unreadable(UNIT, &error))?;
    // It looks whether the program and the file are there, which on this machine they are not.
    let unit = unit.replace("/usr/local/bin/cursors", "/bin/true").replace("EnvironmentFile=", "EnvironmentFile=-");
    let copy = "target/deploy/board.service";
    let path = repo.path(copy);
    let written = fs::create_dir_all(repo.path("target/deploy")).and_then(|()| fs::write(&path, unit));
    written.map_err(|error| unreadable(copy, &error))?;

    let remedy = format!("mend {UNIT}, of which {copy} is a copy");
    command::run(&mut analyze(&["verify", "--man=no", "--recursive-errors=no", copy]), &remedy)?;
    command::run(
        &mut analyze(&["security", "--no-pager", "--offline=yes", "--threshold", MOST_EXPOSED, copy]),
        &remedy,
    )?;
    Ok(Outcome::Passed)
}

/// What Prometheus says of the alerts, and of each question that the dashboard asks.
pub(crate) fn alerts(repo: &Repo) -> Result<Outcome, Failure> {
    let promtool = |args: &[&str]| repo.program("promtool", TELEMETRY, args.iter().copied());
    let remedy = "mend what promtool says above of deploy/telemetry";
    command::run(&mut promtool(&["check", "rules", "alerts.yaml"]), remedy)?;
    command::run(&mut promtool(&["test", "rules", "alerts.test.yaml"]), remedy)?;

    let path = format!("{TELEMETRY}/grafana-dashboard.json");
    let dashboard = fs::read_to_string(repo.path(&path)).map_err(|error| unreadable(&path, &error))?;
    let asked = questions(&dashboard).map_err(|error| Failure::new(format!("{path}: {error}"), "mend it"))?;
    // promtool reads rules, so each question is one; JSON is YAML.
    let rule = |(nth, question)| json!({ "record": format!("asked:{nth}"), "expr": question });
    let rules: Vec<_> = asked.iter().enumerate().map(rule).collect();
    let rules = json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string();
    let copy = repo.path("target/deploy/dashboard.yaml");
    let written = fs::create_dir_all(repo.path("target/deploy")).and_then(|()| fs::write(&copy, rules));
    written.map_err(|error| unreadable("target/deploy", &error))?;
    command::run(&mut repo.program("promtool", "target/deploy", ["check", "rules", "dashboard.yaml"]), remedy)?;
    Ok(Outcome::Passed)
}

/// What the panels ask, with a value in place of each variable.
fn questions(dashboard: &str) -> Result<Vec<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Dashboard {
        panels: Vec<Panel>,
    }
    #[derive(Deserialize)]
    struct Panel {
        #[serde(default)]
        targets: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        expr: String,
    }
    let dashboard: Dashboard = serde_json::from_str(dashboard)?;
    let targets = dashboard.panels.into_iter().flat_map(|panel| panel.targets);
    Ok(targets.map(|target| target.expr.replace("$__rate_interval", "1m").replace("$instance", ".*")).collect())
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("{path}: {error}"), "see that it is there and may be read and written")
}
