//! What can be wrong with the browser's types.

use std::io;
use std::path::PathBuf;

/// Why the file cannot be made, or is not up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypescriptError {
    /// A type of a channel or a socket does not say what it is in TypeScript.
    #[error("`{name}` is not `ts_rs::TS`: add `#[derive(ts_rs::TS)]` to it")]
    Undescribed {
        /// The Rust type.
        name: &'static str,
    },
    /// Two Rust types have one name in TypeScript.
    #[error("two types are named `{name}` in TypeScript: rename one with `#[ts(rename = \"..\")]`")]
    DuplicateType {
        /// The name.
        name: String,
    },
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
