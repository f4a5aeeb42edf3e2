//! The path that upgrades come to, as browsers write it.

use std::fmt::Write as _;

/// A router would keep more, and no proxy lets more through.
const MOST_BYTES: usize = 1 << 10;

/// Why a path can never be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing but spaces.
    #[error("it is blank: write `/`, or leave `.path(..)` out")]
    Blank,
    /// It begins with a scheme or a host.
    #[error("it is a whole address: write only what follows the host, as `/sockets`")]
    Address,
    /// `?` or `#`, and what follows.
    #[error("a path ends before `?` and `#`: leave out what follows")]
    Query,
    /// `.` or `..` between slashes: a browser takes them away.
    #[error("browsers resolve `.` and `..` before they ask: write the path that is left")]
    Dots,
    /// A `%` without two hexadecimal digits.
    #[error("a `%` begins a byte in two hexadecimal digits: write `%25` for the sign itself")]
    Percent,
    /// A router would take a part of it for a parameter.
    #[error("it is one path, without parameters: a room's key is in the query")]
    Parameter,
    /// A character that no path has.
    #[error("`{}` is in no path that a browser asks for: leave it out", .0.escape_default())]
    Character(char),
    /// It is longer than anybody means.
    #[error("it is longer than 1,024 bytes: write a shorter one")]
    TooLong,
}

/// The path as a browser asks for it: with a `/` in front, and with spaces and other scripts in `%` and two digits.
///
/// # Errors
///
/// What no browser would ever ask for.
pub(super) fn normalised(path: &str) -> Result<String, PathError> {
    let path = path.trim();
    if path.is_empty() {
        return Err(PathError::Blank);
    }
    if path.len() > MOST_BYTES {
        return Err(PathError::TooLong);
    }
    if path.contains("//") {
        return Err(PathError::Address);
    }
    if path.contains(['?', '#']) {
        return Err(PathError::Query);
    }
    let mut written = String::with_capacity(path.len() + 1);
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        written.push('/');
        push_segment(segment, &mut written)?;
    }
    Ok(written)
}

fn push_segment(segment: &str, written: &mut String) -> Result<(), PathError> {
    if matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..") {
        return Err(PathError::Dots);
    }
    if segment.starts_with([':', '*']) || segment.contains(['{', '}']) {
        return Err(PathError::Parameter);
    }
    for (at, character) in segment.char_indices() {
        match character {
            '%' if !is_byte(segment.get(at + 1..at + 3)) => return Err(PathError::Percent),
            ' ' => written.push_str("%20"),
            _ if !character.is_ascii() => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a `String` cannot fail.
                    let _written = write!(written, "%{byte:02X}");
                }
            }
            _ if character.is_ascii_alphanumeric() || "%-._~!$&'()*+,;=:@".contains(character) => {
                written.push(character);
            }
            _ => return Err(PathError::Character(character)),
        }
    }
    Ok(())
}

fn is_byte(digits: Option<&str>) -> bool {
    digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_one_meaning_is_written_as_browsers_write_it() {
        for (path, written) in [
            ("/__sockets", "/__sockets"),
            ("sockets", "/sockets"),
            (" /ws\n", "/ws"),
            ("/", "/"),
            ("/ws/", "/ws/"),
            ("/a/b.c", "/a/b.c"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%20b"),
            ("/räume", "/r%C3%A4ume"),
            ("/...", "/..."),
            ("/a:b@c;d=e", "/a:b@c;d=e"),
        ] {
            assert_eq!(normalised(path).as_deref(), Ok(written), "{path:?}");
        }
    }

    #[test]
    fn what_nobody_could_ask_for_is_refused() {
        for (path, error) in [
            ("", PathError::Blank),
            (" \t", PathError::Blank),
            ("https://app.example/ws", PathError::Address),
            ("//app.example/ws", PathError::Address),
            ("/ws//room", PathError::Address),
            ("/ws?x", PathError::Query),
            ("?", PathError::Query),
            ("/ws#x", PathError::Query),
            ("/a/./b", PathError::Dots),
            ("/a/..", PathError::Dots),
            ("..", PathError::Dots),
            ("/%2E.", PathError::Dots),
            ("/100%", PathError::Percent),
            ("/%zz", PathError::Percent),
            ("/%€", PathError::Percent),
            ("/a/{b}", PathError::Parameter),
            ("/{*rest}", PathError::Parameter),
            ("/:id", PathError::Parameter),
            ("/*rest", PathError::Parameter),
            (r"/a\b", PathError::Character('\\')),
            ("/a\"b", PathError::Character('"')),
            ("/a<b", PathError::Character('<')),
            ("/a\0b", PathError::Character('\0')),
            ("/a\nb", PathError::Character('\n')),
        ] {
            assert_eq!(normalised(path), Err(error), "{path:?}");
        }
        assert_eq!(normalised(&"x".repeat(1_025)), Err(PathError::TooLong));
        assert_eq!(PathError::Character('\n').to_string(), "`\\n` is in no path that a browser asks for: leave it out");
    }

    proptest! {
        /// What is let through is what a request's line can say, and is left as it is when it is read again.
        #[test]
        fn a_path_that_is_let_through_can_be_asked_for(path in "\\PC{0,12}|[/%.a2eE:*? {}]{0,12}") {
            if let Ok(written) = normalised(&path) {
                let uri: http::Uri = written.parse().unwrap();
                prop_assert_eq!(uri.path(), &*written);
                prop_assert_eq!(normalised(&written), Ok(written.clone()));
            }
        }
    }
}
