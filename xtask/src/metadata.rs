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
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
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

    /// What a registry would show, and the manifest does not say.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let says = [
            ("description", self.description.is_some()),
            ("license", self.license.is_some()),
            ("repository", self.repository.is_some()),
            ("keywords", !self.keywords.is_empty()),
            ("categories", !self.categories.is_empty()),
        ];
        says.into_iter().filter(|(_, says)| !says).map(|(field, _)| field)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn package(manifest: &str) -> Package {
        let rest = r#""name":"a","version":"1.0.0","manifest_path":"/a/Cargo.toml","dependencies":[],"features":{},"targets":[]"#;
        serde_json::from_str(&format!("{{{rest},{manifest}}}")).expect("it is as cargo prints it")
    }

    #[test]
    fn what_a_manifest_does_not_say_is_named() {
        let bare = package(r#""publish":null,"license":"MIT","keywords":[],"categories":[]"#);
        assert_eq!(bare.missing().collect::<Vec<_>>(), ["description", "repository", "keywords", "categories"]);
        let full =
            r#""publish":null,"license":"MIT","description":"d","repository":"r","keywords":["k"],"categories":["c"]"#;
        assert_eq!(package(full).missing().count(), 0);
    }

    #[test]
    fn a_package_is_published_unless_it_says_that_it_is_not() {
        let with = |publish: &str| package(&format!(r#""publish":{publish},"keywords":[],"categories":[]"#));
        assert!(with("null").is_published() && with(r#"["a-registry"]"#).is_published());
        assert!(!with("[]").is_published());
        assert_eq!(with("null").directory(), Path::new("/a"));
    }
}
