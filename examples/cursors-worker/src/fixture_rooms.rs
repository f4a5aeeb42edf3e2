//! The rooms that tests use, and what acts on them from outside.

use fixture::{Doors, worker as outside};
use roomful::{BuildError, Limits, Rooms, RoomsBuilder};
use worker::{Env, Request, Response};

pub(crate) fn rooms() -> Result<Rooms, BuildError> {
    define().0.build()
}

pub(crate) async fn fetch(request: &mut Request, env: &Env, rooms: &Rooms) -> worker::Result<Option<Response>> {
    outside::fetch(request, env, rooms, &define().1).await
}

fn define() -> (RoomsBuilder, Doors) {
    fixture::define(Rooms::new(), outside::log(), &Limits::default())
}
