//! As much of Markdown as pages are taken apart by: fences, headings, links.

/// The lines of a page, each with whether it is prose: outside of every fenced block.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut fence: Option<&str> = None;
    text.lines().map(move |line| {
        let mark = line.trim_start();
        match fence {
            Some(open) => {
                // A longer fence holds shorter ones.
                if mark.starts_with(open) && mark.trim_matches('`').trim().is_empty() {
                    fence = None;
                }
                (line, false)
            }
            None => {
                let ticks = mark.len() - mark.trim_start_matches('`').len();
                if ticks >= 3 {
                    fence = mark.get(..ticks);
                }
                (line, fence.is_none())
            }
        }
    })
}

/// A heading's depth and text.
pub(super) fn heading(line: &str) -> Option<(usize, &str)> {
    let depth = line.len() - line.trim_start_matches('#').len();
    let text = line.get(depth..)?.strip_prefix(' ')?;
    (1..=6).contains(&depth).then_some((depth, text.trim()))
}

/// What links to a heading, as both GitHub and mdBook make it.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect::<String>().to_lowercase()
}

/// The anchors of a page's headings.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let headings = lines(text).filter(|(_, is_prose)| *is_prose).filter_map(|(line, _)| heading(line));
    headings.map(|(_, text)| anchor(text)).collect()
}

/// The same page, with what each link of its prose points to as `change` has it.
pub(super) fn with_links(text: &str, mut change: impl FnMut(&str) -> String) -> String {
    let mut changed = String::with_capacity(text.len());
    for (line, is_prose) in lines(text) {
        if is_prose {
            changed.push_str(&line_with_links(line, &mut change))
        } else {
            changed.push_str(line)
        }
        changed.push('\n');
    }
    changed
}

/// What a reader sees of it.
pub(super) fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let mut seen = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(')').unwrap_or(("", part));
        seen.push_str(rest);
    }
    seen.replace('[', "")
}

fn line_with_links(line: &str, change: &mut impl FnMut(&str) -> String) -> String {
    // Every second piece is code, in which nothing is a link.
    let pieces = line.split('`').enumerate().map(|(nth, piece)| {
        if nth % 2 == 1 {
            return piece.to_owned();
        }
        let mut parts = piece.split("](");
        let mut changed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (target, rest) = part.split_once(')').unwrap_or((part, ""));
            changed.push_str(&format!("]({}){rest}", change(target)));
        }
        changed
    });
    pieces.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n[b](#b) and [`c`](c.md#d), `[no](link)`\n\n````md\n```rust\n[no](link)\n```\n# no\n````\n\n## B: \
                        c-d, `E`?\n";

    #[test]
    fn headings_in_code_are_none() {
        assert_eq!(anchors(PAGE), ["a", "b-c-d-e"]);
        assert_eq!(heading("##no"), None);
        assert_eq!(heading("### Yes "), Some((3, "Yes")));
    }

    #[test]
    fn links_in_code_are_none() {
        let mut seen = Vec::new();
        let changed = with_links(PAGE, |target| {
            seen.push(target.to_owned());
            format!("<{target}>")
        });
        assert_eq!(seen, ["#b", "c.md#d"]);
        assert!(changed.contains("[b](<#b>) and [`c`](<c.md#d>), `[no](link)`\n"), "{changed}");
        assert_eq!(with_links(PAGE, str::to_owned), PAGE);
    }
}
