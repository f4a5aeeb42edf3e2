//! `cargo xtask docs`: the repository's documents as a site, made by mdBook.
//!
//! The documents stay what they are where they are: one guide, one protocol. What is made of them here, a page for each section
//! and links that hold on the site, is under `target/` and committed nowhere.

mod links;
mod markdown;
mod pages;

use std::fs;
use std::path::Path;

use crate::cargo_tools::{self, CargoTool};
use crate::command::{self, Failure};
use crate::repo::Repo;
use crate::step::Outcome;
use links::Linked;
use pages::{Page, Part};

const MDBOOK: &str = "0.5.4";
const BOOK: &str = "target/book";
/// What the site is, for those who read `llms.txt` and nothing else.
const SUMMARY: &str = "WebSocket rooms with a presence roster, for an axum service or a Cloudflare worker in Rust and a TypeScript front \
                       end: cursors, who is here, chat, typing, multiplayer state. Typed from the handler to the component.";

const SETTINGS: &str = r#"[book]
title = "Roomful"
language = "en"

[build]
build-dir = "html"
create-missing = false

[output.html]
preferred-dark-theme = "navy"
git-repository-url = "https://github.com/roomful/roomful"

[output.html.playground]
runnable = false
"#;

/// mdBook, from crates.io.
pub(crate) fn tools(repo: &Repo) -> Result<Outcome, Failure> {
    cargo_tools::install(repo, &[mdbook()], "read what cargo says above; it needs crates.io")?;
    Ok(Outcome::Passed)
}

fn mdbook() -> CargoTool {
    CargoTool {
        package: "mdbook",
        program: "mdbook",
        version: MDBOOK.to_owned(),
        features: &["--no-default-features", "--features", "search"],
    }
}

/// Makes the site; a link that leads nowhere is a failure.
pub(crate) fn build(repo: &Repo) -> Result<Outcome, Failure> {
    let parts = pages::parts(repo)?;
    let linked = whole(links::linked(repo, &parts))?;
    let book = repo.path(BOOK);
    match fs::remove_dir_all(&book) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(&book, &error)),
        _ => {}
    }
    write(&book.join("book.toml"), SETTINGS)?;
    write(&book.join("src/SUMMARY.md"), &contents(&parts))?;
    for (path, text) in &linked.texts {
        write(&book.join("src").join(path), text)?;
    }
    for picture in &linked.pictures {
        let to = book.join("src").join(picture);
        fs::create_dir_all(to.parent().unwrap_or(&book)).map_err(|error| unwritable(&to, &error))?;
        fs::copy(repo.path(picture), &to).map_err(|error| unwritable(&to, &error))?;
    }
    command::run(&mut repo.program_at(&mdbook().path()?, BOOK, ["build"]), "read what mdBook says above")?;
    write(&book.join("html/llms.txt"), &for_models(&parts))?;
    write(
        &book.join("html/llms-full.txt"),
        &linked.texts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n"),
    )?;
    println!("  {} pages: {}", linked.texts.len(), book.join("html/index.html").display());
    Ok(Outcome::Passed)
}

fn whole(linked: Linked) -> Result<Linked, Failure> {
    if linked.broken.is_empty() {
        return Ok(linked);
    }
    Err(Failure::new(
        format!("links that lead nowhere:\n  {}", linked.broken.join("\n  ")),
        "name a file that is there and, behind `#`, a heading of it",
    ))
}

/// mdBook's table of contents.
fn contents(parts: &[Part]) -> String {
    let mut contents = String::from("# Summary\n\n");
    for part in parts {
        if part.title.is_empty() {
            part.pages.iter().for_each(|page| contents.push_str(&format!("[{}]({})\n", page.title, page.path)));
        } else {
            contents.push_str(&format!("\n# {}\n\n", part.title));
            part.pages.iter().for_each(|page| contents.push_str(&format!("- [{}]({})\n", page.title, page.path)));
        }
    }
    contents
}

/// The same in the form of <https://llmstxt.org>.
fn for_models(parts: &[Part]) -> String {
    let mut text = format!("# Roomful\n\n> {SUMMARY}\n\nAll of it in one file: [llms-full.txt](llms-full.txt)\n");
    for part in parts {
        text.push_str(&format!("\n## {}\n\n", if part.title.is_empty() { "Begin" } else { part.title }));
        for page in &part.pages {
            text.push_str(&format!(
                "- [{}]({}): {}\n",
                page.title,
                page.path.replace(".md", ".html"),
                first_sentence(page)
            ));
        }
    }
    text
}

/// What a page begins with, where that is prose.
fn first_sentence(page: &Page) -> String {
    let prose = markdown::lines(&page.text).filter(|(_, is_prose)| *is_prose).map(|(line, _)| line.trim());
    let paragraph: Vec<&str> = prose
        .skip_while(|line| line.is_empty() || markdown::heading(line).is_some())
        .take_while(|line| !line.is_empty() && !line.starts_with(['|', '-', '!']))
        .collect();
    let paragraph = markdown::without_links(&paragraph.join(" "));
    paragraph.split_once(". ").map_or_else(|| paragraph.clone(), |(sentence, _)| format!("{sentence}."))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = fs::create_dir_all(path.parent().unwrap_or(path)).and_then(|()| fs::write(path, text));
    made.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "see that it may be written, and that the disk has room")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The repository, as the tests of this crate find it.
    fn repo() -> Repo {
        Repo::find().expect("cargo runs the tests")
    }

    #[test]
    fn every_link_of_every_page_leads_somewhere() {
        let repo = repo();
        let parts = pages::parts(&repo).expect("every page is there");
        let broken = links::linked(&repo, &parts).broken;
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn every_page_has_a_title_and_a_place_of_its_own() {
        let parts = pages::parts(&repo()).expect("every page is there");
        let pages: Vec<&Page> = parts.iter().flat_map(|part| &part.pages).collect();
        let mut paths: Vec<&str> = pages.iter().map(|page| &*page.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), pages.len());
        assert!(pages.iter().all(|page| !page.title.is_empty()));
    }

    #[test]
    fn models_are_told_what_each_page_is_about() {
        let page = |text: &str| Page {
            title: "A".to_owned(),
            path: "guide/a.md".to_owned(),
            source: String::new(),
            text: text.to_owned(),
        };
        let parts =
            [Part { title: "The guide", pages: vec![page("# A\n\nOne [thing](b.md#c), of\ntwo. And more.\n")] }];
        assert!(for_models(&parts).ends_with("\n## The guide\n\n- [A](guide/a.html): One thing, of two.\n"));
        assert_eq!(first_sentence(&page("# A\n\n| a | b |\n")), "");
    }
}
