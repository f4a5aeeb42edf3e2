//! What serde does not write or not read back, and what TypeScript cannot say. The compiler lets all of it pass.

use std::collections::HashSet;

use super::apart::{alternatives, has_map_beside_closed};
use super::bigint::Holding;
use super::error::Refusal;
use super::shape::{Merged, MergedBy, Number, Object, Shape, Variation, Way};
use super::table::{Brought, Keys, Table, what};
use super::taken::{Flattened, found_by};

/// Everything that is wrong with `entries`, and with `roots`, which have no name of their own.
pub(super) fn check(table: Table<'_>, roots: &[(Way, &Shape, &str)]) -> Vec<Refusal> {
    let (buffered, holding) = (HashSet::new(), Holding::of(table));
    let mut check = Check { table, holding, way: Way::Outgoing, buffered, refusals: Vec::new() };
    for (index, entry) in table.0.iter().enumerate() {
        check.way = entry.way;
        let at = last_word(entry.path);
        check.shape(&entry.shape, at, None);
        if check.is_its_own_alias(index) {
            let what = "which holds nothing but itself: TypeScript has no name for that";
            check.refuse(at, "its own type", what);
        }
    }
    for (way, shape, at) in roots {
        check.way = *way;
        check.shape(shape, at, None);
    }
    check.refusals
}

/// `Moved` of `app::board::Moved<app::Point>`.
pub(super) fn last_word(path: &str) -> &str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

struct Check<'a> {
    table: Table<'a>,
    holding: Holding,
    way: Way,
    /// The entries that were looked at as what is in a buffer.
    buffered: HashSet<usize>,
    refusals: Vec<Refusal>,
}

impl<'a> Check<'a> {
    fn refuse(&mut self, at: &str, attribute: &str, what: impl Into<String>) {
        let refusal = Refusal { at: at.to_owned(), attribute: attribute.to_owned(), what: what.into() };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    /// `buffer` is the attribute that has made serde read this out of a buffer.
    fn shape(&mut self, shape: &'a Shape, at: &str, buffer: Option<&'static str>) {
        match shape {
            Shape::Buffered { shape, by } => return self.shape(shape, at, Some(by)),
            Shape::Named(index) if buffer.is_some() && self.buffered.insert(*index) => {
                if let Some(entry) = self.table.entry(*index) {
                    self.shape(&entry.shape, last_word(entry.path), buffer);
                }
                return;
            }
            Shape::Map(key, _) => self.map_key(key, at, buffer),
            Shape::Object(object) => return self.object(object, at, buffer),
            Shape::External(variations) => return self.external(variations, at, buffer),
            Shape::Number(Number::Integer128) => {
                if let Some(by) = buffer {
                    self.refuse(at, by, "which makes serde use a buffer that holds no integer of 128 bits");
                }
            }
            Shape::Union(members)
                if self.way == Way::Incoming && has_map_beside_closed(&alternatives(self.table, members)) =>
            {
                let what = "which has a map beside what may have no more properties than its own, and TypeScript cannot tell \
                            the two apart: give the map a name of its own, or `serde_json::Value` as its values";
                self.refuse(at, buffer.unwrap_or("#[serde(untagged)]"), what);
            }
            _ => {}
        }
        let mut parts = Vec::new();
        shape.for_each_part(&mut |part| parts.push(part));
        parts.into_iter().for_each(|part| self.shape(part, at, buffer));
    }

    fn map_key(&mut self, key: &'a Shape, at: &str, buffer: Option<&'static str>) {
        match (self.table.keys(key), buffer) {
            (None, _) => {
                let what = format!(
                    "which is {} and no string, number, boolean or enum without fields: JSON has no such key",
                    what(self.table.resolve(key))
                );
                self.refuse(at, "a map's key", what);
            }
            (Some(Keys::Number | Keys::Boolean), Some(by)) if self.way == Way::Incoming => {
                let what = "which makes serde read through a buffer, where only strings are read as keys of a map: \
                            take `String` for this map's";
                self.refuse(at, by, what);
            }
            (Some(_), _) => {}
        }
    }

    fn object(&mut self, object: &'a Object, at: &str, buffer: Option<&'static str>) {
        let mut names: Vec<(&str, Option<&Shape>)> = Vec::new();
        for property in &object.properties {
            let at = property.place(at);
            self.name(property.name, &at);
            self.shape(&property.shape, &at, buffer);
            self.add(&mut names, property.name, Some(&property.shape), &at, "its name");
        }
        let mut maps: Vec<&Shape> = Vec::new();
        let mut flattened = Vec::new();
        for merged in &object.merged {
            let attribute = attribute(merged);
            self.shape(&merged.shape, &merged.at, buffer);
            match self.table.brought(merged, self.way) {
                Err(why) => {
                    let what = format!("which cannot be put into another object: it {why}");
                    self.refuse(&merged.at, attribute, what);
                }
                Ok(brought) => {
                    if self.way == Way::Outgoing {
                        self.written_through_a_buffer(&merged.shape, &merged.at, attribute);
                    }
                    if merged.by == MergedBy::Flatten {
                        flattened.push(Flattened::new(self.table, merged, &brought));
                    }
                    let Brought { names: brought, maps: more, .. } = brought;
                    // One of several may have what another has, too.
                    let mut of_this: Vec<(&str, Option<&Shape>)> = Vec::new();
                    for (name, shape) in brought {
                        if names.iter().any(|(known, _)| *known == name) {
                            self.add(&mut names, name, shape, &merged.at, attribute);
                        }
                        of_this.push((name, shape));
                    }
                    names.extend(of_this);
                    maps.extend(more);
                }
            }
            self.maps(&names, &maps, merged);
        }
        if self.way == Way::Incoming {
            self.found_by_maps(object, &flattened);
        }
    }

    /// What an enum without a tag holds is written through a buffer where it is put into another object.
    fn written_through_a_buffer(&mut self, shape: &'a Shape, at: &str, attribute: &'static str) {
        match self.table.resolve(shape) {
            Shape::External(variations) => {
                for variation in variations {
                    // A single value needs none.
                    if let Some(content @ (Shape::Object(_) | Shape::Tuple(_))) = &variation.content {
                        self.shape(content, &variation.place(at), Some(attribute));
                    }
                }
            }
            Shape::Union(members) => {
                members.iter().for_each(|member| self.written_through_a_buffer(&member.shape, at, attribute));
            }
            _ => {}
        }
    }

    /// A map among flattened fields reads what the others have left.
    fn found_by_maps(&mut self, object: &Object, flattened: &[Flattened<'_>]) {
        for (nth, map) in flattened.iter().enumerate().filter(|(_, field)| field.reads_all) {
            let by = "#[serde(flatten)]";
            if let Some(name) = object.unread.first() {
                let is_tag = object.properties.first().is_some_and(|first| first.name == *name);
                let what = if is_tag {
                    "which puts the struct's tag into the map when it is read, and then it is written twice: take the tag or \
                     the map away"
                        .to_owned()
                } else {
                    format!(
                        "which puts `{name}`, which is written and not read, into the map when it comes back, and then it is \
                         written twice: give the map a name of its own"
                    )
                };
                self.refuse(map.at, by, what);
            }
            if let Some(other) = found_by(flattened, nth) {
                let what = format!(
                    "which makes this map read what is `{other}`'s, too, and then it is written twice, or not read at all: \
                     give the map a name of its own, or put it behind fields that are plain structs or enums without a tag"
                );
                self.refuse(map.at, by, what);
            }
        }
    }

    fn add(
        &mut self,
        names: &mut Vec<(&'a str, Option<&'a Shape>)>,
        name: &'a str,
        shape: Option<&'a Shape>,
        at: &str,
        attribute: &str,
    ) {
        if names.iter().any(|(known, _)| *known == name) {
            self.refuse(at, attribute, format!("by which `{name}` is twice in one object: rename one of them"));
        }
        names.push((name, shape));
    }

    /// A property beside a map is one of the map's, too.
    fn maps(&mut self, names: &[(&'a str, Option<&'a Shape>)], maps: &[&'a Shape], merged: &Merged) {
        let table = self.table;
        let has_bigint = names.iter().any(|(_, shape)| shape.is_some_and(|shape| self.holding.holds(shape)));
        if has_bigint && maps.iter().any(|map| matches!(table.resolve(map), Shape::Json)) {
            let what = "which puts a map of any JSON beside a bigint, which is none: give the map a name of its own";
            self.refuse(&merged.at, attribute(merged), what);
        }
        for map in maps.iter().filter(|map| !matches!(table.resolve(map), Shape::Json)) {
            // The name of a variant is a string, too.
            let is_name = |shape| matches!(table.keys(shape), Some(Keys::Names(_))) && matches!(map, Shape::Text);
            let fits = |shape: &Option<&'a Shape>| shape.is_some_and(|shape| shape == *map || is_name(shape));
            if !names.iter().all(|(_, shape)| fits(shape)) || maps.iter().any(|other| other != map) {
                let what = "which puts a map beside properties of another type, and TypeScript knows no object that is \
                            both: give the map a name of its own, or `serde_json::Value` as its values";
                self.refuse(&merged.at, attribute(merged), what);
            }
        }
    }

    fn external(&mut self, variations: &'a [Variation], at: &str, buffer: Option<&'static str>) {
        for variation in variations {
            if let Some(content) = &variation.content {
                let at = variation.place(at);
                self.name(variation.name, &at);
                self.shape(content, &at, buffer);
            }
        }
    }

    fn name(&mut self, name: &str, at: &str) {
        if name == "__proto__" {
            self.refuse(at, "its name", "which JavaScript does not take for a property: rename it");
        }
    }

    /// Whether TypeScript would have to know what `index` is in order to know what it is.
    fn is_its_own_alias(&self, index: usize) -> bool {
        let mut open = vec![index];
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            let Some(entry) = self.table.entry(next) else { continue };
            for name in aliased(&entry.shape) {
                if name == index {
                    return true;
                }
                if seen.insert(name) {
                    open.push(name);
                }
            }
        }
        false
    }
}

/// The names that `shape` is, or may be, with nothing around them.
fn aliased(shape: &Shape) -> Vec<usize> {
    match shape {
        Shape::Named(index) => vec![*index],
        Shape::Option(inner) | Shape::Buffered { shape: inner, .. } => aliased(inner),
        Shape::Union(members) => members.iter().flat_map(|member| aliased(&member.shape)).collect(),
        Shape::Object(object) => object.merged.iter().flat_map(|merged| aliased(&merged.shape)).collect(),
        _ => Vec::new(),
    }
}

fn attribute(merged: &Merged) -> &'static str {
    match merged.by {
        MergedBy::Flatten => "#[serde(flatten)]",
        MergedBy::Tag => "#[serde(tag)]",
    }
}
