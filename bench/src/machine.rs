//! Where a run took place, and how busy that was with other things.

use std::fs;

/// The load of the machine, as the system averages it.
pub fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// A sentence for the report: the machine, and its load before the run began.
pub fn describe(load_before: &str) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("a processor of unknown make", |(_, model)| model.trim());
    let processors = info.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let congestion = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").unwrap_or_default();
    format!(
        "Machine: {processors} × {model}, Linux {}, TCP with {}. Its load was {load_before} before the run: what it did besides is noise here.",
        kernel.trim().split('-').next().unwrap_or_default(),
        congestion.trim()
    )
}
