//! A board with everybody's cursor. The same rooms run on axum (`main.rs`) and in Cloudflare Durable Objects
//! (`examples/cursors-worker`).
//!
//! The room is in [`board`], what its types may hold in [`values`], and whose tab it is in [`person`]. What all boards together
//! show is in [`site`], and what is known for it in [`directory`].

#![allow(
    missing_docs,
    reason = "this is an app's own code, public for its two programs; a field's comment is also its TypeScript's"
)]

pub mod board;
mod clock;
pub mod directory;
pub mod person;
pub mod site;
pub mod values;

use std::sync::Arc;

use roomful::{RoomExt as _, Rooms, RoomsBuilder};

use crate::board::{Cursors, well_named};
use crate::directory::Directory;
use crate::site::{Activity, Boards};

/// The rooms of the board, and what shows the whole site. Each program adds what only it knows.
pub fn rooms_and_site(directory: Arc<dyn Directory>) -> RoomsBuilder {
    boards(Cursors::of(Arc::clone(&directory)))
        .module("site", |m| m.feed("activity", Activity).live("boards", Boards(directory)))
}

/// The rooms of one node of many, which tells the page its name where it is given that.
pub fn rooms_on(node: Option<String>) -> RoomsBuilder {
    boards(Cursors::on(node))
}

fn boards(cursors: Cursors) -> RoomsBuilder {
    Rooms::new().module("board", |m| m.room("cursors", cursors.guard(well_named)))
}
