//! The page, in one document: what it loads besides would have to know where it is mounted.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// In the order in which each needs those before it.
const SCRIPTS: [&str; 4] = [
    include_str!("page/dom.js"),
    include_str!("page/server.js"),
    include_str!("page/views.js"),
    include_str!("page/main.js"),
];

/// The page, and what a browser may do with it.
pub(crate) struct Page {
    pub(crate) html: String,
    /// Its script and its style are named by their hashes, so nothing else in it is either, whatever anybody has said in a room.
    pub(crate) policy: String,
}

impl Page {
    pub(crate) fn new() -> Self {
        let script = SCRIPTS.concat();
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
            hash(&script),
            hash(STYLE)
        );
        Self { html: HTML.replace("/*style*/", STYLE).replace("/*script*/", &script), policy }
    }
}

fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_by_its_hash_is_what_stands_in_the_page() {
        let Page { html, policy } = Page::new();
        for tag in ["style", "script"] {
            let (_, rest) =
                html.split_once(&format!("<{tag}>")).or_else(|| html.split_once("<script type=\"module\">")).unwrap();
            let (content, after) = rest.split_once(&format!("</{tag}>")).unwrap();
            assert!(policy.contains(&format!("'sha256-{}'", hash(content))), "{tag}");
            assert!(!after.contains(&format!("<{tag}")), "there is one");
        }
        assert!(!html.contains("/*s"), "nothing is left to be filled in");
    }

    #[test]
    fn it_loads_nothing_and_writes_no_markup() {
        let Page { html, .. } = Page::new();
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=\"",
            "onclick=",
            "src=\"http",
        ] {
            assert!(!html.contains(word), "{word}");
        }
    }
}
