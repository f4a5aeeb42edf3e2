//! The rooms that tests use, and what acts on them from outside. How they are served, a test may say by `vars` of
//! `wrangler.jsonc`.

use fixture::{Doors, worker as outside};
use roomful::{BuildError, Limits, Rooms, RoomsBuilder};
use roomful_worker::RoomsExt as _;
use worker::{Env, Request, Response};

/// The one origin whose pages may connect.
const ALLOWED_ORIGIN: &str = "ALLOWED_ORIGIN";
/// The name that the objects are bound under.
const BOUND_AS: &str = "BOUND_AS";

pub(crate) fn rooms(env: &Env) -> Result<Rooms, BuildError> {
    let rooms = define().0;
    match env.var(ALLOWED_ORIGIN) {
        Ok(origin) => rooms.allowed_origins([origin.to_string()]).build(),
        Err(_) => rooms.build(),
    }
}

pub(crate) async fn fetch(request: &mut Request, env: &Env, rooms: &Rooms) -> worker::Result<Option<Response>> {
    if let Some(answer) = outside::fetch(request, env, rooms, &define().1).await? {
        return Ok(Some(answer));
    }
    match env.var(BOUND_AS) {
        Ok(binding) => rooms.bound_as(&binding.to_string()).fetch(request.clone()?, env).await.map(Some),
        Err(_) => Ok(None),
    }
}

fn define() -> (RoomsBuilder, Doors) {
    fixture::define(Rooms::new(), outside::log(), &Limits::default())
}
