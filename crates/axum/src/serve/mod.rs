//! A server around the router, for who has none.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use roomful::{Drain, Rooms};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Serves `app` until `shutdown` is ready, then ends in order: no new connections, 1012 with `retry=` to every member,
/// spread over time, and hooks that run are waited for.
///
/// `axum::serve` serves the rooms too; this adds what they want: no Nagle delay, a time limit on a request's head, and
/// the drain. A [`Server`] has other settings.
///
/// # Errors
///
/// When the listener cannot accept any more at all.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    rooms: &Rooms,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    Server::new().serve(listener, app, rooms, shutdown).await
}

/// What [`serve`] does, with other settings.
///
/// ```no_run
/// use std::time::Duration;
///
/// # async fn run(listener: tokio::net::TcpListener, app: axum::Router, rooms: roomful::Rooms) -> std::io::Result<()> {
/// let server = roomful_axum::Server::new().head_timeout(Duration::from_secs(3));
/// server.serve(listener, app, &rooms, roomful_axum::shutdown_signal()).await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    head_timeout: Duration,
    drain: Drain,
}

impl Default for Server {
    fn default() -> Self {
        Self { head_timeout: Duration::from_secs(10), drain: Drain::default() }
    }
}

impl Server {
    /// The settings of [`serve`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A request's head must arrive within this time, or a few thousand idle sockets that trickle a byte a minute would
    /// be all that the server can hold. 10 seconds.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = timeout;
        self
    }

    /// How the members are sent away at the end.
    #[must_use]
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// See [`serve`].
    ///
    /// # Errors
    ///
    /// When the listener cannot accept any more at all.
    pub async fn serve(
        self,
        listener: TcpListener,
        app: Router,
        rooms: &Rooms,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (requests, stopping) = (TaskTracker::new(), CancellationToken::new());
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    requests.spawn(serve_connection(stream, peer, app.clone(), self.head_timeout, stopping.clone()));
                }
                Err(error) if is_of_one_connection(&error) => {}
                // Out of file descriptors, most often: some will be free in a while.
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        drop(listener);
        stopping.cancel();
        requests.close();
        if !rooms.drain(&self.drain).await {
            tracing::warn!(stats = ?rooms.stats(), "some connections or hooks had not ended in time");
        }
        let wait = Duration::from_millis(self.drain.wait_ms);
        if tokio::time::timeout(wait, requests.wait()).await.is_err() {
            tracing::warn!("some requests had not ended in time");
        }
        Ok(())
    }
}

/// Ends when the connection is closed, upgraded, or idle while the server stops.
///
/// Handlers and guards find who is connected in `ConnectInfo<SocketAddr>`, as with axum's own `serve`.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_timeout: Duration,
    stopping: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn off Nagle's delay");
    }
    // Not hyper-util's `auto`: before it knows the version of HTTP it waits for the first bytes without any limit.
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.call(request)
    });
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a request ended badly");
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
