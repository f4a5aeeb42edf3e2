//! A board with everybody's cursor. The same rooms run on axum (`main.rs`) and in Cloudflare Durable Objects
//! (`examples/cursors-worker`).
//!
//! The room is in [`board`], what its types may hold in [`values`], and whose tab it is in [`person`].

#![allow(
    missing_docs,
    reason = "this is an app's own code, public for its two programs; a field's comment is also its TypeScript's"
)]

pub mod board;
pub mod person;
pub mod values;

use roomful::{RoomExt as _, Rooms, RoomsBuilder};

use crate::board::{Cursors, well_named};

/// The rooms of the board, to which each program adds what only it knows.
pub fn rooms() -> RoomsBuilder {
    Rooms::new().module("board", |m| m.room("cursors", Cursors.guard(well_named)))
}
