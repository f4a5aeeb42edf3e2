//! The oldest compiler: what the manifests say, against what compiles and what is imported.
//!
//! `rust-toolchain.toml` has everything here compiled by one version. As long as that is the one that the manifests name, every test
//! is a test of it.

use std::fs;

use serde::Deserialize;

use super::version::Version;
use crate::command::{self, Failure};
use crate::repo::Repo;

const TOOLCHAIN: &str = "rust-toolchain.toml";

#[derive(Deserialize)]
struct Graph {
    packages: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    name: String,
    version: String,
    rust_version: Option<String>,
    /// Absent for what is in this repository.
    source: Option<String>,
}

pub(super) fn check(repo: &Repo) -> Result<(), Failure> {
    let path = repo.path(TOOLCHAIN);
    let toolchain = fs::read_to_string(&path).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()), "see that it is there and may be read")
    })?;
    let mut metadata = repo.cargo(["metadata", "--format-version", "1", "--locked", "--all-features"]);
    let graph = command::read(&mut metadata, "read what cargo says above")?;
    let graph: Graph = serde_json::from_slice(&graph).map_err(|error| {
        Failure::new(
            format!("`cargo metadata` printed something unexpected: {error}"),
            "see whether its format changed",
        )
    })?;
    let findings = findings(&toolchain, &graph.packages);
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        findings.join("\n  "),
        "let `rust-version` in Cargo.toml and the channel in rust-toolchain.toml be the same, and no older than what is imported asks for; \
         SECURITY.md says when it may be raised",
    ))
}

fn findings(toolchain: &str, packages: &[Node]) -> Vec<String> {
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'));
    let Some(compiler) = channel.and_then(|channel| channel.parse::<Version>().ok()) else {
        return vec![format!("{TOOLCHAIN} names no version: {channel:?}")];
    };
    let mut findings = Vec::new();
    for Node { name, version, rust_version, source } in packages {
        let asks: Option<Version> = rust_version.as_deref().and_then(|asks| asks.parse().ok());
        match (source, asks) {
            (None, None) => findings.push(format!("{name} does not say which Rust it needs")),
            (None, Some(asks)) if asks.line() != compiler.line() => {
                findings.push(format!(
                    "{name} says that Rust {asks} compiles it, and nobody has tried: here it is {compiler}"
                ));
            }
            (Some(_), Some(asks)) if asks.line() != compiler.line() && asks > compiler => {
                findings.push(format!("{name} {version} needs Rust {asks}"));
            }
            _ => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, rust_version: Option<&str>, is_ours: bool) -> Node {
        let source = (!is_ours).then(|| "a registry".to_owned());
        Node {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            rust_version: rust_version.map(str::to_owned),
            source,
        }
    }

    #[test]
    fn ours_say_what_compiles_them_and_no_import_needs_more() {
        let toolchain = "[toolchain]\nchannel = \"1.95.0\"\n";
        let well = [node("ours", Some("1.95"), true), node("theirs", None, false), node("old", Some("1.60.1"), false)];
        assert!(findings(toolchain, &well).is_empty());
        let wrong = [node("a", None, true), node("b", Some("1.90"), true), node("c", Some("1.96"), false)];
        assert_eq!(
            findings(toolchain, &wrong),
            [
                "a does not say which Rust it needs",
                "b says that Rust 1.90.0 compiles it, and nobody has tried: here it is 1.95.0",
                "c 1.0.0 needs Rust 1.96.0"
            ]
        );
        assert_eq!(findings("channel = \"stable\"\n", &well).len(), 1);
    }
}
