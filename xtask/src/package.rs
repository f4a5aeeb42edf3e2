//! What is published: the crates and the npm package, each whole, and each building without the rest of the repository.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cargo_tools::{self, CargoTool};
use crate::command::{self, Failure};
use crate::metadata;
use crate::repo::Repo;
use crate::step::Outcome;
use crate::typescript::CLIENT;

/// Each package has its own copy: a link is a file with a path in it where git makes no links.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
const README: &str = "README.md";
/// The version of cargo-semver-checks.
const SEMVER_CHECKS: &str = "0.51.0";

/// What npm says that it would pack.
#[derive(Deserialize)]
struct Packed {
    files: Vec<PackedFile>,
}

#[derive(Deserialize)]
struct PackedFile {
    path: String,
}

pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    let packages = metadata::read(repo, "Cargo.toml")?.packages;
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.is_published()) {
        let name = &package.name;
        let missing: Vec<&str> = package.missing().collect();
        if !missing.is_empty() {
            findings.push(format!("{name}: its Cargo.toml has no {}", missing.join(", ")));
        }
        // Not the repository's, which cargo would copy: its links lead nowhere there.
        if !package.directory().join(README).is_file() {
            findings.push(format!("{name}: it has no {README} of its own"));
        }
        findings.extend(
            unlike_ours(&repo.path(""), package.directory())?.into_iter().map(|file| format!("{name}: {file}")),
        );
        let files = crate_files(repo, name)?;
        findings.extend(absent(&files).map(|file| format!("{name}: its package has no {file}")));
        println!("  {name} {}: {} files", package.version, files.len());
    }
    findings.extend(npm_findings(repo)?);
    if !findings.is_empty() {
        return Err(Failure::new(
            findings.join("\n  "),
            "each package has a README of its own, copies of the repository's licence files, and what its registry shows",
        ));
    }
    let published: Vec<String> = packages
        .iter()
        .filter(|package| package.is_published())
        .map(|package| format!("{}-{}", package.name, package.version))
        .collect();
    forget_unpacked(&unpacked_sources()?, &published)?;
    publish_nothing(repo)?;
    compare_with_last(repo)
}

/// What of the licence texts in this directory is not as in the repository's root; those that are absent, the package says.
fn unlike_ours(root: &Path, directory: &Path) -> Result<Vec<String>, Failure> {
    let mut unlike = Vec::new();
    for licence in LICENCES {
        let ours = root.join(licence);
        let ours = fs::read(&ours).map_err(|error| {
            Failure::new(format!("{}: {error}", ours.display()), "see that it is there and may be read")
        })?;
        // A link would do here, and not where git makes none.
        let copy = directory.join(licence);
        let is_link = fs::symlink_metadata(&copy).is_ok_and(|file| file.is_symlink());
        if is_link || fs::read(copy).is_ok_and(|text| text != ours) {
            unlike.push(format!("its {licence} is no copy of the repository's"));
        }
    }
    Ok(unlike)
}

/// What every package has to have, and this one has not.
fn absent(files: &BTreeSet<String>) -> impl Iterator<Item = &'static str> {
    LICENCES.into_iter().chain([README]).filter(|wanted| !files.contains(*wanted))
}

/// The files that go into the package of a crate.
fn crate_files(repo: &Repo, name: &str) -> Result<BTreeSet<String>, Failure> {
    let mut list = repo.cargo(["package", "--list", "--allow-dirty", "--locked", "--package", name]);
    let files = command::read(&mut list, "read what cargo says above")?;
    Ok(String::from_utf8_lossy(&files).lines().map(str::to_owned).collect())
}

/// Where cargo unpacks what it builds from a registry.
fn unpacked_sources() -> Result<PathBuf, Failure> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).ok_or_else(|| {
        Failure::new("there is no home directory, so cargo's is not known", "set CARGO_HOME to the directory of cargo")
    })?;
    Ok(home.join("registry").join("src"))
}

/// Deletes what cargo unpacked of these packages when it last built them from this directory: it takes what it finds under the
/// same version for the same package, and would build the others against the API of an earlier commit.
fn forget_unpacked(sources: &Path, packages: &[String]) -> Result<(), Failure> {
    let unreadable = |path: &Path, error: &io::Error| {
        Failure::new(format!("{}: {error}", path.display()), "see that it may be read and deleted")
    };
    let registries = match fs::read_dir(sources) {
        Ok(registries) => registries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(sources, &error)),
    };
    for registry in registries {
        let registry = registry.map_err(|error| unreadable(sources, &error))?;
        // A registry with a host begins with its name. Only a directory of packages, as in a dry run, has none.
        if !registry.file_name().to_string_lossy().starts_with('-') {
            continue;
        }
        for package in packages {
            let unpacked = registry.path().join(package);
            match fs::remove_dir_all(&unpacked) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unreadable(&unpacked, &error)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Packs every crate that is published, in the order in which they need one another, and builds each from its package: what of
/// the others is on no registry yet, cargo takes from their packages.
fn publish_nothing(repo: &Repo) -> Result<(), Failure> {
    let publish = ["publish", "--workspace", "--dry-run", "--locked", "--allow-dirty"];
    command::run(
        &mut repo.cargo(publish),
        "mend what cargo says above: a package may use nothing that stands outside its directory",
    )
}

fn npm_findings(repo: &Repo) -> Result<Vec<String>, Failure> {
    // What it packs was built by a step before this one; the scripts would print in between.
    let mut pack = repo.program("npm", CLIENT, ["pack", "--dry-run", "--json", "--ignore-scripts"]);
    let packed = command::read(&mut pack, "read what npm says above")?;
    let files = packed_files(&packed).map_err(|error| {
        Failure::new(
            format!("`npm pack --json` printed something unexpected: {error}"),
            "see whether its format changed, and change xtask/src/package.rs with it",
        )
    })?;
    let manifest = repo.path(CLIENT).join("package.json");
    let manifest = fs::read(&manifest)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()))
        .map_err(|error| {
            Failure::new(format!("{}: {error}", manifest.display()), "see that it is there and is JSON")
        })?;
    println!("  {CLIENT}: {} files", files.len());
    let unlike = unlike_ours(&repo.path(""), &repo.path(CLIENT))?;
    let wrong = unlike.into_iter().chain(absent(&files).map(|file| format!("its package has no {file}")));
    Ok(wrong.chain(npm_files_wrong(&files, &manifest)).map(|finding| format!("{CLIENT}: {finding}")).collect())
}

fn packed_files(packed: &[u8]) -> serde_json::Result<BTreeSet<String>> {
    let packed: Vec<Packed> = serde_json::from_slice(packed)?;
    Ok(packed.into_iter().flat_map(|packed| packed.files).map(|file| file.path).collect())
}

/// What the manifest exports and the package has not, and what it has besides the build and what it says of itself.
fn npm_files_wrong(files: &BTreeSet<String>, manifest: &serde_json::Value) -> Vec<String> {
    let mut exported = Vec::new();
    strings(manifest.get("exports").unwrap_or(&serde_json::Value::Null), &mut exported);
    let exported = exported.into_iter().map(|path| path.trim_start_matches("./"));
    let missing =
        exported.filter(|path| !files.contains(*path)).map(|path| format!("exports {path}, which it has not"));
    let about = |file: &str| LICENCES.contains(&file) || [README, "package.json"].contains(&file);
    let foreign = files.iter().filter(|file| !about(file) && !file.starts_with("dist/"));
    missing.chain(foreign.map(|file| format!("has {file}, which nobody needs who installs it"))).collect()
}

fn strings<'a>(value: &'a serde_json::Value, into: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, into)),
        _ => {}
    }
}

/// Whether a version that only promises to add takes anything away, as against the last one that was released.
fn compare_with_last(repo: &Repo) -> Result<Outcome, Failure> {
    let last = ["describe", "--tags", "--abbrev=0", "--match", "v*"];
    let Some(tag) = command::probe(&mut repo.program("git", ".", last)) else {
        return Ok(Outcome::PassedExcept(
            "no API was compared with an earlier one: there is no tag `v*` here".to_owned(),
        ));
    };
    let tool = CargoTool {
        package: "cargo-semver-checks",
        program: "cargo-semver-checks",
        version: SEMVER_CHECKS.to_owned(),
        features: &[],
    };
    cargo_tools::install(repo, std::slice::from_ref(&tool), "read what cargo says above; it needs crates.io")?;
    let mut checks = repo.program_at(&tool.path()?, ".", ["semver-checks", "--workspace", "--baseline-rev", &tag]);
    command::run(&mut checks, "mend what it says above, or raise the version as semver has it")?;
    println!("  every API was compared with that of {tag}");
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_package_without_its_licences_or_readme_is_found() {
        assert_eq!(absent(&files(&["LICENSE-APACHE", "LICENSE-MIT", "README.md"])).count(), 0);
        assert_eq!(absent(&files(&["LICENSE-MIT", "src/lib.rs"])).collect::<Vec<_>>(), ["LICENSE-APACHE", "README.md"]);
    }

    #[test]
    fn a_licence_that_is_no_copy_is_found() {
        let root = std::env::temp_dir().join(format!("xtask-licences-{}", std::process::id()));
        let crate_directory = root.join("crate");
        fs::create_dir_all(&crate_directory).expect("made");
        for licence in LICENCES {
            fs::write(root.join(licence), licence).expect("written");
            fs::write(crate_directory.join(licence), licence).expect("written");
        }
        let unlike =
            || unlike_ours(&root, &crate_directory).map_err(|failure| failure.to_string()).expect("it is read");
        assert!(unlike().is_empty());

        fs::write(crate_directory.join("LICENSE-MIT"), "another").expect("written");
        assert_eq!(unlike(), ["its LICENSE-MIT is no copy of the repository's"]);
        #[cfg(unix)]
        {
            fs::remove_file(crate_directory.join("LICENSE-MIT")).expect("deleted");
            std::os::unix::fs::symlink("../LICENSE-MIT", crate_directory.join("LICENSE-MIT")).expect("linked");
            assert_eq!(unlike(), ["its LICENSE-MIT is no copy of the repository's"]);
        }
        fs::remove_dir_all(root).expect("deleted");
    }

    #[test]
    fn only_what_a_dry_run_unpacked_of_these_packages_is_forgotten() {
        let sources = std::env::temp_dir().join(format!("xtask-unpacked-{}", std::process::id()));
        let names =
            ["-1f/ours-0.1.0", "-2a/ours-0.1.0", "-1f/other-0.1.0", "-1f/ours-0.2.0", "index.example-1f/ours-0.1.0"];
        for name in names {
            fs::create_dir_all(sources.join(name).join("src")).expect("made");
        }
        let forget = || forget_unpacked(&sources, &["ours-0.1.0".to_owned()]).map_err(|failure| failure.to_string());
        forget().expect("deleted");
        assert_eq!(names.map(|name| sources.join(name).exists()), [false, false, true, true, true]);
        fs::remove_dir_all(&sources).expect("deleted");
        forget().expect("nothing was ever unpacked");
    }

    #[test]
    fn an_npm_package_has_all_that_it_exports_and_nothing_else() {
        let manifest = serde_json::json!({ "exports": {
            ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" },
            "./package.json": "./package.json",
        }});
        let whole = ["LICENSE-MIT", "README.md", "dist/index.d.ts", "dist/index.js", "package.json"];
        assert!(npm_files_wrong(&files(&whole), &manifest).is_empty());
        let wrong = ["README.md", "dist/index.js", "package.json", "src/index.ts"];
        assert_eq!(
            npm_files_wrong(&files(&wrong), &manifest),
            ["exports dist/index.d.ts, which it has not", "has src/index.ts, which nobody needs who installs it"]
        );
    }

    #[test]
    fn what_npm_would_pack_is_read() {
        let packed = br#"[{"name":"a","files":[{"path":"dist/a.js","size":1},{"path":"README.md"}]}]"#;
        assert_eq!(packed_files(packed).expect("it is npm's"), files(&["README.md", "dist/a.js"]));
        assert!(packed_files(b"{}").is_err());
    }
}
