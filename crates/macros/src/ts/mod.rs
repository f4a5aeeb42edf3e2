//! `#[derive(TS)]`: tells `rooms.typescript()` what an item's attributes say, and judges nothing. What follows from them is
//! `roomful`'s to know, where it is said by name.

mod attributes;
mod case;
mod expand;
mod words;

pub(crate) use expand::derive;
