//! A board with everybody's cursor. The same rooms run on axum (`main.rs`) and in Cloudflare Durable Objects
//! (`examples/cursors-worker`).
//!
//! The room is in [`board`], what its types may hold in [`values`].

#![allow(
    missing_docs,
    reason = "this is an app's own code, public for its two programs; a field's comment is also its TypeScript's"
)]

pub mod board;
pub mod values;

use roomful::{BuildError, RoomExt as _, Rooms};

use crate::board::{Cursors, well_named};

/// The rooms of the board.
///
/// # Errors
///
/// When the definitions have a mistake.
pub fn rooms() -> Result<Rooms, BuildError> {
    Rooms::new().module("board", |m| m.room("cursors", Cursors.guard(well_named))).build()
}
