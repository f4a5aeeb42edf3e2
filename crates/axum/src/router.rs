//! The route that upgrades.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Version};
use axum::response::Response;
use axum::routing::any;
use hyper::upgrade::OnUpgrade;
use roomful::Rooms;
use roomful_runtime::{Peer, Platform};

use crate::handshake::{Handshake, Refusal};
use crate::host::TokioHost;
use crate::shard::{Shards, Sockets};
use crate::sse;

/// Makes rooms a part of an axum app.
pub trait RoomsExt {
    /// A router with one route, the rooms' path, to be merged into the app's. Layers around it run before any guard, and
    /// what they put into the request's extensions is what guards see.
    ///
    /// Hooks run on the tokio runtime that serves the first upgrade.
    fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.router_with(Sockets::default())
    }

    /// The same, with other settings for the sockets.
    fn router_with<S: Clone + Send + Sync + 'static>(&self, sockets: Sockets) -> Router<S>;
}

impl RoomsExt for Rooms {
    fn router_with<S: Clone + Send + Sync + 'static>(&self, sockets: Sockets) -> Router<S> {
        let site = Site { platform: self.platform(), sockets, shards: OnceLock::new() };
        Router::new().route(self.path(), any(upgrade).with_state(Arc::new(site)))
    }
}

/// The rooms, and the threads of their sockets.
struct Site {
    platform: Platform,
    sockets: Sockets,
    /// Started by the first upgrade.
    shards: OnceLock<Shards>,
}

impl Site {
    /// The threads. Where the system gives none now, the next upgrade asks again.
    fn shards(&self) -> io::Result<&Shards> {
        if let Some(shards) = self.shards.get() {
            return Ok(shards);
        }
        // Of two that are started at once one is dropped, and ends: it has no sockets.
        let started = Shards::start(&self.sockets, self.platform.clone())?;
        Ok(self.shards.get_or_init(|| started))
    }
}

async fn upgrade(State(site): State<Arc<Site>>, request: Request) -> Response {
    let version = request.version();
    if sse::is_asked_for(&request) {
        return listen(&site, request).await;
    }
    match accept(&site, request) {
        Ok(response) => response,
        Err(refusal) => {
            tracing::debug!(%refusal, "no upgrade");
            refusal.respond(version)
        }
    }
}

/// Over HTTP/2 the host is a part of the target, and here as over HTTP/1 what guards and the check of the origin read.
fn name_host(parts: &mut Parts) {
    let host = parts.uri.authority().filter(|_| parts.version > Version::HTTP_11);
    if let Some(host) = host.and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        parts.headers.insert(HOST, host);
    }
}

/// A request's head, as the rooms read it, from a page that may connect.
fn arrive(platform: &Platform, mut parts: Parts) -> Result<Parts, Refusal> {
    name_host(&mut parts);
    platform.start(|| Arc::new(TokioHost::current()));
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied() {
        parts.extensions.insert(Peer(peer.ip()));
    }
    if platform.allows_origin(&parts) { Ok(parts) } else { Err(Refusal::Origin) }
}

/// What is listened to without a WebSocket.
async fn listen(site: &Site, request: Request) -> Response {
    let version = request.version();
    let (parts, _body) = request.into_parts();
    let seated = arrive(&site.platform, parts)
        .and_then(|parts| Ok((site.platform.take_place(&parts).map_err(Refusal::NoPlace)?, parts)));
    match seated {
        Ok((place, parts)) => sse::listen(&site.platform, parts, place).await,
        Err(refusal) => {
            tracing::debug!(%refusal, "no stream");
            refusal.respond(version)
        }
    }
}

fn accept(site: &Arc<Site>, request: Request) -> Result<Response, Refusal> {
    let platform = &site.platform;
    let (parts, _body) = request.into_parts();
    let mut handshake = Handshake::read(&parts)?;
    let mut parts = arrive(platform, parts)?;
    let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(Refusal::NotUpgradable)?;
    site.shards().map_err(|error| {
        tracing::error!(%error, "the threads of sockets cannot be started");
        Refusal::NoThreads
    })?;
    let place = platform.take_place(&parts).map_err(Refusal::NoPlace)?;
    let admission = platform.read(parts, handshake.dialect).seated(place);
    let deflate = handshake.compress(admission.limits().compress_from_bytes.is_some());
    let site = Arc::clone(site);
    tokio::spawn(async move {
        match (on_upgrade.await, site.shards.get()) {
            (Ok(upgraded), Some(shards)) => shards.serve(upgraded, admission, deflate),
            // The peer went away before it had read the 101: there never was a connection.
            (Err(error), _) => tracing::debug!(%error, "the upgrade was not completed"),
            (Ok(_), _) => {}
        }
    });
    Ok(handshake.accept())
}
