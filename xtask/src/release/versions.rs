//! Where the version stands: manifests, lock files, and what the documentation tells readers to write.
//!
//! Each place is changed as text, and what should have changed and has not is a failure: a place that has moved is noticed by the
//! dry run, and not on the day of a release.

use std::collections::BTreeMap;

use super::version::Version;
use crate::command::Failure;
use crate::metadata::Package;

const MANIFEST: &str = "Cargo.toml";
/// Those of the workspaces that have crates of ours in them.
const LOCKS: [&str; 4] = ["Cargo.lock", "examples/team/Cargo.lock", "bench/Cargo.lock", "fuzz/Cargo.lock"];
const NPM_MANIFEST: &str = "clients/typescript/package.json";
const NPM_LOCK: &str = "clients/typescript/package-lock.json";
/// Those of the pages that have the client as a folder.
const PAGE_LOCKS: [&str; 2] = ["examples/cursors/web/package-lock.json", "examples/team/web/package-lock.json"];
/// What tells readers what to write into their manifests.
const PAGES: [&str; 1] = ["docs/guide.md"];

/// The files that a release changes, as they will be.
pub(super) type Changed = BTreeMap<String, String>;

/// The crates that are published, which all have one version.
pub(super) struct Crates {
    pub(super) version: Version,
    names: Vec<String>,
    /// With the version of the workspace, and not published.
    others: Vec<String>,
}

impl Crates {
    pub(super) fn of(packages: &[Package]) -> Result<Self, Failure> {
        let published = || packages.iter().filter(|package| package.is_published());
        let version = published().next().and_then(|package| package.version.parse().ok());
        let version: Version =
            version.ok_or_else(|| Failure::new("no crate is published", "see the manifests of the crates"))?;
        let other = published().find(|package| package.version != version.to_string());
        if let Some(Package { name, version: its, .. }) = other {
            return Err(Failure::new(
                format!("{name} is {its}, and others are {version}"),
                "let each say `version.workspace = true`",
            ));
        }
        let named = |is_published: bool| {
            let of_one_version = packages.iter().filter(|package| package.version == version.to_string());
            of_one_version
                .filter(move |package| package.is_published() == is_published)
                .map(|package| package.name.clone())
                .collect()
        };
        Ok(Self { version, names: named(true), others: named(false) })
    }
}

/// All files with the version in them, with another one.
pub(super) fn changed(
    crates: &Crates,
    to: Version,
    read: &dyn Fn(&str) -> Result<String, Failure>,
) -> Result<Changed, Failure> {
    let mut changed = Changed::new();
    let mut change = |file: &str, with: &dyn Fn(&str) -> Option<String>| {
        let text = with(&read(file)?).ok_or_else(|| {
            let what = format!("{file}: the version {} is not where it is looked for", crates.version);
            Failure::new(what, "see xtask/src/release/versions.rs, and where it stands now")
        })?;
        changed.insert(file.to_owned(), text);
        Ok::<(), Failure>(())
    };
    change(MANIFEST, &|text| manifest(text, crates, to))?;
    for file in LOCKS {
        change(file, &|text| Some(lock(text, crates, to)))?;
    }
    change(NPM_MANIFEST, &|text| npm(text, crates.version, to, 1))?;
    change(NPM_LOCK, &|text| npm(text, crates.version, to, 2))?;
    for file in PAGE_LOCKS {
        change(file, &|text| page_lock(text, crates.version, to))?;
    }
    for file in PAGES {
        change(file, &|text| Some(page(text, crates, to)))?;
    }
    Ok(changed)
}

/// The version of the workspace, and of each crate for the others.
fn manifest(text: &str, crates: &Crates, to: Version) -> Option<String> {
    let from = crates.version;
    let mut text = replaced(text, &format!("\nversion = \"{from}\"\n"), &format!("\nversion = \"{to}\"\n"))?;
    for name in &crates.names {
        let (begin, end) = (format!("\n{name} = {{ path = "), format!(", version = \"{from}\""));
        // What no other crate of ours imports does not stand there.
        let Some(at) = text.find(&begin) else { continue };
        let line = text.get(at + 1..)?.lines().next()?.to_owned();
        text = replaced(&text, &line, &replaced(&line, &end, &format!(", version = \"{to}\""))?)?;
    }
    Some(text)
}

/// Cargo's: the version follows the name, and a package with a source is somebody else's.
fn lock(text: &str, crates: &Crates, to: Version) -> String {
    let mut text = text.to_owned();
    for name in crates.names.iter().chain(&crates.others) {
        let entry = |version: Version| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let from = entry(crates.version);
        let is_ours = text.split_once(&from).is_some_and(|(_, rest)| !rest.starts_with("source"));
        if is_ours {
            text = text.replacen(&from, &entry(to), 1);
        }
    }
    text
}

/// npm's: its own version stands first, in a lock file twice.
fn npm(text: &str, from: Version, to: Version, times: usize) -> Option<String> {
    let (from, to) = (format!("\"version\": \"{from}\""), format!("\"version\": \"{to}\""));
    (0..times).try_fold(text.to_owned(), |text, _| replaced(&text, &from, &to))
}

/// A page's: the client among its packages.
fn page_lock(text: &str, from: Version, to: Version) -> Option<String> {
    let (before, client) = text.split_once("\"../../../clients/typescript\": {")?;
    let client = npm(client, from, to, 1)?;
    Some(format!("{before}\"../../../clients/typescript\": {{{client}"))
}

/// `roomful = { version = "0.1"`, `roomful-axum = "0.1"`.
fn page(text: &str, crates: &Crates, to: Version) -> String {
    let (from, to) = (crates.version.line(), to.line());
    crates.names.iter().fold(text.to_owned(), |text, name| {
        let forms = [format!("\n{name} = \""), format!("\n{name} = {{ version = \"")];
        forms.iter().fold(text, |text, form| text.replace(&format!("{form}{from}\""), &format!("{form}{to}\"")))
    })
}

/// The first of what must be there.
fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replacen(from, to, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates() -> Crates {
        let names = ["roomful", "roomful-core"].map(str::to_owned).to_vec();
        Crates { version: "0.1.0".parse().expect("a version"), names, others: vec!["xtask".to_owned()] }
    }

    fn to() -> Version {
        "0.2.0".parse().expect("a version")
    }

    #[test]
    fn the_workspace_and_what_its_crates_import_of_one_another() {
        let text = "[workspace.package]\nversion = \"0.1.0\"\n\nroomful-core = { path = \"crates/core\", version = \"0.1.0\" }\n\
                    other = { version = \"0.1.0\" }\n";
        let changed = manifest(text, &crates(), to()).expect("it is there");
        assert_eq!(
            changed,
            "[workspace.package]\nversion = \"0.2.0\"\n\nroomful-core = { path = \"crates/core\", version = \"0.2.0\" }\n\
             other = { version = \"0.1.0\" }\n"
        );
        assert_eq!(manifest(&changed, &crates(), to()), None, "the old version is not there");
    }

    #[test]
    fn in_a_lock_file_what_has_a_source_is_not_ours() {
        let entry = |name: &str, version: &str, rest: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
        };
        let text = entry("roomful", "0.1.0", "")
            + &entry("roomful-core", "0.1.0", "source = \"a registry\"")
            + &entry("xtask", "0.1.0", "");
        let expected = entry("roomful", "0.2.0", "")
            + &entry("roomful-core", "0.1.0", "source = \"a registry\"")
            + &entry("xtask", "0.2.0", "");
        assert_eq!(lock(&text, &crates(), to()), expected);
    }

    #[test]
    fn npms_files_have_it_first_and_a_pages_lock_at_the_client() {
        let text = "{ \"version\": \"0.1.0\", \"packages\": { \"\": { \"version\": \"0.1.0\" }, \"a\": { \"version\": \"0.1.0\" } } }";
        let changed = npm(text, crates().version, to(), 2).expect("it is there");
        assert_eq!(changed.matches("0.2.0").count(), 2);
        assert!(changed.ends_with("\"a\": { \"version\": \"0.1.0\" } } }"), "{changed}");
        let page = "\"a\": { \"version\": \"0.1.0\" }, \"../../../clients/typescript\": { \"version\": \"0.1.0\" }";
        let changed = page_lock(page, crates().version, to()).expect("it is there");
        assert_eq!(
            changed,
            "\"a\": { \"version\": \"0.1.0\" }, \"../../../clients/typescript\": { \"version\": \"0.2.0\" }"
        );
    }

    #[test]
    fn a_page_tells_the_line_of_versions() {
        let text = "\nroomful = { version = \"0.1\", features = [] }\nroomful-core = \"0.1\"\nother = \"0.1\"\n";
        assert_eq!(
            page(text, &crates(), to()),
            "\nroomful = { version = \"0.2\", features = [] }\nroomful-core = \"0.2\"\nother = \"0.1\"\n"
        );
    }
}
