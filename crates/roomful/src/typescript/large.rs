//! Integers that JavaScript's numbers cannot hold.
//!
//! A number there is a float of 64 bits: from 2^53 on it has no place for every integer, and `JSON.parse` takes the nearest
//! that it has, without a word.

use std::fmt;

use super::check::last_word;
use super::framework::Framework;
use super::shape::{Number, Object, Shape, Variation, Way};
use super::table::Table;
use crate::integer::INSTEAD;

/// What becomes of integers of 64 and 128 bits, which TypeScript calls `number` and JavaScript rounds from 2^53 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LargeIntegers {
    /// They are `number`, and each is a warning: in the log, of `build()` too, and in
    /// [`Typescript::warnings`](super::Typescript::warnings).
    #[default]
    Warn,
    /// They are `number`: the app says that none of them reaches 2^53.
    Number,
    /// Each is an error: of `typescript()` where its options say so, of `build()` where the builder was told.
    Refuse,
}

/// How `typescript()` writes the file. A [`Framework`] alone is all the defaults.
///
/// ```
/// use roomful::{Framework, LargeIntegers, TypescriptOptions};
///
/// # let rooms = roomful::Rooms::new().build()?;
/// let options = TypescriptOptions::new(Framework::React).large_integers(LargeIntegers::Refuse);
/// let generated = rooms.typescript(options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypescriptOptions {
    pub(super) framework: Framework,
    pub(super) large_integers: Option<LargeIntegers>,
}

impl TypescriptOptions {
    /// The file for these hooks.
    #[must_use]
    pub fn new(framework: Framework) -> Self {
        Self { framework, large_integers: None }
    }

    /// What becomes of integers that JavaScript's numbers cannot hold. Without it, what
    /// [`RoomsBuilder::large_integers`](crate::RoomsBuilder::large_integers) says.
    #[must_use]
    pub fn large_integers(mut self, large_integers: LargeIntegers) -> Self {
        self.large_integers = Some(large_integers);
        self
    }
}

impl From<Framework> for TypescriptOptions {
    fn from(framework: Framework) -> Self {
        Self::new(framework)
    }
}

/// An integer that may be more than JavaScript's numbers can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LargeInteger {
    /// The type, with the field or the variant: `Moved.seen`, `Said::At[0]`.
    pub at: String,
    /// How many bits it has.
    pub bits: u32,
}

impl LargeInteger {
    /// `Moved` of `Moved.seen`.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn type_name(&self) -> &str {
        self.at.split(['.', ':', '[', ' ']).next().unwrap_or_default()
    }
}

impl fmt::Display for LargeInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has an integer of {} bits, {INSTEAD}", self.at, self.bits)
    }
}

/// Every integer of `table`, and of `roots`, which have no name of their own, that may be too large. Each place once, though
/// it goes both ways.
pub(super) fn find(table: Table<'_>, roots: &[(Way, &Shape, &str)]) -> Vec<LargeInteger> {
    let mut found = Vec::new();
    for entry in table.0 {
        shape(&entry.shape, last_word(entry.path), &mut found);
    }
    for (_, root, at) in roots {
        shape(root, at, &mut found);
    }
    found
}

fn shape(of: &Shape, at: &str, found: &mut Vec<LargeInteger>) {
    match of {
        Shape::Number(Number::Integer64) => note(at, 64, found),
        Shape::Number(Number::Integer128) => note(at, 128, found),
        Shape::Option(inner) | Shape::Buffered { shape: inner, .. } => shape(inner, at, found),
        Shape::Array(inner) => shape(inner, &format!("{at}[]"), found),
        Shape::Tuple(elements) => {
            for (nth, element) in elements.iter().enumerate() {
                shape(&element.shape, &format!("{at}[{nth}]"), found);
            }
        }
        Shape::Map(key, value) => {
            shape(key, &format!("{at} (its keys)"), found);
            shape(value, &format!("{at}[]"), found);
        }
        Shape::Object(of) => object(of, at, found),
        Shape::External(variations) => variations.iter().for_each(|one| variation(one, at, found)),
        Shape::Union(members) => members.iter().for_each(|member| shape(&member.shape, at, found)),
        // What has a name is looked at under it.
        Shape::Named(_) => {}
        Shape::Never | Shape::Null | Shape::Boolean | Shape::Text | Shape::BigInt => {}
        Shape::Json | Shape::Verbatim(_) => {}
        Shape::Number(Number::Float | Number::Integer) => {}
    }
}

fn object(of: &Object, at: &str, found: &mut Vec<LargeInteger>) {
    of.properties.iter().for_each(|property| shape(&property.shape, &property.place(at), found));
    of.merged.iter().for_each(|merged| shape(&merged.shape, &merged.at, found));
}

fn variation(of: &Variation, at: &str, found: &mut Vec<LargeInteger>) {
    if let Some(content) = &of.content {
        shape(content, &of.place(at), found);
    }
}

fn note(at: &str, bits: u32, found: &mut Vec<LargeInteger>) {
    let large = LargeInteger { at: at.to_owned(), bits };
    if !found.contains(&large) {
        found.push(large);
    }
}
