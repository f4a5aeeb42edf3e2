//! In which types there is a bigint.

use std::collections::HashSet;

use super::super::shape::Shape;
use super::super::table::Table;

/// The entries of a table that hold one.
pub(in super::super) struct Holding(HashSet<usize>);

impl Holding {
    pub(in super::super) fn of(table: Table<'_>) -> Self {
        let mut holding = Self(HashSet::new());
        loop {
            let before = holding.0.len();
            for (index, entry) in table.0.iter().enumerate() {
                if holding.holds(&entry.shape) {
                    holding.0.insert(index);
                }
            }
            if holding.0.len() == before {
                return holding;
            }
        }
    }

    /// Whether one is in `shape`. A map's key is none: JavaScript's objects have strings for keys.
    pub(in super::super) fn holds(&self, shape: &Shape) -> bool {
        match shape {
            Shape::BigInt => true,
            Shape::Named(index) => self.0.contains(index),
            Shape::Map(_, value) => self.holds(value),
            shape => {
                let mut holds = false;
                shape.for_each_part(&mut |part| holds |= self.holds(part));
                holds
            }
        }
    }
}
