//! A board with everybody's cursor. The same rooms run on axum (`main.rs`) and in Cloudflare Durable Objects
//! (`examples/cursors-worker`).
//!
//! The room is in [`board`], what its types may hold in [`values`], and whose tab it is in [`person`]. What all boards together
//! show is in [`site`], on axum alone.

#![allow(
    missing_docs,
    reason = "this is an app's own code, public for its two programs; a field's comment is also its TypeScript's"
)]

pub mod board;
mod clock;
pub mod person;
pub mod site;
pub mod values;

use roomful::{RoomExt as _, Rooms, RoomsBuilder};

use crate::board::{Cursors, well_named};
use crate::site::{Activity, Boards, Directory};

/// The rooms of the board, to which each program adds what only it knows.
pub fn rooms() -> RoomsBuilder {
    boards(Cursors::default())
}

/// The same, and what shows the whole site.
pub fn rooms_and_site() -> RoomsBuilder {
    let directory = Directory::default();
    boards(Cursors::of(directory.clone()))
        .module("site", |m| m.feed("activity", Activity).live("boards", Boards(directory)))
}

/// The rooms of one node of many, which tells the page its name where it is given that.
pub fn rooms_on(node: Option<String>) -> RoomsBuilder {
    boards(Cursors::on(node))
}

fn boards(cursors: Cursors) -> RoomsBuilder {
    Rooms::new().module("board", |m| m.room("cursors", cursors.guard(well_named)))
}
