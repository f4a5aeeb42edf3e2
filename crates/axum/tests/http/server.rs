//! A server with the rooms, and with handlers that a test needs.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use futures_util::Stream;
use roomful::Rooms;
use roomful_axum::{RoomsExt as _, Server};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{limits, listen, rooms};

pub(crate) const SHORT: Duration = Duration::from_millis(200);
pub(crate) const FOR_EVER: Duration = Duration::MAX;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) rooms: Rooms,
    pub(crate) app: App,
}

/// What the handlers do, as a test sees it.
pub(crate) struct App {
    /// `/slow` waits for it.
    pub(crate) gate: Arc<Semaphore>,
    /// Something for each request that has come to `/slow`.
    pub(crate) begun: mpsc::UnboundedReceiver<()>,
    /// Something for each answer of `/endless` that nobody will go on to write.
    pub(crate) given_up: mpsc::UnboundedReceiver<()>,
}

/// Patient with everything.
pub(crate) fn patient() -> Server {
    Server::new().head_timeout(FOR_EVER).idle_timeout(FOR_EVER).stall_timeout(FOR_EVER)
}

pub(crate) async fn serve(server: Server) -> Served {
    let (rooms, router, app) = app();
    let (listener, address) = listen().await;
    let served = rooms.clone();
    tokio::spawn(async move { server.serve(listener, router, &served, std::future::pending()).await });
    Served { address, rooms, app }
}

pub(crate) fn app() -> (Rooms, Router, App) {
    let (rooms, _) = rooms(limits());
    let gate = Arc::new(Semaphore::new(0));
    let ((begins, begun), (gives_up, given_up)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let waits = Arc::clone(&gate);
    let slow = async move || {
        begins.send(()).unwrap();
        waits.acquire().await.unwrap().forget();
        "slow"
    };
    let endless = async move || Body::from_stream(Endless(gives_up));
    let router = rooms
        .router()
        .route("/", get(async || "hello"))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route("/slow", get(slow))
        .route("/endless", get(endless));
    (rooms, router, App { gate, begun, given_up })
}

struct Endless(mpsc::UnboundedSender<()>);

impl Stream for Endless {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(&[b'x'; 4096]))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _the_test_may_be_over = self.0.send(());
    }
}
