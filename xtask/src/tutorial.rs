//! The chapter `docs/tasks/setup.md`, done as it says: from an empty folder to two browsers.
//!
//! Its blocks that begin with the name of a file are written there, its commands are run, and what they make is opened twice.
//! Only two things are otherwise than for a reader: `roomful` comes from here and from no registry, and the port is any that is free.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use crate::typescript::CLIENT;
use crate::{doc_examples, tools};

const CHAPTER: &str = "docs/tasks/setup.md";
const PROJECT: &str = "target/tutorial";
/// The folder in which its commands for the page are run.
const WEB: &str = "target/tutorial/web";
/// Where it serves.
const ADDRESS: &str = "127.0.0.1:3000";
/// What opens the page in two browsers.
const BROWSERS: &str = "docs/typescript/tutorial.mjs";
const REMEDY: &str = "mend docs/tasks/setup.md, or what it leads to; target/tutorial is what it made";

pub(crate) fn check(repo: &Repo) -> Result<Outcome, Failure> {
    let chapter = read(&repo.path(CHAPTER))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let chapter = chapter.replace(ADDRESS, &address);
    let project = repo.path(PROJECT);
    if project.exists() {
        fs::remove_dir_all(&project).map_err(|error| failed(&project, &error))?;
    }
    write(&project.join("Cargo.toml"), &doc_examples::manifest(repo, "tutorial")?)?;
    write(&project.join("Cargo.lock"), &read(&repo.path("Cargo.lock"))?)?;
    for (file, text) in files(&chapter) {
        write(&project.join(file), text)?;
    }

    let package = pack(repo, PROJECT)?;
    for words in commands(&chapter, "npm ") {
        let words = words.iter().map(|word| if *word == "roomful" { package.as_str() } else { word });
        command::run(&mut repo.program("npm", WEB, words), REMEDY)?;
    }
    for words in commands(&chapter, "cargo ") {
        command::run(&mut cargo(repo, &words), REMEDY)?;
    }
    command::run(&mut cargo(repo, &["build"]), REMEDY)?;
    let mut browsers = repo.program("node", ".", [BROWSERS, WEB]);
    browsers.arg(repo.path(doc_examples::TARGET).join("debug/tutorial")).arg(&address);
    command::run(browsers.env("CHROMIUM", tools::chromium_path()), REMEDY)?;
    Ok(Outcome::Passed)
}

/// What the examples of the documentation depend on is compiled once.
fn cargo(repo: &Repo, words: &[&str]) -> Command {
    let mut cargo = repo.cargo(words.iter().copied());
    cargo.current_dir(repo.path(PROJECT)).env("CARGO_TARGET_DIR", repo.path(doc_examples::TARGET));
    cargo
}

/// The package as it would be published, into this folder: a folder would bring a second React along.
pub(crate) fn pack(repo: &Repo, folder: &str) -> Result<String, Failure> {
    let to = repo.path(folder);
    let mut pack = repo.program("npm", CLIENT, ["pack", "--silent", "--pack-destination"]);
    let said = command::read(pack.arg(&to), "read what npm says above")?;
    let name = String::from_utf8_lossy(&said).lines().last().unwrap_or_default().to_owned();
    Ok(to.join(name).display().to_string())
}

/// The blocks that begin with a comment that is a path, and that path.
fn files(chapter: &str) -> impl Iterator<Item = (&str, &str)> {
    blocks(chapter).filter_map(|(_, text)| {
        let first = text.lines().next()?;
        let path = first.strip_prefix("// ").or_else(|| first.strip_prefix("<!-- ")?.strip_suffix(" -->"))?;
        (path.contains('.') && !path.contains(' ')).then_some((path, text))
    })
}

/// The commands of the blocks of `sh` that begin so, without their first word.
fn commands<'a>(chapter: &'a str, begin: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let lines = blocks(chapter).filter(|(language, _)| *language == "sh").flat_map(|(_, text)| text.lines());
    lines.filter_map(move |line| Some(line.strip_prefix(begin)?.split(' ').collect()))
}

fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let pieces = page.split("\n```");
    // Every second piece is a block, and begins with its language.
    pieces.skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

fn free_port() -> Result<u16, Failure> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|error| Failure::new(format!("no port is free: {error}"), "try again"))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| failed(path, &error))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = fs::create_dir_all(path.parent().unwrap_or(path)).and_then(|()| fs::write(path, text));
    made.map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("{}: {error}", path.display()),
        "see that it may be read and written, and that the disk has room",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n```rust,no_run\n// src/main.rs\nfn main() {}\n```\n\nText.\n\n```sh\nnpm init -y\ncargo run -- types\n```\n\n\
                        ```html\n<!-- web/index.html -->\n<p></p>\n```\n\n```ts\n// Not a file.\n```\n";

    #[test]
    fn blocks_that_begin_with_a_path_are_files_and_those_of_sh_are_commands() {
        let files: Vec<_> = files(PAGE).collect();
        assert_eq!(
            files,
            [("src/main.rs", "// src/main.rs\nfn main() {}"), ("web/index.html", "<!-- web/index.html -->\n<p></p>"),]
        );
        assert_eq!(commands(PAGE, "npm ").collect::<Vec<_>>(), [["init", "-y"]]);
        assert_eq!(commands(PAGE, "cargo ").collect::<Vec<_>>(), [["run", "--", "types"]]);
    }

    #[test]
    fn the_chapter_has_all_that_it_takes() {
        let repo = Repo::find().expect("cargo runs the tests");
        let chapter = read(&repo.path(CHAPTER)).expect("it is there");
        let names: Vec<_> = files(&chapter).map(|(name, _)| name).collect();
        assert_eq!(names, ["src/main.rs", "web/index.html", "web/vite.config.ts", "web/src/main.tsx"]);
        assert_eq!(commands(&chapter, "npm ").count(), 4);
        assert!(chapter.matches(ADDRESS).count() >= 2, "the server and the proxy");
    }
}
