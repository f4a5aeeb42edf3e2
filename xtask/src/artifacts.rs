//! What cargo built, and where it put it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::command::{self, Failure};
use crate::repo::Repo;

/// Something that can be run.
#[derive(Debug)]
pub(crate) struct Artifact {
    target: Target,
    profile: Profile,
    executable: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Profile {
    /// Whether it is the target's tests, and not the target.
    test: bool,
}

/// Runs this build of cargo's and says which programs it made.
pub(crate) fn build(repo: &Repo, selection: &[&str]) -> Result<Vec<Artifact>, Failure> {
    let mut build = repo.cargo(["build", "--locked"].iter().chain(selection).copied());
    println!("  $ {}", command::line(&build));
    // The messages of the compiler stay what a person reads.
    build.args(["--message-format", "json-render-diagnostics"]);
    let messages = command::read(&mut build, "mend what the compiler says above")?;
    Ok(artifacts(&String::from_utf8_lossy(&messages)))
}

/// Where the program of this name is.
pub(crate) fn program(built: &[Artifact], name: &str) -> Result<PathBuf, Failure> {
    find(built, name, |artifact| artifact.is("bin") && !artifact.profile.test)
}

/// Where the bench of this name is.
pub(crate) fn bench(built: &[Artifact], name: &str) -> Result<PathBuf, Failure> {
    find(built, name, |artifact| artifact.is("bench"))
}

impl Artifact {
    fn is(&self, kind: &str) -> bool {
        self.target.kind.iter().any(|is| is == kind)
    }
}

fn find(built: &[Artifact], name: &str, is_meant: impl Fn(&Artifact) -> bool) -> Result<PathBuf, Failure> {
    let found = built.iter().find(|artifact| artifact.target.name == name && is_meant(artifact));
    found.map(|artifact| artifact.executable.clone()).ok_or_else(|| {
        Failure::new(
            format!("cargo built `{name}` and did not say where it is"),
            "see whether the format of its messages changed, and change xtask/src/artifacts.rs with it",
        )
    })
}

/// What cargo's messages, one a line, tell of.
fn artifacts(messages: &str) -> Vec<Artifact> {
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
    }
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages
        .filter_map(|Message { target, profile, executable }| {
            Some(Artifact { target, profile, executable: executable? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"
{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"cursors"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"cursors"},"profile":{"test":true},"executable":"/target/cursors-0a1b"}
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"cursors"},"profile":{"test":false},"executable":"/target/cursors"}
{"reason":"compiler-artifact","target":{"kind":["bench"],"name":"frames"},"profile":{"test":true},"executable":"/target/frames-2c3d"}
{"reason":"build-finished","success":true}
"#;

    #[test]
    fn a_program_is_neither_its_library_nor_its_tests() {
        let built = artifacts(MESSAGES);
        assert_eq!(program(&built, "cursors").expect("it is there"), PathBuf::from("/target/cursors"));
        assert_eq!(bench(&built, "frames").expect("it is there"), PathBuf::from("/target/frames-2c3d"));
    }

    #[test]
    fn what_cargo_did_not_tell_of_is_named() {
        let why = program(&artifacts(MESSAGES), "frames").expect_err("there is no such program").to_string();
        assert!(why.contains("cargo built `frames` and did not say where it is"), "{why}");
    }
}
