//! A relay on axum's own WebSockets, which are tokio-tungstenite's: a text message goes to everybody else in the room.
//!
//! The usual way is what tutorials and answers show: a task that writes and an unbounded queue for each connection,
//! the library's buffers, `send` for every message. `--tuned` changes what its author would change after a profile:
//! a read buffer of 4 KiB, all that waits is fed before one flush, and no packet waits for another (`TCP_NODELAY`).

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const TUNED_READ_BUFFER: usize = 4 << 10;

#[tokio::main]
async fn main() -> io::Result<()> {
    let tuned = std::env::args().any(|word| word == "--tuned");
    let relay = Relay { tuned, ..Relay::default() };
    let app = Router::new().route("/", get(upgrade)).with_state(Arc::new(relay));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(move |stream| {
        // A socket that refuses an option is still a socket; its packets are late.
        let _ = stream.set_nodelay(tuned);
    });
    axum::serve(listener, app).await
}

#[derive(Default)]
struct Relay {
    tuned: bool,
    next_id: AtomicU64,
    rooms: Mutex<HashMap<String, HashMap<u64, UnboundedSender<Utf8Bytes>>>>,
}

#[derive(serde::Deserialize)]
struct Wanted {
    room: String,
}

async fn upgrade(ws: WebSocketUpgrade, Query(wanted): Query<Wanted>, State(relay): State<Arc<Relay>>) -> Response {
    let ws = if relay.tuned { ws.read_buffer_size(TUNED_READ_BUFFER) } else { ws };
    ws.on_upgrade(move |socket| serve(socket, wanted.room, relay))
}

async fn serve(socket: WebSocket, room: String, relay: Arc<Relay>) {
    let (sink, mut stream) = socket.split();
    let (sender, receiver) = unbounded_channel();
    let id = relay.join(&room, sender);
    let writer =
        if relay.tuned { tokio::spawn(feed_all(sink, receiver)) } else { tokio::spawn(send_each(sink, receiver)) };
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            relay.broadcast(&room, id, &text);
        }
    }
    relay.leave(&room, id);
    writer.abort();
}

async fn send_each(mut sink: SplitSink<WebSocket, Message>, mut receiver: UnboundedReceiver<Utf8Bytes>) {
    while let Some(text) = receiver.recv().await {
        if sink.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
}

async fn feed_all(mut sink: SplitSink<WebSocket, Message>, mut receiver: UnboundedReceiver<Utf8Bytes>) {
    while let Some(text) = receiver.recv().await {
        if sink.feed(Message::Text(text)).await.is_err() {
            return;
        }
        while let Ok(text) = receiver.try_recv() {
            if sink.feed(Message::Text(text)).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

impl Relay {
    fn join(&self, room: &str, sender: UnboundedSender<Utf8Bytes>) -> u64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(room.to_owned()).or_default().insert(id, sender);
        id
    }

    fn broadcast(&self, room: &str, from: u64, text: &Utf8Bytes) {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, sender) in rooms.get(room).into_iter().flatten().filter(|(id, _)| **id != from) {
            // A connection that is about to leave hears nothing more.
            let _ = sender.send(text.clone());
        }
    }

    fn leave(&self, room: &str, id: u64) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(members) = rooms.get_mut(room) {
            members.remove(&id);
            if members.is_empty() {
                rooms.remove(room);
            }
        }
    }
}
