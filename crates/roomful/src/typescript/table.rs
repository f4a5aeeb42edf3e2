//! The types that have names, and what can be asked of shapes that name them.

use super::describing::Entry;
use super::shape::{ADJACENT, Merged, MergedBy, Number, Object, Shape, Way};

/// All types that were described.
#[derive(Clone, Copy)]
pub(super) struct Table<'a>(pub(super) &'a [Entry]);

/// What an object that is merged into another brings.
#[derive(Default)]
pub(super) struct Brought<'a> {
    pub(super) names: Vec<(&'a str, Option<&'a Shape>)>,
    /// The values of maps whose keys are any strings.
    pub(super) maps: Vec<&'a Shape>,
    /// Whether it reads whatever is there, and not what it knows by name.
    pub(super) reads_all: bool,
}

/// How the keys of a map are written in TypeScript.
#[derive(Debug, PartialEq)]
pub(super) enum Keys<'a> {
    Text,
    Number,
    Boolean,
    /// The names of an enum's variants.
    Names(Vec<&'a str>),
}

impl<'a> Table<'a> {
    pub(super) fn entry(self, index: usize) -> Option<&'a Entry> {
        self.0.get(index)
    }

    /// What stands behind names and buffers; `Never` for a name that only leads to itself.
    pub(super) fn resolve(self, shape: &'a Shape) -> &'a Shape {
        let mut resolved = shape;
        for _ in 0..=self.0.len() {
            resolved = match resolved {
                Shape::Named(index) => self.entry(*index).map_or(&Shape::Never, |entry| &entry.shape),
                Shape::Buffered { shape, .. } => shape,
                other => return other,
            };
        }
        &Shape::Never
    }

    /// How `shape` is written as a map's key; `None` where serde does not, or does not read it back.
    pub(super) fn keys(self, shape: &'a Shape) -> Option<Keys<'a>> {
        match self.resolve(shape) {
            // JavaScript's objects have no other keys, so nobody makes a bigint of one.
            Shape::Text | Shape::BigInt => Some(Keys::Text),
            Shape::Number(number) if *number != Number::Float => Some(Keys::Number),
            Shape::Boolean => Some(Keys::Boolean),
            Shape::External(variations) if variations.iter().all(|one| one.content.is_none()) => {
                Some(Keys::Names(variations.iter().map(|one| one.name).collect()))
            }
            _ => None,
        }
    }

    /// What the object `merged` brings, or what it is that is no object.
    pub(super) fn brought(self, merged: &'a Merged, way: Way) -> Result<Brought<'a>, String> {
        let mut brought = Brought::default();
        let flattened = merged.by == MergedBy::Flatten;
        Bringing { table: self, way, flattened, brought: &mut brought, within: Vec::new() }
            .take(&merged.shape, Among::One)?;
        Ok(brought)
    }
}

/// Whether an object is one of several, or is looked for in what is left of a buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    One,
    Several,
}

struct Bringing<'a, 'b> {
    table: Table<'a>,
    way: Way,
    flattened: bool,
    brought: &'b mut Brought<'a>,
    within: Vec<usize>,
}

impl<'a> Bringing<'a, '_> {
    fn take(&mut self, shape: &'a Shape, among: Among) -> Result<(), String> {
        match shape {
            Shape::Named(index) => {
                if self.within.contains(index) {
                    return Err("holds itself".to_owned());
                }
                self.within.push(*index);
                if let Some(entry) = self.table.entry(*index) {
                    self.take(&entry.shape, among)?;
                }
                self.within.pop();
                Ok(())
            }
            // Whichever it is, serde looks for the same two names.
            Shape::Buffered { shape, by } if *by == ADJACENT && among == Among::One => {
                let mut variants = Vec::new();
                shape.for_each_part(&mut |variant| variants.push(variant));
                variants.into_iter().try_for_each(|variant| self.take(variant, Among::One))
            }
            Shape::Buffered { shape, .. } => self.take(shape, among),
            Shape::Null if among == Among::One => Ok(()),
            Shape::Object(object) => self.object(object, among),
            Shape::External(variations) => {
                let has_units = variations.iter().any(|one| one.content.is_none());
                // Several are looked for in everything that is left, where an enum wants to be alone.
                if among == Among::Several && (self.flattened || has_units) {
                    return Err("is one of several, of which one is an enum without a tag".to_owned());
                }
                self.brought.names.extend(variations.iter().map(|one| (one.name, one.content.as_ref())));
                Ok(())
            }
            Shape::Union(members) => members.iter().try_for_each(|member| self.take(&member.shape, Among::Several)),
            Shape::Map(key, value) => {
                self.brought.reads_all = true;
                match self.table.keys(key) {
                    Some(Keys::Names(names)) => {
                        self.brought.names.extend(names.iter().map(|name| (*name, Some(&**value))))
                    }
                    Some(Keys::Boolean) => {
                        self.brought.names.extend(["true", "false"].map(|name| (name, Some(&**value))));
                    }
                    Some(Keys::Text) => self.brought.maps.push(value),
                    Some(Keys::Number) | None => return Err("is a map whose keys are no strings".to_owned()),
                }
                Ok(())
            }
            Shape::Json => {
                self.brought.reads_all = true;
                self.brought.maps.push(&Shape::Json);
                Ok(())
            }
            Shape::Never => Ok(()),
            other => Err(format!("is {} there, and no object", what(other))),
        }
    }

    fn object(&mut self, object: &'a Object, among: Among) -> Result<(), String> {
        if among == Among::Several && object.properties.is_empty() {
            return Err("is one of several, of which one has no property of its own".to_owned());
        }
        if self.flattened && self.way == Way::Incoming && object.closed && among == Among::Several {
            return Err("is one of several, of which one has `deny_unknown_fields`".to_owned());
        }
        self.brought.names.extend(object.properties.iter().map(|property| (property.name, Some(&property.shape))));
        object.merged.iter().try_for_each(|merged| self.take(&merged.shape, among))
    }
}

/// What a shape is called in an error.
pub(super) fn what(shape: &Shape) -> &'static str {
    match shape {
        Shape::Never => "nothing",
        Shape::Null => "`null`",
        Shape::Boolean => "a boolean",
        Shape::Number(_) => "a number",
        Shape::Text => "a string",
        Shape::BigInt => "a bigint",
        Shape::Json => "any JSON",
        Shape::Verbatim(_) => "what `#[ts(type = \"..\")]` says",
        Shape::Option(_) => "an option",
        Shape::Array(_) | Shape::Tuple(_) => "a list",
        Shape::Map(..) => "a map",
        Shape::Object(_) => "an object",
        Shape::External(_) => "an enum",
        Shape::Union(_) => "one of several things",
        Shape::Buffered { shape, .. } => what(shape),
        Shape::Named(_) => "a type",
    }
}
