//! What serde takes out of the buffer that flattened fields are read from, one after the other, and what it leaves there for the
//! next: a map reads all that it finds, and then it is written twice.

use super::shape::{ADJACENT, Merged, Shape};
use super::table::{Brought, Table};

/// One flattened field.
pub(super) struct Flattened<'a> {
    /// Where it is in Rust.
    pub(super) at: &'a str,
    /// Whether it reads whatever it finds.
    pub(super) reads_all: bool,
    /// Whether it reads anything.
    reads: bool,
    /// Whether what it has read is there no more.
    takes: bool,
    /// Whether it writes what it does not read.
    leaves_its_own: bool,
}

impl<'a> Flattened<'a> {
    pub(super) fn new(table: Table<'a>, merged: &'a Merged, brought: &Brought<'_>) -> Self {
        let leaves_its_own = match table.resolve(&merged.shape) {
            Shape::Object(object) => !object.unread.is_empty(),
            _ => false,
        };
        let reads = brought.reads_all || !brought.names.is_empty();
        Self { at: &merged.at, reads_all: brought.reads_all, reads, takes: takes(table, &merged.shape), leaves_its_own }
    }
}

/// Of which other field the one at `nth`, that reads all, finds something.
pub(super) fn found_by<'a>(fields: &[Flattened<'a>], nth: usize) -> Option<&'a str> {
    let is_found = |(at, field): &(usize, &Flattened<'_>)| {
        let is_left = *at > nth || !field.takes;
        *at != nth && (field.leaves_its_own || (field.reads && is_left))
    };
    fields.iter().enumerate().find(is_found).map(|(_, field)| field.at)
}

/// serde takes what it can ask for by name: the fields of a struct that flattens nothing itself, the name of an enum's variant,
/// a tag and what is beside it. Everything else it reads as a map, and that only looks.
fn takes<'a>(table: Table<'a>, shape: &'a Shape) -> bool {
    match shape {
        Shape::Buffered { by, .. } if *by == ADJACENT => true,
        Shape::Buffered { shape, .. } => takes(table, shape),
        Shape::Named(index) => table.entry(*index).is_some_and(|entry| takes(table, &entry.shape)),
        Shape::Object(object) => object.merged.is_empty(),
        Shape::External(_) => true,
        _ => false,
    }
}
