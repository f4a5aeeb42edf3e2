//! Where a bigint stands in one variant and another string in the next, and nothing on the wire tells them apart.

use std::collections::HashSet;

use super::super::apart::{Alternative, Part};
use super::super::shape::{Element, Shape, Variation};
use super::super::table::{Keys, Table};
use super::holding::Holding;

/// Whether somewhere in a value that is either of these there is a bigint in one, and may be another string in the other.
pub(super) fn are_mixed(table: Table<'_>, holding: &Holding, one: &Alternative<'_>, other: &Alternative<'_>) -> bool {
    let told_apart = matches!((one.tag, other.tag), (Some((a, x)), Some((b, y))) if a == b && x != y);
    !told_apart && {
        let mut mixing = Mixing { table, holding, open: HashSet::new() };
        let (one, other) = (mixing.form_of(one), mixing.form_of(other));
        mixing.clash(&one, &other)
    }
}

/// All that a value of a shape may be, whichever of several it is.
#[derive(Default)]
struct Form<'a> {
    holds: bool,
    bigint: bool,
    /// A string that is none.
    text: bool,
    /// Nobody knows what.
    anything: bool,
    lists: Vec<&'a Shape>,
    tuples: Vec<&'a [Element]>,
    properties: Vec<(&'a str, &'a Shape)>,
    maps: Vec<&'a Shape>,
}

struct Mixing<'t, 'h> {
    table: Table<'t>,
    holding: &'h Holding,
    /// The pairs that are looked at, by where they are: types that hold themselves come back to one.
    open: HashSet<(*const Shape, *const Shape)>,
}

impl<'t> Mixing<'t, '_> {
    fn form_of<'a>(&self, alternative: &Alternative<'a>) -> Form<'a>
    where
        't: 'a,
    {
        let mut form = Form::default();
        match alternative.part {
            Part::Shape(shape) => self.gather(shape, &mut form, &mut Vec::new()),
            Part::Variation(variation) => self.variation(variation, &mut form),
        }
        form
    }

    fn shapes_clash(&mut self, one: &Shape, other: &Shape) -> bool {
        if !self.open.insert((one, other)) {
            return false;
        }
        let mut forms = (Form::default(), Form::default());
        self.gather(one, &mut forms.0, &mut Vec::new());
        self.gather(other, &mut forms.1, &mut Vec::new());
        self.clash(&forms.0, &forms.1)
    }

    fn clash(&mut self, one: &Form<'_>, other: &Form<'_>) -> bool {
        if !one.holds && !other.holds {
            return false;
        }
        one.anything
            || other.anything
            || (one.bigint && other.text)
            || (other.bigint && one.text)
            || self.pairs(one, other).into_iter().any(|(one, other)| self.shapes_clash(one, other))
    }

    /// What may stand in the same place.
    fn pairs<'a>(&self, one: &Form<'a>, other: &Form<'a>) -> Vec<(&'a Shape, &'a Shape)> {
        let mut pairs = Vec::new();
        for (name, shape) in &one.properties {
            pairs.extend(other.properties.iter().filter(|(known, _)| known == name).map(|(_, same)| (*shape, *same)));
            pairs.extend(other.maps.iter().map(|value| (*shape, *value)));
        }
        for value in &one.maps {
            pairs.extend(other.maps.iter().map(|same| (*value, *same)));
            pairs.extend(other.properties.iter().map(|(_, shape)| (*value, *shape)));
        }
        for item in &one.lists {
            pairs.extend(other.lists.iter().map(|same| (*item, *same)));
            pairs.extend(other.tuples.iter().copied().flatten().map(|element| (*item, &element.shape)));
        }
        for elements in &one.tuples {
            pairs.extend(other.lists.iter().flat_map(|item| elements.iter().map(|element| (&element.shape, *item))));
            for same in &other.tuples {
                pairs.extend(elements.iter().zip(*same).map(|(one, other)| (&one.shape, &other.shape)));
            }
        }
        pairs
    }

    fn gather<'a>(&self, shape: &'a Shape, form: &mut Form<'a>, within: &mut Vec<usize>)
    where
        't: 'a,
    {
        form.holds |= self.holding.holds(shape);
        match shape {
            Shape::Named(index) if !within.contains(index) => {
                within.push(*index);
                if let Some(entry) = self.table.entry(*index) {
                    self.gather(&entry.shape, form, within);
                }
            }
            Shape::Option(inner) | Shape::Buffered { shape: inner, .. } => self.gather(inner, form, within),
            Shape::Union(members) => members.iter().for_each(|member| self.gather(&member.shape, form, within)),
            Shape::BigInt => form.bigint = true,
            Shape::Text => form.text = true,
            Shape::Json | Shape::Verbatim(_) => form.anything = true,
            Shape::External(variations) => variations.iter().for_each(|one| self.variation(one, form)),
            Shape::Object(object) => {
                form.properties.extend(object.properties.iter().map(|property| (property.name, &property.shape)));
                object.merged.iter().for_each(|merged| self.gather(&merged.shape, form, within));
            }
            Shape::Map(key, value) => match self.table.keys(key) {
                Some(Keys::Names(names)) => form.properties.extend(names.into_iter().map(|name| (name, &**value))),
                _ => form.maps.push(value),
            },
            Shape::Array(item) => form.lists.push(item),
            Shape::Tuple(elements) => form.tuples.push(elements),
            Shape::Named(_) | Shape::Never | Shape::Null | Shape::Boolean | Shape::Number(_) => {}
        }
    }

    fn variation<'a>(&self, variation: &'a Variation, form: &mut Form<'a>) {
        match &variation.content {
            Some(content) => {
                form.holds |= self.holding.holds(content);
                form.properties.push((variation.name, content));
            }
            None => form.text = true,
        }
    }
}
