//! Which pages there are, and what of the repository's documents each of them is.

use std::fs;

use super::markdown::{self, anchor, heading};
use crate::command::Failure;
use crate::repo::Repo;

/// The page that is one in the repository, and a chapter a section here.
pub(super) const GUIDE: &str = "docs/guide.md";

const CLIENT: &str = "clients/typescript/README.md";

/// A part of the table of contents.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) pages: Vec<Page>,
}

/// A page of the site.
pub(super) struct Page {
    pub(super) title: String,
    /// In the book, as `guide/limits.md`.
    pub(super) path: String,
    /// In the repository, as `docs/guide.md`.
    pub(super) source: String,
    pub(super) text: String,
}

/// Pages that are whole documents: the part, the document, and where it goes.
const DOCUMENTS: [(&str, &[(&str, &str)]); 4] = [
    ("", &[("README.md", "index.md")]),
    (
        "By task",
        &[
            ("docs/tasks/setup.md", "tasks/setup.md"),
            ("docs/tasks/chat.md", "tasks/chat.md"),
            ("docs/tasks/typing.md", "tasks/typing.md"),
            ("docs/tasks/who-is-here.md", "tasks/who-is-here.md"),
            ("docs/tasks/cursors.md", "tasks/cursors.md"),
            ("docs/tasks/multiplayer.md", "tasks/multiplayer.md"),
            ("docs/tasks/notifications.md", "tasks/notifications.md"),
            ("docs/tasks/admin.md", "tasks/admin.md"),
            ("docs/tasks/auth.md", "tasks/auth.md"),
            ("docs/tasks/sessions.md", "tasks/sessions.md"),
            ("docs/tasks/testing.md", "tasks/testing.md"),
            ("docs/tasks/scaling.md", "tasks/scaling.md"),
            ("docs/tasks/migrating.md", "tasks/migrating.md"),
        ],
    ),
    (
        "Reference",
        &[
            (CLIENT, "reference/client.md"),
            ("docs/protocol.md", "reference/protocol.md"),
            ("docs/conformance.md", "reference/conformance.md"),
            ("deploy/README.md", "reference/deploy.md"),
            ("SECURITY.md", "reference/security.md"),
            ("bench/README.md", "reference/bench.md"),
            ("bench/results/latest.md", "reference/results.md"),
        ],
    ),
    (
        "The project",
        &[
            ("CHANGELOG.md", "project/changelog.md"),
            ("CONTRIBUTING.md", "project/contributing.md"),
            ("ARCHITECTURE.md", "project/architecture.md"),
        ],
    ),
];

/// All of them, in the order in which they are read.
pub(super) fn parts(repo: &Repo) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    for (title, documents) in DOCUMENTS {
        let pages: Result<Vec<Page>, Failure> = documents.iter().map(|document| whole(repo, document)).collect();
        parts.push(Part { title, pages: pages? });
        if title == "By task" {
            parts.push(Part { title: "The guide", pages: sections(&read(repo, GUIDE)?) });
        }
    }
    Ok(parts)
}

fn whole(repo: &Repo, (source, path): &(&str, &str)) -> Result<Page, Failure> {
    let text = read(repo, source)?;
    let own = text.lines().find_map(heading).map(|(_, title)| title).unwrap_or_default();
    // The package's page is called as npm calls it.
    let title = if *source == CLIENT { "The npm package" } else { own }.to_owned();
    Ok(Page { title, path: (*path).to_owned(), source: (*source).to_owned(), text })
}

/// A page for each section of the guide. What stands before the first is its table of contents, which the book has itself.
fn sections(guide: &str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for (line, is_prose) in markdown::lines(guide) {
        let heading = heading(line).filter(|_| is_prose);
        if let Some((2, title)) = heading {
            let path = format!("guide/{}.md", anchor(title));
            pages.push(Page { title: title.to_owned(), path, source: GUIDE.to_owned(), text: String::new() });
        }
        if let Some(page) = pages.last_mut() {
            // A section's heading is a page's title.
            page.text.push_str(if heading.is_some() { &line[1..] } else { line });
            page.text.push('\n');
        }
    }
    pages
}

pub(super) fn read(repo: &Repo, path: &str) -> Result<String, Failure> {
    fs::read_to_string(repo.path(path))
        .map_err(|error| Failure::new(format!("{path}: {error}"), "see that it is there and may be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_a_page_and_code_divides_nothing() {
        let guide = "# Guide\n\n- [A](#a)\n\n## A\n\none\n\n```sh\n## no\n```\n\n### More\n\n## B: c\n\ntwo\n";
        let pages = sections(guide);
        let read: Vec<_> = pages.iter().map(|page| (&*page.title, &*page.path, &*page.text)).collect();
        assert_eq!(
            read,
            [
                ("A", "guide/a.md", "# A\n\none\n\n```sh\n## no\n```\n\n## More\n\n"),
                ("B: c", "guide/b-c.md", "# B: c\n\ntwo\n"),
            ]
        );
    }
}
