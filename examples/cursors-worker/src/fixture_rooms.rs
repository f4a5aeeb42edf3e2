//! The rooms that tests use, and what acts on them from outside. How they are served, a test may say by `vars` of
//! `wrangler.jsonc`.

use fixture::{Doors, Listened, Manner, worker as outside};
use roomful::{BuildError, Limits, Rooms, RoomsBuilder};
use roomful_worker::RoomsExt as _;
use worker::{Env, Request, Response};

/// An origin whose pages may connect, besides the worker's own.
const ALLOWED_ORIGIN: &str = "ALLOWED_ORIGIN";
/// Every page may, where it is there.
const ANY_ORIGIN: &str = "ANY_ORIGIN";
/// The name that the objects are bound under.
const BOUND_AS: &str = "BOUND_AS";

pub(crate) fn rooms(env: &Env) -> Result<Rooms, BuildError> {
    let named = env.var(ALLOWED_ORIGIN).ok().map(|origin| origin.to_string());
    let rooms = define().0.allowed_origins(named);
    if env.var(ANY_ORIGIN).is_ok() { rooms.any_origin().build() } else { rooms.build() }
}

pub(crate) async fn fetch(request: &mut Request, env: &Env, rooms: &Rooms) -> worker::Result<Option<Response>> {
    let (_, doors, listened) = define();
    if let Some(answer) = outside::fetch(request, env, rooms, (&doors, &listened)).await? {
        return Ok(Some(answer));
    }
    match env.var(BOUND_AS) {
        Ok(binding) => rooms.bound_as(&binding.to_string()).fetch(request.clone()?, env).await.map(Some),
        Err(_) => Ok(None),
    }
}

fn define() -> (RoomsBuilder, Doors, Listened) {
    // A room where members outlive their sockets says so itself.
    let limits = Limits::default().grace_ms(0);
    let builder = Rooms::new().limits(limits.clone());
    let (builder, doors) = fixture::define(builder, outside::log(), &limits, Manner::default());
    let (builder, listened) = fixture::define_listened(builder, &limits, Manner::default(), outside::counts());
    (builder, doors, listened)
}
