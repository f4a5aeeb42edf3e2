//! The route that upgrades.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper::upgrade::OnUpgrade;
use roomful::Rooms;

use crate::handshake::{Handshake, Refusal};
use crate::host::TokioHost;
use crate::socket;

/// Makes rooms a part of an axum app.
pub trait RoomsExt {
    /// A router with one route, the rooms' path, to be merged into the app's. Layers around it run before any guard, and
    /// what they put into the request's extensions is what guards see.
    ///
    /// Hooks run on the tokio runtime that serves the first upgrade.
    fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S>;
}

impl RoomsExt for Rooms {
    fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new().route(self.path(), any(upgrade).with_state(self.clone()))
    }
}

async fn upgrade(State(rooms): State<Rooms>, request: Request) -> Response {
    match accept(&rooms, request) {
        Ok(response) => response,
        Err(refusal) => {
            tracing::debug!(%refusal, "no upgrade");
            refusal.into_response()
        }
    }
}

fn accept(rooms: &Rooms, request: Request) -> Result<Response, Refusal> {
    let (mut parts, _body) = request.into_parts();
    let handshake = Handshake::read(&parts.method, &parts.headers)?;
    if !rooms.allows_origin(&parts.headers) {
        return Err(Refusal::Origin);
    }
    let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(Refusal::NotUpgradable)?;
    rooms.start(|| Arc::new(TokioHost::current()));
    let admission = rooms.admit(parts, handshake.dialect);
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => socket::run(upgraded, admission).await,
            // The peer went away before it had read the 101: there never was a connection.
            Err(error) => tracing::debug!(%error, "the upgrade was not completed"),
        }
    });
    Ok(handshake.accept())
}
