//! Where what serde reads of a type and what it writes of it differ, and what the two are called then.

use std::any::TypeId;
use std::collections::HashSet;

use super::describing::Entry;
use super::shape::{Shape, Way};
use super::table::Table;

/// The name of each entry. A type that goes both ways and differs has `Incoming` at the end of the name of what comes in.
pub(super) fn names(table: Table<'_>) -> Vec<String> {
    let differing = differing(table);
    let name = |entry: &Entry| match entry.way {
        Way::Incoming if differing.contains(&entry.id) => format!("{}Incoming", entry.name),
        _ => entry.name.clone(),
    };
    table.0.iter().map(name).collect()
}

fn differing(table: Table<'_>) -> HashSet<TypeId> {
    let mut pairs = Vec::new();
    for entry in table.0.iter().filter(|entry| entry.way == Way::Incoming) {
        let out = table.0.iter().find(|other| other.way == Way::Outgoing && other.id == entry.id);
        pairs.extend(out.map(|out| (entry, out)));
    }
    let unlike = pairs.iter().filter(|(a, b)| !same_but_for_names(table, &a.shape, &b.shape));
    let mut differing: HashSet<TypeId> = unlike.map(|(entry, _)| entry.id).collect();
    loop {
        let before = differing.len();
        for (entry, _) in &pairs {
            if !ids(table, &entry.shape).is_disjoint(&differing) {
                differing.insert(entry.id);
            }
        }
        if differing.len() == before {
            return differing;
        }
    }
}

/// The types that `shape` names.
fn ids(table: Table<'_>, shape: &Shape) -> HashSet<TypeId> {
    let mut found = HashSet::new();
    let mut open = vec![shape];
    while let Some(shape) = open.pop() {
        if let Shape::Named(index) = shape {
            found.extend(table.entry(*index).map(|entry| entry.id));
        }
        shape.for_each_part(&mut |part| open.push(part));
    }
    found
}

fn same_but_for_names(table: Table<'_>, a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Buffered { shape, .. }, other) | (other, Shape::Buffered { shape, .. }) => {
            same_but_for_names(table, shape, other)
        }
        (Shape::Named(a), Shape::Named(b)) => {
            table.entry(*a).map(|entry| entry.id) == table.entry(*b).map(|entry| entry.id)
        }
        (Shape::Option(a), Shape::Option(b)) | (Shape::Array(a), Shape::Array(b)) => same_but_for_names(table, a, b),
        (Shape::Map(key, value), Shape::Map(other_key, other)) => {
            same_but_for_names(table, key, other_key) && same_but_for_names(table, value, other)
        }
        (Shape::Tuple(a), Shape::Tuple(b)) => {
            all(a, b, |a, b| a.optional == b.optional && same_but_for_names(table, &a.shape, &b.shape))
        }
        (Shape::Object(a), Shape::Object(b)) => {
            all(&a.properties, &b.properties, |a, b| {
                (a.name, a.optional) == (b.name, b.optional) && same_but_for_names(table, &a.shape, &b.shape)
            }) && all(&a.merged, &b.merged, |a, b| {
                a.optional == b.optional && same_but_for_names(table, &a.shape, &b.shape)
            })
        }
        (Shape::External(a), Shape::External(b)) => all(a, b, |a, b| {
            let contents = match (&a.content, &b.content) {
                (None, None) => true,
                (Some(a), Some(b)) => same_but_for_names(table, a, b),
                _ => false,
            };
            a.name == b.name && contents
        }),
        (Shape::Union(a), Shape::Union(b)) => all(a, b, |a, b| same_but_for_names(table, &a.shape, &b.shape)),
        (a, b) => a == b,
    }
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}
