//! The changelog: what stands under `Unreleased` becomes what stands under the version.

use super::version::Version;
use crate::command::Failure;

const UNRELEASED: &str = "\n## Unreleased\n";

/// The changelog with this version released.
pub(super) fn released(text: &str, version: Version, date: &str) -> Result<String, Failure> {
    let missing =
        |what: &str| Failure::new(format!("CHANGELOG.md: {what}"), "say under `## Unreleased` what has changed");
    let (before, after) = text.split_once(UNRELEASED).ok_or_else(|| missing("there is no `## Unreleased`"))?;
    let (own, _) = after.split_once("\n## ").unwrap_or((after, ""));
    if own.trim().is_empty() {
        return Err(missing("nothing is unreleased"));
    }
    Ok(format!("{before}{UNRELEASED}\n## {version} - {date}\n{after}"))
}

/// What stands under this version.
pub(super) fn notes(text: &str, version: Version) -> Option<String> {
    let (_, after) = text.split_once(&format!("\n## {version} - "))?;
    let (_, after) = after.split_once('\n')?;
    let own = after.split("\n## ").next()?.trim();
    (!own.is_empty()).then(|| own.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## Unreleased\n\n### Added\n\n- This.\n\n## 0.1.0 - 2026-01-01\n\nThe first.\n";

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn what_is_unreleased_is_released_and_nothing_is_unreleased_then() {
        let text =
            released(TEXT, version("0.2.0"), "2026-02-03").map_err(|failure| failure.to_string()).expect("it is");
        assert!(text.starts_with("# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n### Added\n"), "{text}");
        assert_eq!(notes(&text, version("0.2.0")).as_deref(), Some("### Added\n\n- This."));
        assert_eq!(notes(&text, version("0.1.0")).as_deref(), Some("The first."));
        assert_eq!(notes(&text, version("0.3.0")), None);
        assert!(released(&text, version("0.3.0"), "2026-02-04").is_err(), "there is nothing to release");
    }
}
