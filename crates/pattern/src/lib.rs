//! Channel patterns: `board/:boardId`, and the topic that a pattern and a key make.
//!
//! A pattern is segments between slashes. A segment is a literal, or a param: `:name`, which must have a value;
//! `:name?` and `:name*`, which may do without; `:name+`, which must have one. What a pattern may not be stands at
//! [`PatternError`]: each refusal is a way in which two keys could come to mean one room, or in which a browser's
//! view of the key could differ from the server's.
//!
//! This crate is for what the derives, which run in the compiler, and the rooms, which run in the app, both have to know. It must
//! never know of rooms: whatever it imports is compiled twice for every app.
//!
//! ```
//! use roomful_pattern::{Params, Pattern};
//!
//! let board = Pattern::parse("board/:boardId")?;
//! assert_eq!(board.topic(&Params::from_iter([("boardId", "main")]))?.as_str(), "board/main");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod encode;
mod overlap;
mod params;
mod parse;
mod pattern;
mod segment;
#[cfg(test)]
mod tests;

pub use self::params::{KeyError, Params};
pub use self::parse::PatternError;
pub use self::pattern::{Pattern, Topic};
pub use self::segment::{Param, ParamKind};
