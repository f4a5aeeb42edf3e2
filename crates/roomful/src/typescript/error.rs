//! What can be wrong with the browser's types.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the file cannot be made, or is not up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypescriptError {
    /// A type of a room, a socket, a feed or a live value does not say what it is in TypeScript.
    #[error("`{name}` is not `roomful::TS`: add `#[derive(roomful::TS)]` to it")]
    Undescribed {
        /// The Rust type.
        name: &'static str,
    },
    /// What a type says cannot be said in TypeScript, or serde would not do it.
    #[error("{}", lines(.0))]
    Refused(
        /// Everything of the kind.
        Vec<Refusal>,
    ),
    /// Two Rust types have one name in TypeScript.
    #[error("`{first}` and `{second}` are both named `{name}` in TypeScript: rename one with `#[ts(rename = \"..\")]`")]
    DuplicateType {
        /// The name.
        name: String,
        /// The one Rust type.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Two rooms, or two of another kind, would be one entry of the file.
    #[error("{kind}s `{first}` and `{second}` are both `{name}` in TypeScript: rename one")]
    DuplicateEntry {
        /// `room`, `socket`, `feed` or `live value`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The one, with its module.
        first: String,
        /// The other, with its module.
        second: String,
    },
    /// A worker was asked for it.
    #[error(
        "a worker knows of no types: call `rooms.typescript(..)` in a program for this machine, with the same rooms"
    )]
    InWorker,
    /// The committed file is not what the rooms say now.
    #[error("{} does not fit the rooms any more: generate it again and commit it", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// One thing that a type says and TypeScript cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The type, with the field or the variant: `Moved.note`, `Said::Text`.
    pub at: String,
    /// The attribute, or what else is in the way.
    pub attribute: String,
    /// Why, and what to do.
    pub what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has {}, {}", self.at, in_code(&self.attribute), self.what)
    }
}

fn in_code(attribute: &str) -> String {
    if attribute.starts_with('#') { format!("`{attribute}`") } else { attribute.to_owned() }
}

fn lines(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
