//! The board in Cloudflare Durable Objects: the rooms of `examples/cursors`, one object for each board.
//!
//! With the feature `fixture` the rooms that tests use are served beside it.

#![cfg(target_family = "wasm")]

mod api;

use roomful::{BuildError, Rooms};
use roomful_worker::RoomsExt as _;
use worker::{Context, Env, Request, Response, event};

// The class that `wrangler.jsonc` binds.
roomful_worker::room_object!(RoomObject, rooms);

/// The same rooms in the worker and in every object.
fn rooms(_env: &Env) -> Result<Rooms, BuildError> {
    #[cfg(feature = "fixture")]
    return with_the_fixture().0.build();
    #[cfg(not(feature = "fixture"))]
    cursors::rooms()
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _: Context) -> worker::Result<Response> {
    let rooms = rooms(&env).map_err(|error| error.to_string())?;
    #[cfg(feature = "fixture")]
    if let Some(response) = fixture::worker::fetch(&mut request, &env, &rooms, &with_the_fixture().1).await? {
        return Ok(response);
    }
    match api::fetch(&mut request, &env, &rooms).await? {
        Some(response) => Ok(response),
        None => rooms.fetch(request, &env).await,
    }
}

#[cfg(feature = "fixture")]
fn with_the_fixture() -> (roomful::RoomsBuilder, fixture::Doors) {
    fixture::define(cursors::define(Rooms::new()), fixture::worker::log(), &roomful::Limits::default())
}
