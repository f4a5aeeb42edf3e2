//! That the examples of the documentation compile with nothing but what an app depends on, and do what they say.
//!
//! The tests of a crate's documentation do not show it: they may use whatever the crate's own tests do. So there is a crate outside
//! the workspace here whose dependencies are those that the guide tells its readers to write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{self, Failure};
use crate::metadata::{self, Package};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::tools::WASM;

/// Where the lines for a `Cargo.toml` stand.
const GUIDE: &str = "docs/guide.md";
/// What else has examples and is not in a crate's source.
const PAGES: &[&str] = &["README.md", GUIDE, "crates/roomful/README.md", "crates/axum/README.md"];
/// Every page of this folder, too.
const TASKS: &str = "docs/tasks";
/// The crates that an app imports, whose documentation has examples.
const CRATES: &[&str] = &["crates/roomful/src", "crates/axum/src"];
/// The crate that is made here.
const OUTSIDE: &str = "target/doc-examples";
/// Where it is built, and others that depend on the same.
pub(crate) const TARGET: &str = "target/doc-examples/target";

pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    write(&repo.path(OUTSIDE).join("Cargo.toml"), &manifest(repo, "doc-examples")?)?;
    // What it imports is then of the versions that everything else is tried with.
    write(&repo.path(OUTSIDE).join("Cargo.lock"), &read(&repo.path("Cargo.lock"))?)?;

    let pages = pages(repo)?;
    let modules: String = pages.iter().map(module).collect();
    write(&repo.path(OUTSIDE).join("src/lib.rs"), &modules)?;
    println!("  {} pages and source files", pages.len());
    let manifest = format!("{OUTSIDE}/Cargo.toml");
    let test = ["test", "--doc", "--manifest-path", &manifest];
    command::run(
        &mut repo.cargo(test),
        "mend the example: it may use only what the first block of `toml` in docs/guide.md names",
    )?;
    // Those of a crate that is empty on this machine's target. They are compiled, and run nowhere.
    let on_workers = ["test", "--doc", "--package", "roomful-worker", "--target", WASM, "--locked"];
    command::run(&mut repo.cargo(on_workers), "mend the example that is named above")?;
    Ok(Outcome::Passed)
}

/// The manifest of a crate outside of the workspace that depends on what the guide tells its readers to write, as it is here.
pub(crate) fn manifest(repo: &Repo, name: &str) -> Result<String, Failure> {
    let guide = read(&repo.path(GUIDE))?;
    let dependencies = first_block(&guide, "toml").ok_or_else(|| {
        Failure::new(
            format!("{GUIDE} has no block of `toml`"),
            "say there what an app writes into its Cargo.toml, in the first such block",
        )
    })?;
    let mut manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n{dependencies}\n[workspace]\n\n[profile.dev]\ndebug = false\n\n"
    );
    manifest.push_str("[patch.crates-io]\n");
    for package in imported(&metadata::read(repo, "Cargo.toml")?.packages, &dependencies) {
        manifest.push_str(&format!("{} = {{ path = {:?} }}\n", package.name, package.directory()));
    }
    Ok(manifest)
}

/// Of the workspace's packages those that these lines name, and what they import.
fn imported<'a>(packages: &'a [Package], dependencies: &str) -> Vec<&'a Package> {
    let named = dependencies.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let mut wanted: Vec<&str> = named.collect();
    let mut found: Vec<&Package> = Vec::new();
    while let Some(name) = wanted.pop() {
        let is_new = !found.iter().any(|package| package.name == name);
        if let Some(package) = packages.iter().find(|package| package.name == name && is_new) {
            let imports = package.dependencies.iter().filter(|import| import.kind.as_deref() != Some("dev"));
            wanted.extend(imports.map(|import| import.name.as_str()));
            found.push(package);
        }
    }
    found
}

/// A page in Markdown, whose examples become tests.
struct Page {
    /// What it was made of.
    source: PathBuf,
    path: PathBuf,
}

/// Named after its source, so that the name of a test says where its example is.
fn module(page: &Page) -> String {
    let source = page.source.display();
    let name = source.to_string().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    format!("/// {source}\n#[doc = include_str!({:?})]\nmod {name} {{}}\n", page.path)
}

fn pages(repo: &Repo) -> Result<Vec<Page>, Failure> {
    let tasks = files(&repo.path(TASKS), "md")?.into_iter();
    let tasks = tasks.map(|path| Page { source: path.strip_prefix(repo.path("")).unwrap_or(&path).to_owned(), path });
    let pages = PAGES.iter().map(|page| Page { source: PathBuf::from(page), path: repo.path(page) });
    let mut pages: Vec<Page> = pages.chain(tasks).collect();
    for directory in CRATES {
        for source in files(&repo.path(directory), "rs")? {
            let text = documentation(&read(&source)?);
            if !text.contains("```") {
                continue;
            }
            let path = repo.path(OUTSIDE).join(format!("src/page_{}.md", pages.len()));
            write(&path, &text)?;
            let source = source.strip_prefix(repo.path("")).unwrap_or(&source).to_owned();
            pages.push(Page { source, path });
        }
    }
    Ok(pages)
}

/// The files with this ending, in the folder and those within it.
fn files(directory: &Path, ending: &str) -> Result<BTreeSet<PathBuf>, Failure> {
    let unreadable =
        |error| Failure::new(format!("{}: {error}", directory.display()), "see that it is there and may be read");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.insert(path);
        }
    }
    Ok(found)
}

/// What the comments of a source file say of its items.
fn documentation(source: &str) -> String {
    let lines = source.lines().map(|line| {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
        Some(text.strip_prefix(' ').unwrap_or(text))
    });
    // An item ends its own documentation: the next paragraph is of another.
    lines.map(|text| text.unwrap_or_default().to_owned() + "\n").collect()
}

/// The first block in this language.
fn first_block(page: &str, language: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(block, _)| block.to_owned())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display()), "see that it is there and may be read"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).and_then(|()| fs::write(path, text)).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()), "see that it may be written, and that the disk has room")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_is_told_to_import_is_the_first_block_of_that_language() {
        let guide =
            "# Guide\n\n```sh\ncargo new\n```\n\n```toml\n[dependencies]\na = \"1\"\n```\n\n```toml\nb = \"2\"\n```\n";
        assert_eq!(first_block(guide, "toml").as_deref(), Some("[dependencies]\na = \"1\"\n"));
        assert_eq!(first_block(guide, "rust"), None);
    }

    #[test]
    fn the_comments_of_a_file_are_a_page() {
        let source = "//! A file.\n\n/// An item:\n///\n/// ```\n/// # hidden();\n///     let a = 1; // more\n/// ```\nfn item() {\n    // Why.\n    f(\"/// no\");\n}\n";
        assert_eq!(
            documentation(source),
            "A file.\n\nAn item:\n\n```\n# hidden();\n    let a = 1; // more\n```\n\n\n\n\n"
        );
    }

    #[test]
    fn what_is_imported_brings_what_it_imports_but_for_its_tests() {
        let package = |name: &str, imports: &str| -> Package {
            let rest = r#""version":"1.0.0","manifest_path":"/a/Cargo.toml","features":{},"targets":[],"publish":null,"keywords":[],"categories":[]"#;
            serde_json::from_str(&format!(r#"{{"name":"{name}","dependencies":[{imports}],{rest}}}"#))
                .expect("it is cargo's")
        };
        let below = r#"{"name":"below","kind":null,"features":[]},{"name":"tests","kind":"dev","features":[]}"#;
        let packages = [package("app", below), package("below", ""), package("tests", ""), package("other", "")];
        let names: Vec<_> = imported(&packages, "[dependencies]\napp = \"1\"\naxum = \"0.8\"\n")
            .iter()
            .map(|package| &package.name)
            .collect();
        assert_eq!(names, ["app", "below"]);
    }
}
