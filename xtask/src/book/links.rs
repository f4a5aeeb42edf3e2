//! Where the links of the documents lead in the book, and whether they lead anywhere.

use std::collections::BTreeSet;

use super::markdown::{anchors, with_links};
use super::pages::{Page, Part};
use crate::repo::Repo;

/// Where what is no page is to be seen.
const ELSEWHERE: &str = "https://github.com/roomful/roomful/blob/main";
const PICTURES: [&str; 3] = [".png", ".svg", ".jpg"];

/// The pages' texts with links that hold in the book, and what else the book needs.
pub(super) struct Linked {
    /// Each page's path in the book, and its text.
    pub(super) texts: Vec<(String, String)>,
    /// Files of the repository that pages show.
    pub(super) pictures: BTreeSet<String>,
    /// Each link that leads nowhere, and where it stands.
    pub(super) broken: Vec<String>,
}

pub(super) fn linked(repo: &Repo, parts: &[Part]) -> Linked {
    let pages: Vec<&Page> = parts.iter().flat_map(|part| &part.pages).collect();
    let is_there = |path: &str| repo.path(path).exists();
    let mut linked = Linked { texts: Vec::new(), pictures: BTreeSet::new(), broken: Vec::new() };
    for page in &pages {
        let text = with_links(&page.text, |target| match lead(page, target, &pages, &is_there) {
            Lead::To(target) => target,
            Lead::Picture(file) => {
                let target = relative(&page.path, &file);
                linked.pictures.insert(file);
                target
            }
            Lead::Nowhere => {
                linked.broken.push(format!("{}: {target}", page.source));
                target.to_owned()
            }
        });
        linked.texts.push((page.path.clone(), text));
    }
    linked
}

#[derive(Debug, PartialEq, Eq)]
enum Lead {
    To(String),
    /// It is shown, so it has to come along.
    Picture(String),
    Nowhere,
}

fn lead(page: &Page, target: &str, pages: &[&Page], is_there: &dyn Fn(&str) -> bool) -> Lead {
    if target.contains("://") || target.starts_with("mailto:") {
        return Lead::To(target.to_owned());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let Some(file) = (if path.is_empty() { Some(page.source.clone()) } else { joined(&page.source, path) }) else {
        return Lead::Nowhere;
    };
    let mut of_file = pages.iter().filter(|page| page.source == file).peekable();
    if of_file.peek().is_some() {
        let has = |page: &&&Page| anchor.is_none_or(|anchor| anchors(&page.text).iter().any(|known| known == anchor));
        return match (of_file.find(has), anchor) {
            // The whole of what is many pages here is the first of them.
            (Some(found), None) => Lead::To(relative(&page.path, &found.path)),
            (Some(found), Some(anchor)) => Lead::To(format!("{}#{anchor}", relative(&page.path, &found.path))),
            (None, _) => Lead::Nowhere,
        };
    }
    if !is_there(&file) {
        return Lead::Nowhere;
    }
    if PICTURES.iter().any(|ending| file.ends_with(ending)) {
        return Lead::Picture(file);
    }
    Lead::To(format!("{ELSEWHERE}/{target}", target = target.replacen(path, &file, 1)))
}

/// A path from a file's folder on; `None` where it leaves the repository.
fn joined(file: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// From a page of the book to something else in it.
fn relative(page: &str, to: &str) -> String {
    "../".repeat(page.matches('/').count()) + to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(source: &str, path: &str, text: &str) -> Page {
        Page { title: String::new(), path: path.to_owned(), source: source.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn every_kind_of_link() {
        let one = page("docs/guide.md", "guide/one.md", "# One\n## More\n");
        let two = page("docs/guide.md", "guide/two.md", "# Two\n");
        let readme = page("README.md", "index.md", "# Roomful\n");
        let pages = [&one, &two, &readme];
        let is_there = |path: &str| ["docs/a.png", "crates/core/src/limits.rs"].contains(&path);
        for (from, target, expected) in [
            (&one, "https://a.b/c#d", Some("https://a.b/c#d")),
            (&one, "#two", Some("../guide/two.md#two")),
            (&two, "#more", Some("../guide/one.md#more")),
            (&one, "#none", None),
            (&readme, "docs/guide.md#two", Some("guide/two.md#two")),
            (&readme, "docs/guide.md", Some("guide/one.md")),
            (&one, "../README.md", Some("../index.md")),
            (&one, "../README.md#none", None),
            (
                &one,
                "../crates/core/src/limits.rs#L1",
                Some("https://github.com/roomful/roomful/blob/main/crates/core/src/limits.rs#L1"),
            ),
            (&one, "../crates/none.rs", None),
            (&one, "../../elsewhere.md", None),
        ] {
            let lead = lead(from, target, &pages, &is_there);
            assert_eq!(lead, expected.map_or(Lead::Nowhere, |to| Lead::To(to.to_owned())), "{target}");
        }
        assert_eq!(lead(&one, "a.png", &pages, &is_there), Lead::Picture("docs/a.png".to_owned()));
    }
}
