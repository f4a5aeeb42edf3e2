//! A server around the router, for who has none.

mod accept;
mod body;
mod connection;
mod cut;
mod lasting;
mod places;
mod proxied;
mod stream;
pub(crate) mod turn;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use roomful::{Drain, ProxyError, Rooms};
use roomful_runtime::ProxyNet;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use accept::Door;
use connection::Site;
use places::Places;
pub(crate) use stream::HttpStream;
use turn::Timeouts;

/// Serves `app` until `shutdown` is ready, then ends in order: whoever waits to be accepted is answered, then no new connections,
/// 1012 with `retry=` to every member, spread over time, and hooks that run are waited for.
///
/// `axum::serve` serves the rooms too; this adds what they want: no Nagle delay, bounds and time limits for whoever speaks HTTP
/// and does not go on, the peer's address, and the drain. A [`Server`] has other settings.
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
/// let server = roomful_axum::Server::new().head_timeout(Duration::from_secs(3)).head_bytes(32 << 10);
/// server.serve(listener, app, &rooms, roomful_axum::shutdown_signal()).await
/// # }
/// ```
///
/// Its bounds are those of HTTP: from the 101 on a connection is a WebSocket, and [`Limits`](roomful::Limits) bound it. A client
/// that is cut because of one is counted in `roomful_http_cut_total`. A handler may always take its time.
#[derive(Debug, Clone)]
pub struct Server {
    head_bytes: usize,
    timeouts: Timeouts,
    http_connections: usize,
    proxies: Vec<ProxyNet>,
    drain: Drain,
}

impl Default for Server {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            head_bytes: 16 << 10,
            timeouts: Timeouts { head: seconds(10), idle: seconds(60), stall: seconds(30) },
            http_connections: 4_096,
            proxies: Vec::new(),
            drain: Drain::default(),
        }
    }
}

impl Server {
    /// The settings of [`serve`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that a request's head may have, and that a connection buffers of whatever it sends. 16 KiB: a room's key and the
    /// cookies of a site fit. Over it: 431. A connection buffers 8 KiB at least.
    #[must_use]
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// A request's head must arrive within this time of its first byte, that of the first request within this time of the begin
    /// of the connection. 10 seconds: or a few thousand sockets that trickle a byte a minute would be all that the server can
    /// hold.
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.head = timeout;
        self
    }

    /// How long a connection may wait for its next request. 60 seconds, which is how long nginx keeps one to a server.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// How long a client may let the server wait for a body that a handler reads, or with a response that it does not take. 30
    /// seconds in all; each 500 bytes that it sends or takes give a second of it back, so a client that is slow may go on, and
    /// one that takes a byte now and then may not.
    #[must_use]
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.stall = timeout;
        self
    }

    /// Connections at once that are not, or not yet, WebSockets, nor listen to a feed or a live value through server-sent events.
    /// 4,096, which may take 64 MiB of heads: each is one only for as long as its handshake takes. Over it, whoever has kept the
    /// server waiting for longest, and for a second at least, is cut, and the newcomer waits in the listener's queue until then.
    ///
    /// Each takes a file descriptor, as each WebSocket does: let the process have enough of them (`ulimit -n`).
    #[must_use]
    pub fn http_connections(mut self, connections: usize) -> Self {
        self.http_connections = connections;
        self
    }

    /// Lets only these proxies connect, each an address or a network, and has each of their connections begin with a header of
    /// the PROXY protocol, version 1 or 2. The client that it names is who connects. Whoever else comes, and whoever sends no such
    /// header within the time for a head, is cut.
    ///
    /// For a proxy that passes bytes on (HAProxy with `send-proxy-v2`, a load balancer of a cloud for TCP). One that speaks HTTP
    /// says it in a header: [`trusted_proxies`](roomful::RoomsBuilder::trusted_proxies).
    ///
    /// # Errors
    ///
    /// When one of them is neither an address nor a network, or is every address there is.
    pub fn proxy_protocol<S: AsRef<str>>(mut self, proxies: impl IntoIterator<Item = S>) -> Result<Self, ProxyError> {
        for proxy in proxies {
            self.proxies.push(proxy.as_ref().parse()?);
        }
        Ok(self)
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
    /// At once, with [`InvalidInput`](io::ErrorKind::InvalidInput), where a setting is 0 with which nobody could be served; it is
    /// named. Later when the listener cannot accept any more at all.
    pub async fn serve(
        self,
        listener: TcpListener,
        app: Router,
        rooms: &Rooms,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.check()?;
        let (connections, stopping, told) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let door = Door {
            listener,
            timeouts: self.timeouts,
            places: Places::new(self.http_connections),
            site: Arc::new(Site {
                app,
                head_bytes: self.head_bytes,
                proxies: self.proxies,
                stopping: stopping.clone(),
                told: told.clone(),
                connections: connections.clone(),
            }),
        };
        let stop = async {
            shutdown.await;
            stopping.cancel();
        };
        let drain = async {
            stopping.cancelled().await;
            rooms.drain(&self.drain).await
        };
        let ((), (), is_drained) = tokio::join!(stop, door.stand_open(), drain);
        connections.close();
        // Once more, for those who came while the first drain ended.
        if !is_drained || !rooms.drain(&self.drain).await {
            tracing::warn!(stats = ?rooms.stats(), "some connections or hooks had not ended in time");
        }
        told.cancel();
        let wait = Duration::from_millis(self.drain.wait_ms);
        if tokio::time::timeout(wait, connections.wait()).await.is_err() {
            tracing::warn!("some requests had not ended in time");
        }
        Ok(())
    }

    /// Of a time or a number too large there is no harm: it is for ever, or as many as there are.
    fn check(&self) -> io::Result<()> {
        let Self { head_bytes, timeouts, http_connections, proxies: _, drain: _ } = self;
        let Timeouts { head, idle, stall } = timeouts;
        let settings = [
            ("head_bytes", *head_bytes == 0),
            ("head_timeout", head.is_zero()),
            ("idle_timeout", idle.is_zero()),
            ("stall_timeout", stall.is_zero()),
            ("http_connections", *http_connections == 0),
        ];
        match settings.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => {
                let what = format!("`Server::{name}` is 0, with which nobody is served: write more, or leave it out");
                Err(io::Error::new(io::ErrorKind::InvalidInput, what))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setting_with_which_nobody_is_served_is_named() {
        let rooms = Rooms::new().build().unwrap();
        for (server, name) in [
            (Server::new().head_bytes(0), "head_bytes"),
            (Server::new().head_timeout(Duration::ZERO), "head_timeout"),
            (Server::new().idle_timeout(Duration::ZERO), "idle_timeout"),
            (Server::new().stall_timeout(Duration::ZERO), "stall_timeout"),
            (Server::new().http_connections(0), "http_connections"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let error = server.serve(listener, Router::new(), &rooms, std::future::pending()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(&format!("`Server::{name}` is 0")), "{error}");
        }
    }

    #[tokio::test]
    async fn the_largest_settings_serve() {
        let rooms = Rooms::new().build().unwrap();
        let most = Duration::MAX;
        let server = Server::new().head_timeout(most).idle_timeout(most).stall_timeout(most);
        let server = server.head_bytes(usize::MAX).http_connections(usize::MAX);
        let drain = Drain::default().wait_ms(u64::MAX).longest_ms(u64::MAX).closes_per_second(0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let app = Router::new().fallback(|| async { "served" });
        let served = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            server.drain(drain).serve(listener, app, &rooms, stopped).await
        });
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, request).await.unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
        assert!(answer.ends_with("served"), "{answer}");
        drop(stop);
        served.await.unwrap().unwrap();
    }
}
