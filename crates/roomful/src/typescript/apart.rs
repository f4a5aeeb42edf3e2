//! Where a value may be one of several, and TypeScript would take an object with the properties of two for both: serde takes it for
//! none where each of them may have nothing but its own.

use super::shape::{Member, Merged, MergedBy, Object, Shape, Variation, Way};
use super::table::{Keys, Table};

/// One of the things that a value may be.
pub(super) struct Alternative<'a> {
    pub(super) part: Part<'a>,
    /// What is written above it.
    pub(super) docs: &'a str,
    /// Its properties, where it is an object.
    properties: Vec<(&'a str, Option<&'a Shape>)>,
    /// The values of its other properties, where there may be any.
    maps: Vec<&'a Shape>,
    /// Whether serde does not read it with a property more.
    closed: bool,
    /// The property that tells it from the others, and its value there.
    pub(super) tag: Option<(&'a str, &'a str)>,
}

/// What an alternative is.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// All of a shape.
    Shape(&'a Shape),
    /// A variant of an enum without a tag.
    Variation(&'a Variation),
}

/// Everything that one of `members` may be, and no union any more.
pub(super) fn alternatives<'a>(table: Table<'a>, members: &'a [Member]) -> Vec<Alternative<'a>> {
    let mut found = Finding { table, open: Vec::new(), found: Vec::new() };
    members.iter().for_each(|Member { shape, docs }| found.take(shape, docs));
    found.found
}

/// Whether TypeScript would take for one of these what serde takes for none.
pub(super) fn are_to_be_told_apart(alternatives: &[Alternative<'_>]) -> bool {
    let mut objects = alternatives.iter().filter(|one| one.is_object());
    let several = objects.clone().nth(1).is_some();
    several && objects.any(|one| one.closed) && !are_tagged(alternatives)
}

/// The properties of others that `one` must not have.
pub(super) fn absent<'a>(one: &Alternative<'a>, alternatives: &[Alternative<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    // Where there is no property, there is an index signature that refuses them all.
    if !one.closed || one.properties.is_empty() {
        return names;
    }
    for (name, _) in alternatives.iter().flat_map(|other| &other.properties) {
        if !one.properties.iter().any(|(own, _)| own == name) && !names.contains(name) {
            names.push(name);
        }
    }
    names
}

/// Whether a map is beside one that may have nothing but its own properties: there is no way to say that it has none of the map's.
pub(super) fn has_map_beside_closed(alternatives: &[Alternative<'_>]) -> bool {
    let mut maps = alternatives.iter().flat_map(|one| &one.maps).copied();
    let is_none_of = |map: &Shape| {
        let mut closed = alternatives.iter().filter(|one| one.closed).flat_map(|one| &one.properties);
        // What has nothing but the map's values is read as the map.
        *map != Shape::Json && closed.any(|(_, shape)| *shape != Some(map))
    };
    maps.any(is_none_of) && !are_tagged(alternatives)
}

impl Alternative<'_> {
    fn is_object(&self) -> bool {
        self.closed || !self.properties.is_empty() || !self.maps.is_empty()
    }
}

/// Whether each object has a property that tells it from the others.
pub(super) fn are_tagged(alternatives: &[Alternative<'_>]) -> bool {
    let mut values = Vec::new();
    let mut names = Vec::new();
    for one in alternatives.iter().filter(|one| one.is_object()) {
        let Some((name, value)) = one.tag else { return false };
        if names.iter().any(|known| *known != name) || values.contains(&value) {
            return false;
        }
        names.push(name);
        values.push(value);
    }
    true
}

struct Finding<'a> {
    table: Table<'a>,
    /// The names that lead to where it looks: one that leads to itself is refused elsewhere.
    open: Vec<usize>,
    found: Vec<Alternative<'a>>,
}

impl<'a> Finding<'a> {
    fn take(&mut self, shape: &'a Shape, docs: &'a str) {
        match self.table.resolve(shape) {
            Shape::Option(inner) => {
                self.within(shape, |finding| finding.take(inner, docs));
                self.add(Part::Shape(&Shape::Null), "");
            }
            Shape::Union(members) => self.within(shape, |finding| {
                members.iter().for_each(|Member { shape, docs }| finding.take(shape, docs));
            }),
            Shape::External(variations) => {
                for variation in variations {
                    let alternative = self.add(Part::Variation(variation), variation.docs);
                    if let Some(content) = &variation.content {
                        alternative.properties.push((variation.name, Some(content)));
                        // An object that is one of these has one property.
                        alternative.closed = true;
                    }
                }
            }
            Shape::Object(object) => {
                let (table, tag) = (self.table, tag(object));
                let closed = is_closed(table, object);
                let alternative = self.add(Part::Shape(shape), docs);
                alternative.properties.extend(object.properties.iter().map(|one| (one.name, Some(&one.shape))));
                for brought in object.merged.iter().filter_map(|one| table.brought(one, Way::Outgoing).ok()) {
                    alternative.properties.extend(brought.names);
                    alternative.maps.extend(brought.maps);
                }
                (alternative.closed, alternative.tag) = (closed, tag);
            }
            Shape::Map(key, value) => {
                let keys = self.table.keys(key);
                let alternative = self.add(Part::Shape(shape), docs);
                match keys {
                    // Another key is read as no variant's name.
                    Some(Keys::Names(names)) => {
                        alternative.properties.extend(names.into_iter().map(|name| (name, Some(&**value))));
                        alternative.closed = true;
                    }
                    _ => alternative.maps.push(value),
                }
            }
            _ => {
                self.add(Part::Shape(shape), docs);
            }
        }
    }

    fn within(&mut self, shape: &'a Shape, look: impl FnOnce(&mut Self)) {
        match shape {
            Shape::Named(index) if self.open.contains(index) => {}
            Shape::Named(index) => {
                self.open.push(*index);
                look(self);
                self.open.pop();
            }
            _ => look(self),
        }
    }

    fn add(&mut self, part: Part<'a>, docs: &'a str) -> &mut Alternative<'a> {
        self.found.push(Alternative { part, docs, properties: Vec::new(), maps: Vec::new(), closed: false, tag: None });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }
}

/// What an enum's tag leaves of an object is read as what the variant holds.
fn is_closed(table: Table<'_>, object: &Object) -> bool {
    let holds_closed = |merged: &Merged| {
        // One that holds itself brings nothing, and is refused elsewhere.
        merged.by == MergedBy::Tag
            && table.brought(merged, Way::Outgoing).is_ok()
            && match table.resolve(&merged.shape) {
                Shape::Object(inner) => is_closed(table, inner),
                Shape::External(_) => true,
                Shape::Union(members) => alternatives(table, members).iter().any(|one| one.closed),
                Shape::Map(key, _) => matches!(table.keys(key), Some(Keys::Names(_))),
                _ => false,
            }
    };
    object.closed || object.merged.iter().any(holds_closed)
}

fn tag(object: &Object) -> Option<(&str, &str)> {
    let first = object.properties.first()?;
    match &first.shape {
        Shape::External(names) if !first.optional => match &names[..] {
            [only] if only.content.is_none() => Some((first.name, only.name)),
            _ => None,
        },
        _ => None,
    }
}
