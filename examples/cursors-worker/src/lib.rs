//! The board in Cloudflare Durable Objects: the rooms of `examples/cursors`, one object for each board, one for who hears what
//! happens on the site, and one that knows how many people are on which board.
//!
//! With the feature `fixture` it serves the rooms that tests use, in place of the board.

#![cfg(target_family = "wasm")]

#[cfg(not(feature = "fixture"))]
mod api;
// With the fixture, too: the same `wrangler.jsonc` binds it.
#[cfg_attr(feature = "fixture", allow(dead_code, reason = "the rooms that tests use tell it nothing"))]
mod directory;
#[cfg(feature = "fixture")]
mod fixture_rooms;

use roomful::{BuildError, Rooms};
use roomful_worker::RoomsExt as _;
use worker::{Context, Env, Request, Response, event};

#[cfg(feature = "fixture")]
use crate::fixture_rooms as api;

// The class that `wrangler.jsonc` binds.
roomful_worker::room_object!(RoomObject, rooms);

/// Another class, which a test binds in its place: no name is taken for granted.
#[cfg(feature = "fixture")]
mod renamed {
    use super::rooms;

    roomful_worker::room_object!(Boards, rooms);
}

/// The same rooms in the worker and in every object.
fn rooms(env: &Env) -> Result<Rooms, BuildError> {
    #[cfg(feature = "fixture")]
    return fixture_rooms::rooms(env);
    #[cfg(not(feature = "fixture"))]
    cursors::rooms_and_site(std::sync::Arc::new(directory::InObject::of(env))).build()
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _: Context) -> worker::Result<Response> {
    let rooms = rooms(&env).map_err(|error| error.to_string())?;
    match api::fetch(&mut request, &env, &rooms).await? {
        Some(response) => Ok(response),
        None => rooms.fetch(request, &env).await,
    }
}
