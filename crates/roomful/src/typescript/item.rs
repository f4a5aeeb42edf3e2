//! What `#[derive(TS)]` says of an item: its attributes as they stand there, and nothing that follows from them.

use super::asked::Asked;
use super::describing::Describing;
use super::shape::Shape;

/// Says what a type is, in the direction that is asked for.
pub type Describe = fn(&mut Describing) -> Shape;

/// A struct or an enum.
pub struct Item {
    /// Its name in Rust.
    pub rust: &'static str,
    /// Its name in TypeScript.
    pub name: &'static str,
    /// What serde calls it.
    pub names: Names,
    /// What is written above it.
    pub docs: &'static str,
    /// What it is generic over.
    pub arguments: Vec<Argument>,
    /// Its attributes.
    pub container: Container,
    /// What is in it.
    pub body: fn() -> Body,
    /// What its `Deserialize` asks for first, where it has one.
    pub read: fn() -> Option<Asked>,
    /// What its `Serialize` asks for first, where it has one and there is a value of it.
    pub written: fn() -> Option<Asked>,
}

/// An argument of a generic type.
pub enum Argument {
    /// A type.
    Type(Describe),
    /// A constant.
    Constant(String),
}

/// One thing's names.
#[derive(Clone, Copy)]
pub struct Names {
    /// The one that `Serialize` writes.
    pub written: &'static str,
    /// The one that `Deserialize` reads.
    pub read: &'static str,
}

/// The attributes of an item, named as serde names them.
#[allow(missing_docs, reason = "they are serde's attributes")]
pub struct Container {
    pub tag: Option<&'static str>,
    pub content: Option<&'static str>,
    pub untagged: bool,
    pub default: bool,
    pub transparent: bool,
    pub deny_unknown_fields: bool,
    /// `from` or `try_from`.
    pub read_from: Option<Describe>,
    /// `into`.
    pub written_into: Option<Describe>,
    pub unknown: &'static [&'static str],
}

/// What is in a struct or a variant.
pub enum Body {
    /// Nothing.
    Unit,
    /// Fields without names.
    Tuple(Vec<Field>),
    /// Fields with names.
    Struct(Vec<Field>),
    /// The variants of an enum.
    Enum(Vec<Variant>),
}

/// A variant of an enum, and its attributes, named as serde names them.
#[allow(missing_docs, reason = "they are serde's attributes")]
pub struct Variant {
    pub rust: &'static str,
    pub names: Names,
    pub docs: &'static str,
    pub body: Body,
    /// What `#[ts(..)]` has in place of what it holds.
    pub replaced: Option<Describe>,
    pub skip_serializing: bool,
    pub skip_deserializing: bool,
    pub untagged: bool,
    /// `serialize_with` or `with`, as it is written.
    pub written_with: Option<&'static str>,
    /// `deserialize_with` or `with`, as it is written.
    pub read_with: Option<&'static str>,
    pub unknown: &'static [&'static str],
}

/// A field, and its attributes, named as serde names them.
#[allow(missing_docs, reason = "they are serde's attributes")]
pub struct Field {
    pub rust: &'static str,
    pub names: Names,
    pub docs: &'static str,
    pub shape: Describe,
    /// Whether `#[ts(..)]` has said what it is.
    pub replaced: bool,
    /// Whether serde reads it without a value, if it is an option: it asks the type, which `#[ts(..)]` may have replaced.
    pub may_be_missing: bool,
    /// Whether it is a `PhantomData`, which no transparent type is.
    pub phantom: bool,
    pub default: bool,
    pub flatten: bool,
    pub skip_serializing: bool,
    pub skip_deserializing: bool,
    pub skip_if: SkipIf,
    /// `serialize_with` or `with`, as it is written.
    pub written_with: Option<&'static str>,
    /// `deserialize_with` or `with`, as it is written.
    pub read_with: Option<&'static str>,
    pub unknown: &'static [&'static str],
}

/// Whether a field is not always written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SkipIf {
    /// It is.
    Never,
    /// `Option::is_none`: what is written is never the option's `null`.
    None,
    /// Something else decides.
    Sometimes,
}
