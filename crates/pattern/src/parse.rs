//! The grammar of a pattern, and everything that it refuses.

use crate::segment::{Param, ParamKind, Segment};

/// The members of JavaScript's `Object.prototype`.
///
/// A browser reads a key as a plain object, where each of these has a value that nobody gave.
const OBJECT_PROTOTYPE: [&str; 12] = [
    "constructor",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

/// Why a text is not a channel pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A segment starts with `:` and is not a param. Taken for a literal it would put every key into one room.
    #[error(
        "`{segment}` is not a param: write `:`, a name of letters, digits and `_`, and at most one `?`, `*` or `+` after it"
    )]
    NotAParam {
        /// The segment.
        segment: String,
    },
    /// A `:` stands inside a segment and what follows reads as a param, which it is not.
    #[error(
        "`{segment}` is a literal, though `{tail}` in it reads as a param: \
         write `{head}/:{tail}` for a param, or a literal without the `:`"
    )]
    ParamInsideLiteral {
        /// The segment.
        segment: String,
        /// What stands before the colon.
        head: String,
        /// What stands after it.
        tail: String,
    },
    /// Two params may be left out (or were written `+`, of which the same is true in a browser). A topic could not tell
    /// which of them was.
    #[error(
        "`{second}` and `{first}` cannot be in one pattern: with one of them left out, nobody could tell which; \
         keep at most one `?`, `*` or `+`"
    )]
    SecondOptional {
        /// The first such segment.
        first: String,
        /// The segment that is one too many.
        second: String,
    },
    /// The param is named as something that every object in JavaScript has.
    #[error(
        "`{segment}` cannot be a param: every JavaScript object has a member `{name}` of its own; choose another name"
    )]
    ReservedName {
        /// The segment.
        segment: String,
        /// The param's name.
        name: String,
    },
    /// Two params have one name.
    #[error("`{segment}` is the second param named `{name}`: give each a name of its own")]
    DuplicateName {
        /// The second of them.
        segment: String,
        /// The name.
        name: String,
    },
}

impl PatternError {
    /// The segment that is wrong, as it stands in the pattern.
    #[must_use]
    pub fn segment(&self) -> &str {
        match self {
            Self::NotAParam { segment }
            | Self::ParamInsideLiteral { segment, .. }
            | Self::SecondOptional { second: segment, .. }
            | Self::ReservedName { segment, .. }
            | Self::DuplicateName { segment, .. } => segment,
        }
    }
}

/// The segments of `source`.
pub(crate) fn segments(source: &str) -> Result<Vec<Segment>, PatternError> {
    let mut segments = Vec::new();
    // What the params so far have taken: each name, and the one place for a segment with a `?`, `*` or `+`.
    let mut names: Vec<&str> = Vec::new();
    let mut optional: Option<&str> = None;

    for text in source.split('/') {
        let Some(tail) = text.strip_prefix(':') else {
            segments.push(literal(text)?);
            continue;
        };
        let Some((name, kind)) = param(tail) else {
            return Err(PatternError::NotAParam { segment: text.to_owned() });
        };
        if OBJECT_PROTOTYPE.contains(&name) {
            return Err(PatternError::ReservedName { segment: text.to_owned(), name: name.to_owned() });
        }
        if names.contains(&name) {
            return Err(PatternError::DuplicateName { segment: text.to_owned(), name: name.to_owned() });
        }
        if kind != ParamKind::Required
            && let Some(first) = optional.replace(text)
        {
            return Err(PatternError::SecondOptional { first: first.to_owned(), second: text.to_owned() });
        }
        names.push(name);
        segments.push(Segment::Param(Param { name: name.into(), kind }));
    }
    Ok(segments)
}

fn literal(text: &str) -> Result<Segment, PatternError> {
    let reads_as_param = text.match_indices(':').find(|(at, _)| param(&text[at + 1..]).is_some());
    if let Some((at, _)) = reads_as_param {
        let (head, tail) = (text[..at].to_owned(), text[at + 1..].to_owned());
        return Err(PatternError::ParamInsideLiteral { segment: text.to_owned(), head, tail });
    }
    Ok(Segment::Literal(text.into()))
}

/// The name and the kind that stand after a colon, where they are a param's.
fn param(tail: &str) -> Option<(&str, ParamKind)> {
    let (name, kind) = match tail.as_bytes().last()? {
        b'?' => (&tail[..tail.len() - 1], ParamKind::Optional),
        b'*' => (&tail[..tail.len() - 1], ParamKind::Rest),
        b'+' => (&tail[..tail.len() - 1], ParamKind::RestRequired),
        _ => (tail, ParamKind::Required),
    };
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((name, kind))
}
