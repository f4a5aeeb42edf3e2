//! What one type is in JSON, in one direction.

/// Which way JSON goes, as the server sees it: serde's two sides of a type may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A client sends it, `Deserialize` reads it.
    Incoming,
    /// The server sends it, `Serialize` writes it.
    Outgoing,
}

/// The attributes by which an enum has its variant's name and what it holds side by side.
pub(super) const ADJACENT: &str = "#[serde(tag, content)]";

/// What a type is in JSON. What goes in can be read, and what is written is in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// There is no value of it.
    Never,
    /// `null`, which serde calls a unit.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number(Number),
    /// A string.
    Text,
    /// A string of digits, of which the client makes a `bigint`.
    BigInt,
    /// Any JSON.
    Json,
    /// TypeScript that the app wrote.
    Verbatim(&'static str),
    /// `null`, or the other.
    Option(Box<Shape>),
    /// A list of any length.
    Array(Box<Shape>),
    /// A list with a place for each.
    Tuple(Vec<Element>),
    /// An object with keys of one type and values of another.
    Map(Box<Shape>, Box<Shape>),
    /// An object.
    Object(Object),
    /// An enum without a tag: the variant's name, or an object whose only key it is.
    External(Vec<Variation>),
    /// One of these.
    Union(Vec<Member>),
    /// Read out of a buffer, which has lost what JSON does not say. `by` is the attribute that makes serde use one.
    Buffered {
        /// What is read.
        shape: Box<Shape>,
        /// The attribute.
        by: &'static str,
    },
    /// An entry of the table of types.
    Named(usize),
}

/// Which numbers: what is a key of a map, and what a buffer can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A float.
    Float,
    /// An integer that a float of 64 bits can hold.
    Integer,
    /// An integer of 64 bits.
    Integer64,
    /// An integer of 128 bits.
    Integer128,
}

/// One place of a tuple.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// What stands there.
    pub shape: Shape,
    /// Whether the tuple may end before it.
    pub optional: bool,
}

/// An object with named properties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// In their order.
    pub properties: Vec<Property>,
    /// The objects whose properties are this one's, too.
    pub merged: Vec<Merged>,
    /// Whether a property that is not named makes it unreadable.
    pub closed: bool,
    /// Names that are written and not read: whoever reads what was written finds them left over.
    pub unread: Vec<&'static str>,
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// As it is in JSON.
    pub name: &'static str,
    /// Whether it may be absent.
    pub optional: bool,
    /// Its value.
    pub shape: Shape,
    /// What is written above it.
    pub docs: &'static str,
    /// Where it is in Rust: `Moved.note`. Nothing for a part of std's types, which is where they are.
    pub at: String,
}

/// An object within another, with no property of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The object.
    pub shape: Shape,
    /// Whether all of it may be absent.
    pub optional: bool,
    /// Why it is there.
    pub by: MergedBy,
    /// Where it is in Rust.
    pub at: String,
}

/// Why an object is within another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergedBy {
    /// `#[serde(flatten)]` on a field.
    Flatten,
    /// `#[serde(tag = "..")]` on an enum, with a variant that holds another type.
    Tag,
}

/// A variant of an enum without a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// As it is in JSON.
    pub name: &'static str,
    /// What it holds; without it, it is its name.
    pub content: Option<Shape>,
    /// What is written above it.
    pub docs: &'static str,
    /// Where it is in Rust: `Said::Text`. Nothing for a part of std's types, which is where they are.
    pub at: String,
}

/// One of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What it is.
    pub shape: Shape,
    /// What is written above it.
    pub docs: &'static str,
}

impl Property {
    /// Where it is in Rust; `within` is where the object is.
    pub(super) fn place(&self, within: &str) -> String {
        place(&self.at, self.name, within)
    }
}

impl Variation {
    /// Where it is in Rust; `within` is where the enum is.
    pub(super) fn place(&self, within: &str) -> String {
        place(&self.at, self.name, within)
    }
}

fn place(at: &str, name: &str, within: &str) -> String {
    if at.is_empty() { format!("{within}.{name}") } else { at.to_owned() }
}

impl Shape {
    /// Read out of a buffer where it comes in; the same where it goes out, which needs none.
    pub(super) fn buffered(self, way: Way, by: &'static str) -> Self {
        match way {
            Way::Incoming => Self::Buffered { shape: Box::new(self), by },
            Way::Outgoing => self,
        }
    }

    /// Calls `visit` for each shape that this one is made of.
    pub(super) fn for_each_part<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match self {
            Self::Option(inner) | Self::Array(inner) | Self::Buffered { shape: inner, .. } => visit(inner),
            Self::Map(key, value) => {
                visit(key);
                visit(value);
            }
            Self::Tuple(elements) => elements.iter().for_each(|element| visit(&element.shape)),
            Self::Object(object) => {
                object.properties.iter().for_each(|property| visit(&property.shape));
                object.merged.iter().for_each(|merged| visit(&merged.shape));
            }
            Self::External(variations) => variations.iter().filter_map(|one| one.content.as_ref()).for_each(visit),
            Self::Union(members) => members.iter().for_each(|member| visit(&member.shape)),
            Self::Never | Self::Null | Self::Boolean | Self::Number(_) => {}
            Self::Text | Self::BigInt | Self::Json => {}
            Self::Verbatim(_) | Self::Named(_) => {}
        }
    }
}
