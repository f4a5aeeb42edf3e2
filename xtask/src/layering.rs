//! Which crate may import which: the order in which the crates stand on one another, checked against their manifests.
//!
//! What a crate imports only in its tests is its own business.

use crate::command::Failure;
use crate::metadata::{self, Dependency, Package};
use crate::repo::Repo;

/// Each crate of `crates/` with those directly below it. It may import these, and what they may.
const LAYERS: &[(&str, &[&str])] = &[
    ("roomful-pattern", &[]),
    ("roomful-core", &["roomful-pattern"]),
    ("roomful-macros", &["roomful-pattern"]),
    ("roomful-runtime", &["roomful-core"]),
    ("roomful", &["roomful-runtime", "roomful-macros"]),
    ("roomful-client", &["roomful-core"]),
    ("roomful-cluster", &["roomful-runtime"]),
    ("roomful-worker", &["roomful"]),
    ("roomful-inspect", &["roomful"]),
    ("roomful-websocket", &[]),
    ("roomful-uring", &[]),
    ("roomful-axum", &["roomful", "roomful-cluster", "roomful-websocket", "roomful-uring"]),
    ("roomful-cli", &["roomful-core"]),
];

/// What only one crate may name, so that a breaking change of it stays in that crate.
const RESERVED: &[(&str, &str)] = &[
    ("axum", "roomful-axum"),
    ("hyper", "roomful-axum"),
    ("hyper-util", "roomful-axum"),
    ("worker", "roomful-worker"),
    ("async-nats", "roomful-cluster"),
    ("redis", "roomful-cluster"),
    ("io-uring", "roomful-uring"),
];

/// The crates with sockets of tokio's: the one that listens, and the one that connects.
const OWN_TOKIO_NET: [&str; 2] = ["roomful-axum", "roomful-cli"];

/// The crates with no I/O, clock, randomness or async, and all that each may therefore import.
const SANS_IO: &[(&str, &[&str])] = &[
    ("roomful-pattern", &["percent-encoding", "serde", "thiserror"]),
    (
        "roomful-core",
        &["base64", "bytes", "hmac", "percent-encoding", "roomful-pattern", "serde", "serde_json", "sha2", "thiserror"],
    ),
    ("roomful-websocket", &["base64", "flate2", "sha1", "thiserror"]),
];

/// Checks the manifests of the crates in `crates/`.
pub(crate) fn check(repo: &Repo) -> Result<(), Failure> {
    let mut packages = metadata::read(repo, "Cargo.toml")?.packages;
    let crates = repo.path("crates");
    packages.retain(|package| package.manifest_path.starts_with(&crates));
    let violations = violations(&packages);
    if violations.is_empty() {
        println!("  {} crates, every import points down", packages.len());
        return Ok(());
    }
    Err(Failure::new(
        violations.join("\n  "),
        "import only from below; the order and its exceptions stand in xtask/src/layering.rs",
    ))
}

fn violations(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<String> {
    if layer(&package.name).is_none() {
        return vec![format!("{} has no place in the order of the crates", package.name)];
    }
    let imports = package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
    let mut violations: Vec<String> = imports
        .filter_map(|import| {
            let reason = import_violation(&package.name, import)?;
            Some(format!("{} imports {}: {reason}", package.name, import.name))
        })
        .collect();
    if !owns_tokio_net(&package.name) && turns_on_tokio_net(package) {
        let owners = OWN_TOKIO_NET.join(" and ");
        violations.push(format!("a feature of {} turns on tokio's net: only {owners} may", package.name));
    }
    violations
}

/// Why this crate may not have this import, if it may not.
fn import_violation(package: &str, import: &Dependency) -> Option<String> {
    let name = import.name.as_str();
    if layer(name).is_some() || name.starts_with("roomful") {
        return (!stands_above(package, name)).then(|| "it does not stand below".to_owned());
    }
    if let Some((_, owner)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        return (package != *owner).then(|| format!("only {owner} may"));
    }
    let sans_io = SANS_IO.iter().find(|(sans_io, _)| *sans_io == package);
    if sans_io.is_some_and(|(_, imports)| !imports.contains(&name)) {
        return Some(
            "this crate has no I/O, clock, randomness or async; an import known to have none either joins SANS_IO"
                .to_owned(),
        );
    }
    let has_net = name == "tokio" && import.features.iter().any(|f| f == "net" || f == "full");
    (has_net && !owns_tokio_net(package))
        .then(|| format!("with its net, which only {} may", OWN_TOKIO_NET.join(" and ")))
}

fn owns_tokio_net(package: &str) -> bool {
    OWN_TOKIO_NET.contains(&package)
}

/// A feature of the crate's own can turn on a dependency's feature too.
fn turns_on_tokio_net(package: &Package) -> bool {
    let net = ["tokio/net", "tokio?/net", "tokio/full", "tokio?/full"];
    package.features.values().flatten().any(|feature| net.contains(&feature.as_str()))
}

fn stands_above(upper: &str, lower: &str) -> bool {
    layer(upper).is_some_and(|below| below.iter().any(|next| *next == lower || stands_above(next, lower)))
}

fn layer(name: &str) -> Option<&'static [&'static str]> {
    let (_, below) = LAYERS.iter().find(|(layer, _)| *layer == name)?;
    Some(below)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;

    fn package(name: &str, dependencies: Vec<Dependency>) -> Package {
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            manifest_path: PathBuf::new(),
            dependencies,
            features: BTreeMap::new(),
            targets: Vec::new(),
            publish: None,
            description: None,
            license: None,
            repository: None,
            keywords: Vec::new(),
            categories: Vec::new(),
        }
    }

    fn import(name: &str) -> Dependency {
        Dependency { name: name.to_owned(), kind: None, features: Vec::new() }
    }

    fn of(package: Package) -> Vec<String> {
        violations(&[package])
    }

    #[test]
    fn what_stands_below_may_be_imported_however_far_below() {
        for (upper, lower) in [
            ("roomful", "roomful-macros"),
            ("roomful", "roomful-core"),
            ("roomful-runtime", "roomful-core"),
            ("roomful-axum", "roomful-core"),
            ("roomful-axum", "roomful-runtime"),
            ("roomful-worker", "roomful-runtime"),
            ("roomful-axum", "roomful-cluster"),
            ("roomful-axum", "roomful-websocket"),
            ("roomful-cluster", "roomful-runtime"),
            ("roomful-inspect", "roomful-runtime"),
            ("roomful-client", "roomful-core"),
            ("roomful-cli", "roomful-core"),
        ] {
            assert!(of(package(upper, vec![import(lower)])).is_empty(), "{upper} -> {lower}");
        }
    }

    #[test]
    fn an_import_that_points_up_or_sideways_is_named() {
        for (lower, upper) in [
            ("roomful-core", "roomful"),
            ("roomful-core", "roomful-macros"),
            ("roomful-core", "roomful-runtime"),
            ("roomful-macros", "roomful-runtime"),
            ("roomful-runtime", "roomful"),
            ("roomful-runtime", "roomful-macros"),
            ("roomful-websocket", "roomful-core"),
            ("roomful", "roomful-axum"),
            ("roomful-cluster", "roomful"),
            ("roomful-inspect", "roomful-axum"),
            ("roomful-runtime", "roomful-inspect"),
            ("roomful-client", "roomful"),
            ("roomful-cli", "roomful-runtime"),
            ("roomful-worker", "roomful-axum"),
            ("roomful-axum", "roomful-axum"),
            ("roomful", "roomful-not-in-the-order"),
        ] {
            assert_eq!(
                of(package(lower, vec![import(upper)])),
                [format!("{lower} imports {upper}: it does not stand below")]
            );
        }
    }

    #[test]
    fn tests_may_import_what_they_like_and_build_scripts_may_not() {
        let of_kind = |kind: &str| Dependency { kind: Some(kind.to_owned()), ..import("roomful-axum") };
        assert!(of(package("roomful", vec![of_kind("dev")])).is_empty());
        assert_eq!(of(package("roomful", vec![of_kind("build")])).len(), 1);
    }

    #[test]
    fn a_crate_that_the_order_does_not_know_is_named() {
        assert_eq!(of(package("roomful-new", vec![])), ["roomful-new has no place in the order of the crates"]);
    }

    #[test]
    fn a_reserved_import_has_one_owner() {
        assert!(of(package("roomful-axum", vec![import("hyper")])).is_empty());
        assert_eq!(of(package("roomful", vec![import("hyper")])), ["roomful imports hyper: only roomful-axum may"]);
    }

    #[test]
    fn tokio_is_free_but_its_net_is_not() {
        let with = |feature: &str| Dependency { features: vec![feature.to_owned()], ..import("tokio") };
        assert!(of(package("roomful", vec![with("sync")])).is_empty());
        for owner in OWN_TOKIO_NET {
            assert!(of(package(owner, vec![with("net")])).is_empty());
        }
        for feature in ["net", "full"] {
            assert_eq!(
                of(package("roomful", vec![with(feature)])),
                ["roomful imports tokio: with its net, which only roomful-axum and roomful-cli may"]
            );
        }
    }

    #[test]
    fn tokios_net_cannot_come_in_through_a_feature() {
        let mut roomful = package("roomful", vec![import("tokio")]);
        roomful.features = BTreeMap::from([("test".to_owned(), vec!["tokio?/net".to_owned()])]);
        assert_eq!(of(roomful), ["a feature of roomful turns on tokio's net: only roomful-axum and roomful-cli may"]);
    }

    #[test]
    fn what_is_sans_io_imports_only_what_is_known_to_do_none() {
        assert!(of(package("roomful-core", vec![import("bytes")])).is_empty());
        assert!(of(package("roomful-websocket", vec![import("flate2")])).is_empty());
        for name in ["tokio", "futures-util", "rand", "getrandom", "uuid", "chrono"] {
            assert_eq!(of(package("roomful-core", vec![import(name)])).len(), 1, "{name}");
            assert_eq!(of(package("roomful-websocket", vec![import(name)])).len(), 1, "{name}");
        }
    }
}
