//! What `rooms.typescript()` says of a type, and what serde does with it: for each attribute, and for each kind of type.

mod bigints;
mod clashes;
mod enums;
mod fields;
mod flattened;
mod heard;
mod names;
mod refused;
mod sides;
mod standard;
mod structs;
mod support;
