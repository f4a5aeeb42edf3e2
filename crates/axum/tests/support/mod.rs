//! One room and its clients, over any stream. Every wait is for an event, and none is for ever.

#![allow(dead_code, reason = "no test needs all of it")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use roomful::{Channel, Conn, Deny, Limits, Rate, Room, Rooms, Upgrade};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};

/// Far more than anything takes on a busy machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for an event, and fails by its name when it does not come.
pub(crate) async fn within<T>(event: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(value) => value,
        Err(_) => panic!("this did not happen: {event}"),
    }
}

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String, presence = String)]
pub(crate) struct Hall {
    pub(crate) id: String,
}

/// Says to everybody what anybody says, and does what `/answer`, `/close`, `/burst` and `/wait` ask for.
struct Relay {
    /// `/wait` waits for it.
    gate: Arc<Semaphore>,
}

/// How many messages `/burst` is answered with.
pub(crate) const BURST: usize = 50;

impl Room for Relay {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> roomful::Result {
        match msg.as_str() {
            "/answer" => conn.send(&"the answer".to_owned()),
            "/close" => conn.close(4500, "as asked for"),
            "/burst" => (0..BURST).try_for_each(|n| conn.broadcast_all(&n.to_string())),
            "/wait" => {
                conn.broadcast_all(&"waiting".to_owned())?;
                self.gate.acquire().await.expect("nobody closes it").forget();
                conn.broadcast_all(&"waited".to_owned())
            }
            _ => conn.broadcast_all(&msg),
        }
    }
}

/// Nothing here waits for a heartbeat, and nobody talks too much.
pub(crate) fn limits() -> Limits {
    Limits::default()
        .rate(Rate { per_second: 1_000_000, burst: 1_000_000 })
        .piece_rate(Rate { per_second: 1_000_000, burst: 1_000_000 })
        .receive_bytes_per_second(1 << 30)
        .heartbeat_ms(Some(3_600_000))
        .frame_bytes(4 << 20)
        .message_bytes(4 << 20)
        .presence_bytes(2 << 20)
}

/// The rooms `hall`, and what lets their `/wait` go on.
pub(crate) fn rooms(limits: Limits) -> (Rooms, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let relay = Relay { gate: Arc::clone(&gate) };
    (Rooms::new().limits(limits).module("test", |module| module.room("hall", relay)).build().unwrap(), gate)
}

pub(crate) fn hall(id: &str) -> Hall {
    Hall { id: id.to_owned() }
}

/// The request target of a hall.
pub(crate) fn target(id: &str) -> String {
    format!("/__sockets?m=test&s=hall&r=%7B%22id%22%3A%22{id}%22%7D")
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A member, which speaks the plain dialect.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) ws: WebSocketStream<S>,
    pub(crate) id: String,
    pub(crate) snapshot: Value,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Its snapshot has come.
    pub(crate) async fn join(stream: S, id: &str) -> Self {
        let request = format!("ws://test{}", target(id)).into_client_request().unwrap();
        let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        let handshake = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        let (ws, _) = within("the handshake is answered", handshake).await.unwrap();
        let mut client = Self { ws, id: String::new(), snapshot: Value::Null };
        client.snapshot = client.frame().await;
        assert_eq!(client.snapshot["t"], "snapshot", "the first frame is the snapshot");
        client.id = client.snapshot["self"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(&json!({ "t": "msg", "msg": text })).await;
    }

    pub(crate) async fn show(&mut self, state: &str) {
        self.send(&json!({ "t": "presence", "state": state })).await;
    }

    async fn send(&mut self, frame: &Value) {
        within("a frame is sent", self.ws.send(Message::text(frame.to_string()))).await.unwrap();
    }

    /// What comes next, which must be no close.
    pub(crate) async fn frame(&mut self) -> Value {
        match self.next("a frame comes").await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("a frame was expected, not {other:?}"),
        }
    }

    /// The next message of the room, and who said it.
    pub(crate) async fn message(&mut self) -> (String, String) {
        let frame = self.frame().await;
        assert_eq!(frame["t"], "msg", "{frame}");
        (text(&frame["from"]), text(&frame["msg"]))
    }

    /// The next frame says that this member has come, or gone, or shows something else.
    pub(crate) async fn told(&mut self, op: &str, id: &str) -> Value {
        let frame = self.frame().await;
        assert_eq!((&frame["op"], &frame["from"]), (&json!(op), &json!(id)), "{frame}");
        frame["state"].clone()
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        within("the close is sent", self.ws.close(Some(frame))).await.unwrap();
    }

    /// The code of the close that comes next, after which the connection ends.
    pub(crate) async fn closed(&mut self) -> u16 {
        match self.next("the close comes").await {
            Some(Message::Close(frame)) => {
                assert!(self.next("the connection ends").await.is_none(), "nothing follows the close");
                frame.map_or(1005, |frame| frame.code.into())
            }
            other => panic!("a close was expected, not {other:?}"),
        }
    }

    /// The next message that is no ping; `None` at the end of the connection.
    pub(crate) async fn next(&mut self, event: &str) -> Option<Message> {
        loop {
            match within(event, self.ws.next()).await {
                Some(Ok(Message::Ping(_))) => {}
                message => return message.and_then(Result::ok),
            }
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

/// A frame as a client must send it: masked, with a mask that changes nothing.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A message to the room, as a frame.
pub(crate) fn message(msg: &str) -> Vec<u8> {
    masked(FIN | TEXT, json!({ "t": "msg", "msg": msg }).to_string().as_bytes())
}

pub(crate) const FIN: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
