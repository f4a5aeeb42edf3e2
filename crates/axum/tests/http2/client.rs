//! One HTTP/2 connection, and WebSockets over it.

use std::net::SocketAddr;

use axum::body::Body;
use futures_util::StreamExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use roomful::{Limits, Rooms};
use roomful_axum::RoomsExt as _;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::support::{Client, connect, limits, listen, rooms, target, within};

/// What is between a client and the server's rooms.
pub(crate) type Stream = TokioIo<Upgraded>;

/// As a client asks for it.
pub(crate) const STREAM_WINDOW: u32 = 64 << 10;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) rooms: Rooms,
}

/// The rooms behind hyper's HTTP/2, set up as the guide says.
pub(crate) async fn serve(change: impl FnOnce(Limits) -> Limits) -> Served {
    let (rooms, _) = rooms(change(limits()));
    serve_rooms(rooms).await
}

/// The same for rooms that only one test needs.
pub(crate) async fn serve_rooms(rooms: Rooms) -> Served {
    let (listener, address) = listen().await;
    let app = rooms.router().route("/", axum::routing::get(async || "hello"));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let app = hyper_util::service::TowerToHyperService::new(app.clone());
            let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.enable_connect_protocol();
            server.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(16 * STREAM_WINDOW);
            tokio::spawn(server.serve_connection(TokioIo::new(stream), app));
        }
    });
    Served { address, rooms }
}

/// One connection of a client's.
#[derive(Clone)]
pub(crate) struct Http2 {
    send: SendRequest<Body>,
}

impl Http2 {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut client = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        client.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(16 * STREAM_WINDOW);
        let connected = client.handshake(TokioIo::new(connect(address).await));
        let (send, connection) = within("HTTP/2 is spoken", connected).await.unwrap();
        tokio::spawn(connection);
        let mut http2 = Self { send };
        // The server says what it can do before it answers.
        assert_eq!(http2.ask(Request::get("http://test/")).await.status(), 200);
        http2
    }

    pub(crate) async fn ask(&mut self, request: hyper::http::request::Builder) -> Response<Incoming> {
        let request = request.body(Body::empty()).unwrap();
        within("it is answered", self.send.send_request(request)).await.unwrap()
    }

    /// Joins a hall; its snapshot has come.
    pub(crate) async fn join(&mut self, id: &str) -> Client<Stream> {
        self.join_with(extended_connect(id)).await
    }

    /// The same with a request of the test's own.
    pub(crate) async fn join_with(&mut self, request: hyper::http::request::Builder) -> Client<Stream> {
        let mut client = self.open(request).await;
        client.snapshot = client.frame().await;
        client.id = client.snapshot["self"].as_str().unwrap().to_owned();
        client
    }

    /// The handshake is complete, and nothing was read.
    pub(crate) async fn open(&mut self, request: hyper::http::request::Builder) -> Client<Stream> {
        let response = self.ask(request).await;
        assert_eq!(response.status(), 200);
        let stream = TokioIo::new(within("it is a stream", hyper::upgrade::on(response)).await.unwrap());
        let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        let ws = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Client { ws, id: String::new(), snapshot: Value::Null }
    }
}

/// What a browser sends to open a WebSocket.
pub(crate) fn extended_connect(id: &str) -> hyper::http::request::Builder {
    Request::connect(format!("http://test{}", target(id)))
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
}

/// Whether the stream has ended, with or without an error.
pub(crate) async fn until_over(client: &mut Client<Stream>) {
    within("the stream ends", async { while let Some(Ok(_)) = client.ws.next().await {} }).await;
}
