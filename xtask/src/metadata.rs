//! What cargo says of the workspace's packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::command::{self, Failure};
use crate::repo::Repo;

/// The part of `cargo metadata` that is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
    /// The registries that it may go to; absent for any, empty for `publish = false`.
    pub(crate) publish: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency; else "dev" or "build".
    pub(crate) kind: Option<String>,
    pub(crate) features: Vec<String>,
}

/// A library, a program, or a test.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

impl Package {
    pub(crate) fn directory(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// Whether it goes to a registry.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

/// The packages of the workspace that this manifest is the root of.
pub(crate) fn read(repo: &Repo, manifest: &str) -> Result<Metadata, Failure> {
    let mut cargo = repo.cargo(["metadata", "--no-deps", "--format-version", "1", "--manifest-path", manifest]);
    let metadata = command::read(&mut cargo, "read what cargo says above")?;
    serde_json::from_slice(&metadata).map_err(|error| {
        Failure::new(
            format!("`cargo metadata` printed something unexpected: {error}"),
            "see whether its format changed, and change xtask/src/metadata.rs with it",
        )
    })
}
