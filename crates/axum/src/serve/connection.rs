//! One HTTP connection, from its accept until it is closed or a WebSocket.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use roomful_runtime::{Peer, ProxyNet};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::{RequestBody, ResponseBody};
use super::cut::{count, overdue};
use super::lasting::{self, Aside, Lasting};
use super::places::Place;
use super::proxied::{self, Unproxied};
use super::stream::HttpStream;
use super::turn::{Cut, Turn};

/// hyper refuses to have less.
const LEAST_BUFFER: usize = 8 << 10;

/// What all connections of a server share.
pub(super) struct Site {
    pub(super) app: Router,
    pub(super) head_bytes: usize,
    /// Who alone may connect, and says for whom. Where there are none, anybody may.
    pub(super) proxies: Vec<ProxyNet>,
    /// The server stops.
    pub(super) stopping: CancellationToken,
    /// It stops, and the rooms have told everybody.
    pub(super) told: CancellationToken,
    /// The tasks of its connections.
    pub(super) connections: TaskTracker,
}

/// One that was accepted.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) turn: Turn,
    pub(super) place: Place,
}

/// Ends when the connection is closed, upgraded, idle while the server stops, kept waiting for too long, or when its response is one
/// that lasts: that has a task of its own, which is a small one.
///
/// Handlers and guards find who is connected in `ConnectInfo<SocketAddr>`, as with axum's own `serve`.
pub(super) async fn serve(site: Arc<Site>, accepted: Accepted) {
    let Accepted { mut stream, peer, turn, place } = accepted;
    prepare(&stream);
    let mut clock = pin!(sleep_until(Instant::now()));
    let peer = tokio::select! {
        biased;
        client = client(&site.proxies, &mut stream, peer) => match client {
            Ok(client) => client,
            Err(error) => {
                tracing::debug!(%error, "a connection does not come through a proxy");
                return count(peer, Cut::Proxy);
            }
        },
        () = place.needed() => return count(peer, Cut::Crowd),
        cut = overdue(&turn, clock.as_mut()) => return count(peer, cut),
    };
    // Not hyper-util's `auto`: before it knows the version of HTTP it waits for the first bytes without any limit.
    let mut server = http1::Builder::new();
    // The buffer is what a head may take; hyper's own clock for it would count a connection that is idle, too.
    server.header_read_timeout(None).max_header_size(site.head_bytes).max_buf_size(site.head_bytes.max(LEAST_BUFFER));
    let aside = Aside::default();
    let service = answering(&site, peer, &turn, aside.clone());
    let io = TokioIo::new(HttpStream::new(stream, turn.clone()));
    let mut connection = server.serve_connection(io, service).with_upgrades();
    let mut is_told = false;
    let cut = loop {
        // In this order: what has come is answered before anything else is looked at, and it is what moves the clock.
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a request ended badly");
                }
                return;
            }
            response = aside.taken() => {
                let Some(parts) = connection.into_parts() else { return };
                // What it has sent after that request is not answered.
                let (stream, told) = (parts.io.into_inner(), site.told.clone());
                let lasting = Lasting { stream, response, peer, turn, place, told };
                site.connections.spawn(lasting::serve(lasting));
                return;
            }
            () = site.stopping.cancelled(), if !is_told => {
                is_told = true;
                turn.hurry(Instant::now());
                if !turn.is_asking() {
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
            () = place.needed() => break Cut::Crowd,
            cut = overdue(&turn, clock.as_mut()) => break cut,
        }
    };
    count(peer, cut);
}

/// Who is connected: where there are proxies, as they say.
async fn client(proxies: &[ProxyNet], stream: &mut TcpStream, peer: SocketAddr) -> Result<SocketAddr, Unproxied> {
    if proxies.is_empty() {
        return Ok(peer);
    }
    if !proxies.iter().any(|proxy| proxy.has(peer.ip())) {
        return Err(Unproxied::NoProxy);
    }
    proxied::client(stream, peer).await
}

/// Without Nagle's delay, and with so little in the kernel that a client that takes some of it is seen to.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn off Nagle's delay");
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "cannot bound what the kernel holds unsent");
    }
}

/// Bytes that the kernel may hold unsent. With megabytes of them a reader of a few kilobytes a second would look like one that
/// reads nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 128 << 10;

/// The app, told who asks; what it says of whose turn it is, told to `turn`. A response that lasts is put aside.
fn answering(
    site: &Arc<Site>,
    peer: SocketAddr,
    turn: &Turn,
    aside: Aside,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = std::convert::Infallible,
    Future: Send,
> + use<> {
    let (app, stopping, turn) = (TowerToHyperService::new(site.app.clone()), site.stopping.clone(), turn.clone());
    service_fn(move |mut request: Request<Incoming>| {
        turn.requested();
        let may_last = lasting::may_answer(&request);
        request.extensions_mut().insert(ConnectInfo(peer));
        // For what is no upgrade and names no axum.
        request.extensions_mut().insert(Peer(peer.ip()));
        let answer = app.call(request.map(|body| Body::new(RequestBody::new(body, turn.clone()))));
        let (stopping, turn, aside) = (stopping.clone(), turn.clone(), aside.clone());
        async move {
            let mut response = answer.await?;
            // What hyper has still to write of the response before would be lost with its buffer.
            if may_last && lasting::is_lasting(&response) && !turn.is_written_to() {
                aside.put(response);
                return std::future::pending().await;
            }
            if stopping.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| ResponseBody::new(body, turn)))
        }
    })
}
