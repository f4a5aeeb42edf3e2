//! Somebody else in the room.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::within;

/// Of the dialect whose frames are single.
pub(crate) struct Visitor {
    socket: WebSocketStream<TcpStream>,
}

impl Visitor {
    pub(crate) async fn join(address: SocketAddr, room: &str, id: &str) -> Self {
        Self::open(address, room, id, None).await
    }

    /// One who hears who is away.
    pub(crate) async fn join_v1(address: SocketAddr, room: &str, id: &str) -> Self {
        Self::open(address, room, id, Some("roomful.v1")).await
    }

    async fn open(address: SocketAddr, room: &str, id: &str, dialect: Option<&'static str>) -> Self {
        let url = format!("ws://{address}/__sockets?m=fixture&s={room}&r=%7B%22id%22%3A%22{id}%22%7D");
        let mut request = url.into_client_request().unwrap();
        if let Some(dialect) = dialect {
            request.headers_mut().insert("sec-websocket-protocol", dialect.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut visitor = Self { socket };
        assert_eq!(visitor.next().await["t"], "snapshot");
        visitor
    }

    pub(crate) async fn say(&mut self, msg: Value) {
        let frame = json!({ "t": "msg", "msg": msg }).to_string();
        self.socket.send(Message::text(frame)).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match within("a frame comes", self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("no frame: {other:?}"),
            }
        }
    }

    /// The first of this `op`.
    pub(crate) async fn told(&mut self, op: &str) -> Value {
        loop {
            let frame = self.next().await;
            let frames = frame.as_array().cloned().unwrap_or_else(|| vec![frame]);
            if let Some(frame) = frames.into_iter().find(|frame| frame["op"] == op) {
                return frame;
            }
        }
    }
}
