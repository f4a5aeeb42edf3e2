//! `cargo xtask release VERSION`: everything that a release is but the push.
//!
//! What is to be changed is made in memory first, and written when all of it could be made. So a dry run, which is a step of
//! `cargo xtask check`, tries the same on what is there.

mod changelog;
mod msrv;
mod version;
mod versions;

use std::fs;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::typescript::CLIENT;
use crate::{metadata, npm, package};
pub(crate) use version::Version;
use versions::{Changed, Crates};

const CHANGELOG: &str = "CHANGELOG.md";

/// A step of the checks: the next patch could be released, and what the crates say of the compiler is so.
pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    msrv::check(repo)?;
    let crates = crates(repo)?;
    let next = crates.version.next_patch();
    let changed = prepared(repo, &crates, next, "2000-01-01")?;
    println!(
        "  {next} would change {} files, and its notes have {} lines",
        changed.len(),
        notes(&changed, next)?.lines().count()
    );
    Ok(Outcome::Passed)
}

/// Writes the version everywhere, looks at the packages, commits, and tags. Pushing and publishing is left.
pub(crate) fn run(repo: &Repo, version: Version) -> Result<(), Failure> {
    let crates = crates(repo)?;
    is_possible(repo, &crates, version)?;
    let today = command::read(&mut repo.program("date", ".", ["-u", "+%F"]), "set the system's clock")?;
    let changed = prepared(repo, &crates, version, String::from_utf8_lossy(&today).trim())?;
    write(repo, &changed)?;
    println!("  {version} is written into {} files; `git checkout .` takes it back", changed.len());
    msrv::check(repo)?;
    // What npm packs is what was built.
    npm::install(repo, CLIENT)?;
    npm::script(repo, CLIENT, "build", &[])?;
    package::check(repo)?;
    commit_and_tag(repo, &changed, version)?;
    println!("{version} is committed and tagged. What is left, in this order:");
    println!("  git push --follow-tags");
    println!("  cargo publish --workspace --locked");
    println!("  npm publish, in clients/typescript");
    Ok(())
}

/// Whether nothing else would go into the release, and nobody has released it.
fn is_possible(repo: &Repo, crates: &Crates, version: Version) -> Result<(), Failure> {
    if version < crates.version {
        return Err(Failure::new(
            format!("{version} is older than {}, which is what the crates are", crates.version),
            "choose a later one",
        ));
    }
    let changes = command::read(&mut repo.program("git", ".", ["status", "--porcelain"]), "read what git says above")?;
    if !changes.is_empty() {
        return Err(Failure::new("there are changes that are not committed", "commit them, or `git stash` them"));
    }
    let tag = format!("refs/tags/v{version}");
    if command::probe(&mut repo.program("git", ".", ["rev-parse", "--verify", "--quiet", &tag])).is_some() {
        return Err(Failure::new(format!("{version} was released: there is a tag of it"), "choose a later one"));
    }
    Ok(())
}

fn write(repo: &Repo, changed: &Changed) -> Result<(), Failure> {
    for (file, text) in changed {
        let path = repo.path(file);
        fs::write(&path, text)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display()), "see that it may be written"))?;
    }
    Ok(())
}

/// What the changelog says of the version is the tag's message.
fn commit_and_tag(repo: &Repo, changed: &Changed, version: Version) -> Result<(), Failure> {
    let (tag, title) = (format!("v{version}"), format!("release: {version}"));
    let message = format!("{version}\n\n{}", notes(changed, version)?);
    let commit = ["commit", "--quiet", "-m", &title, "--"].into_iter().chain(changed.keys().map(String::as_str));
    command::run(
        &mut repo.program("git", ".", commit),
        "read what git says above; `git checkout .` takes back what was written",
    )?;
    // Else git takes headings for comments.
    let tags = ["tag", "--cleanup=whitespace", "-a", &tag, "-m", &message];
    command::run(
        &mut repo.program("git", ".", tags),
        "read what git says above; `git reset --hard HEAD~1` takes back the commit",
    )
}

fn crates(repo: &Repo) -> Result<Crates, Failure> {
    Crates::of(&metadata::read(repo, "Cargo.toml")?.packages)
}

fn prepared(repo: &Repo, crates: &Crates, to: Version, date: &str) -> Result<Changed, Failure> {
    let read = |file: &str| {
        let path = repo.path(file);
        fs::read_to_string(&path).map_err(|error| {
            Failure::new(format!("{}: {error}", path.display()), "see that it is there and may be read")
        })
    };
    let mut changed = versions::changed(crates, to, &read)?;
    changed.insert(CHANGELOG.to_owned(), changelog::released(&read(CHANGELOG)?, to, date)?);
    Ok(changed)
}

/// What the changelog says of it, for the tag.
fn notes(changed: &Changed, version: Version) -> Result<String, Failure> {
    let text = changed.get(CHANGELOG).map(String::as_str).unwrap_or_default();
    changelog::notes(text, version).ok_or_else(|| {
        Failure::new(
            format!("{CHANGELOG} says nothing of {version}"),
            "say there what has changed, under `## Unreleased`",
        )
    })
}
