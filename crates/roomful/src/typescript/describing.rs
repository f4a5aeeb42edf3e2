//! Collects what types are, each once in a direction.

use std::any::{TypeId, type_name};
use std::collections::HashMap;

use super::error::Refusal;
use super::shape::{Number, Shape, Way};

/// What the types that were asked for are, and those that they name.
pub struct Describing {
    pub(super) way: Way,
    /// Whether types are asked what their own code does: it is the app's.
    pub(super) asks: bool,
    pub(super) entries: Vec<Entry>,
    known: HashMap<(TypeId, Way), usize>,
    pub(super) refusals: Vec<Refusal>,
}

/// A type that has a name.
pub(super) struct Entry {
    pub(super) id: TypeId,
    /// Where it is in Rust: `app::board::Moved`.
    pub(super) path: &'static str,
    pub(super) name: String,
    pub(super) docs: &'static str,
    pub(super) way: Way,
    pub(super) shape: Shape,
}

/// Where a type is among the entries.
pub(super) enum Place {
    Known(usize),
    New(usize),
}

impl Describing {
    pub(super) fn new(asks: bool) -> Self {
        Self { way: Way::Outgoing, asks, entries: Vec::new(), known: HashMap::new(), refusals: Vec::new() }
    }

    /// What `shape` says of a type, in one direction.
    pub(super) fn shape_of(&mut self, way: Way, shape: fn(&mut Self) -> Shape) -> Shape {
        self.way = way;
        shape(self)
    }

    /// The entry of `T`, in this direction; a new one, with nothing in it, where there is none. `name` is asked then.
    pub(super) fn enter<T: 'static>(&mut self, docs: &'static str, name: impl FnOnce(&mut Self) -> String) -> Place {
        let id = (TypeId::of::<T>(), self.way);
        if let Some(known) = self.known.get(&id) {
            return Place::Known(*known);
        }
        let name = name(self);
        let index = self.entries.len();
        let (path, shape) = (type_name::<T>(), Shape::Never);
        self.entries.push(Entry { id: id.0, path, name, docs, way: self.way, shape });
        self.known.insert(id, index);
        Place::New(index)
    }

    pub(super) fn fill(&mut self, index: usize, shape: Shape) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.shape = shape;
        }
    }

    pub(super) fn refuse(&mut self, at: impl Into<String>, attribute: impl Into<String>, what: impl Into<String>) {
        let refusal = Refusal { at: at.into(), attribute: attribute.into(), what: what.into() };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    /// What `shape` is called as a part of a name.
    pub(super) fn word_for(&self, shape: &Shape) -> String {
        match shape {
            Shape::Never => "Never".to_owned(),
            Shape::Null => "Null".to_owned(),
            Shape::Boolean => "Boolean".to_owned(),
            Shape::Number(Number::Float | Number::Integer | Number::Integer64 | Number::Integer128) => {
                "Number".to_owned()
            }
            Shape::Text => "String".to_owned(),
            Shape::BigInt => "BigInt".to_owned(),
            Shape::Json => "Json".to_owned(),
            Shape::Verbatim(text) => as_word(text),
            Shape::Option(inner) => format!("{}OrNull", self.word_for(inner)),
            Shape::Array(inner) => format!("{}Array", self.word_for(inner)),
            Shape::Tuple(elements) => {
                let words: String = elements.iter().map(|element| self.word_for(&element.shape)).collect();
                format!("{words}Tuple")
            }
            Shape::Map(key, value) => format!("{}By{}", self.word_for(value), self.word_for(key)),
            Shape::Object(object) => object.properties.iter().map(|property| as_word(property.name)).collect(),
            Shape::External(variations) => variations.iter().map(|variation| as_word(variation.name)).collect(),
            Shape::Union(members) => members.iter().map(|member| self.word_for(&member.shape)).collect(),
            Shape::Buffered { shape, .. } => self.word_for(shape),
            Shape::Named(index) => self.entries.get(*index).map(|entry| entry.name.clone()).unwrap_or_default(),
        }
    }
}

/// `text` as a part of a name.
pub(super) fn as_word(text: &str) -> String {
    let text = text.strip_prefix('-').map_or_else(|| text.to_owned(), |rest| format!("minus{rest}"));
    let mut word = String::new();
    let mut begins = true;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            begins = true;
        } else if std::mem::take(&mut begins) {
            word.extend(c.to_uppercase());
        } else {
            word.push(c);
        }
    }
    word
}
