//! That whoever writes an app can name every type that the app's crates show, with `roomful` alone.
//!
//! The crates below `roomful` change as the runtime and the protocol need it. A type of theirs in a public signature would have to
//! be imported from there, so `roomful` exports each one that an app meets, and what is for platforms alone is `doc(hidden)`. A
//! type of somebody else's is as much of a promise: a breaking release of that crate is then one of ours.

mod signatures;

use std::collections::BTreeSet;
use std::fs;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::tools::WASM;

use signatures::{Docs, Mention};

/// The crate that exports what is meant for apps.
const APP: &str = "roomful";
/// Whose types may be in its signatures beside those that it exports.
const APP_SHOWS: &[&str] = &["bytes", "futures_core", "http", "serde", "serde_core", "serde_json"];

/// What else an app imports, where it is built for, and whose types may be in its signatures, too.
const PLATFORMS: &[(&str, Option<&str>, &[&str])] = &[
    ("roomful-axum", None, &["axum", "tokio"]),
    ("roomful-worker", Some(WASM), &["worker"]),
    ("roomful-inspect", None, &["bytes", "http", "http_body", "tower_service"]),
];

/// The crates that it exports types of, and whose types may be in the signatures of those.
const BELOW: &[(&str, &[&str])] = &[
    ("roomful-pattern", &["serde", "serde_core"]),
    ("roomful-core", &["serde", "serde_core"]),
    ("roomful-runtime", &["serde", "serde_core", "serde_json"]),
];

/// What every program has.
const STANDARD: &[&str] = &["alloc", "core", "std"];

/// Apart from what other steps compile: the variable that lets a stable rustdoc write JSON would have cargo compile it all again.
const TARGET: &str = "target/public-api";

/// Reads what rustdoc says of each crate, and fails on what an app could not name.
pub(crate) fn check(repo: &Repo) -> Result<(), Failure> {
    let app = document(repo, APP, None)?;
    let exported = app.exports();
    let mut findings = unknown(&app.mentions(), &exported, &BTreeSet::new(), APP_SHOWS);
    for (package, target, foreign) in PLATFORMS {
        let platform = document(repo, package, *target)?;
        findings.extend(unknown(&platform.mentions(), &exported, &platform.exports(), foreign));
    }
    for (package, foreign) in BELOW {
        let below = document(repo, package, None)?.mentions_of(&exported);
        findings.extend(unknown(&below, &exported, &BTreeSet::new(), foreign));
    }
    println!("  {} items that one can name with {APP}", exported.len());
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        findings.join("\n  "),
        "export the type from crates/roomful/src/lib.rs if an app is to name it, or mark what names it `#[doc(hidden)]` if only a \
         platform needs it; whose other types may be shown stands in xtask/src/public_api/mod.rs",
    ))
}

/// Each type that is neither of the standard library, nor exported, nor of a crate that may be shown.
fn unknown(
    mentions: &BTreeSet<Mention>,
    exported: &BTreeSet<String>,
    by_platform: &BTreeSet<String>,
    foreign: &[&str],
) -> Vec<String> {
    let is_known = |mention: &Mention| {
        let owner = mention.path.split("::").next().unwrap_or_default();
        let may_be_shown = STANDARD.contains(&owner) || foreign.contains(&owner);
        may_be_shown || exported.contains(&mention.path) || by_platform.contains(&mention.path)
    };
    let unknown = mentions.iter().filter(|mention| !is_known(mention));
    unknown.map(|mention| format!("{} names {}, which nobody exports for an app", mention.item, mention.path)).collect()
}

fn document(repo: &Repo, package: &str, target: Option<&str>) -> Result<Docs, Failure> {
    let mut rustdoc = repo.cargo(["rustdoc", "--package", package, "--lib", "--all-features", "--locked"]);
    rustdoc.args(["--target-dir", TARGET]);
    rustdoc.args(target.iter().flat_map(|target| ["--target", target]));
    // The format is not stable, and the toolchain that this repository names writes it all the same.
    rustdoc.args(["--", "-Z", "unstable-options", "--output-format", "json"]).env("RUSTC_BOOTSTRAP", "1");
    command::run(&mut rustdoc, "mend what rustdoc says above")?;

    let directory = repo.path(TARGET).join(target.unwrap_or_default()).join("doc");
    let file = directory.join(package.replace('-', "_")).with_extension("json");
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            format!("{}: {error}", file.display()),
            "see whether rustdoc's format changed, and change xtask/src/public_api/signatures.rs with it",
        )
    };
    let text = fs::read(&file).map_err(|error| unreadable(&error))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_app_cannot_name_is_found() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
        let mention = |path: &str| Mention { item: "roomful_axum::serve".to_owned(), path: path.to_owned() };
        let known = ["std::io::Error", "roomful_core::limits::Limits", "roomful_axum::Server", "axum::Router"];
        let mentions = known.into_iter().chain(["roomful_core::room::Effect", "hyper::Request"]).map(mention).collect();
        assert_eq!(
            unknown(&mentions, &paths(&["roomful_core::limits::Limits"]), &paths(&["roomful_axum::Server"]), &["axum"]),
            [
                "roomful_axum::serve names hyper::Request, which nobody exports for an app",
                "roomful_axum::serve names roomful_core::room::Effect, which nobody exports for an app"
            ]
        );
    }
}
