//! The socket task over a stream in memory that counts its writes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::{SinkExt, StreamExt};
use http::Request;
use roomful::{
    Channel, Conn, Deny, Dialect, Limits, Result, Room, Rooms, Socket as TypedSocket, SocketConn, SocketDef, Upgrade,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::host::TokioHost;

#[derive(Clone, Channel)]
#[channel("echo", message = String)]
struct Echo;

/// Answers each message once the test lets it.
struct Echoes {
    gate: Arc<Semaphore>,
}

impl Room for Echoes {
    type Channel = Echo;
    type Data = ();

    async fn data(&self, _: &Upgrade<Echo>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        self.gate.acquire().await?.forget();
        conn.send(&msg)
    }
}

#[derive(Clone, SocketDef)]
#[socket("count/:word", incoming = String, outgoing = (String, usize))]
struct Count {
    word: String,
}

/// Says how often its word is in each text, and to the test how it ended.
struct Counts {
    ends: mpsc::UnboundedSender<(u16, String)>,
}

impl TypedSocket for Counts {
    type Def = Count;
    type Data = ();

    async fn data(&self, _: &Upgrade<Count>) -> Result<(), Deny> {
        Ok(())
    }

    async fn message(&self, socket: &SocketConn<Self>, text: String) -> Result {
        let word = &socket.key().word;
        socket.send(&(word.clone(), text.matches(word).count()))
    }

    async fn close(&self, _: &SocketConn<Self>, code: u16, reason: &str) {
        self.ends.send((code, reason.to_owned())).unwrap();
    }
}

struct Counting {
    stream: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

struct Client {
    ws: WebSocketStream<DuplexStream>,
    writes: Arc<AtomicUsize>,
}

impl Client {
    /// `buffer` is how many bytes the stream holds each way before a write has to wait.
    async fn join(rooms: &Rooms, buffer: usize) -> Self {
        let mut client = Self::connect(rooms, "/__sockets?m=m&s=echo", Dialect::Plain, buffer).await;
        assert!(client.next().await.starts_with(r#"{"t":"snapshot""#));
        client
    }

    async fn connect(rooms: &Rooms, uri: &str, dialect: Dialect, buffer: usize) -> Self {
        let (near, far) = tokio::io::duplex(buffer);
        let writes = Arc::new(AtomicUsize::new(0));
        rooms.start(|| Arc::new(TokioHost::current()));
        let (parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        let admission = rooms.admit(parts, dialect);
        tokio::spawn(super::serve(Counting { stream: far, writes: Arc::clone(&writes) }, admission));
        Self { ws: WebSocketStream::from_raw_socket(near, Role::Client, None).await, writes }
    }

    async fn next(&mut self) -> String {
        match self.ws.next().await.unwrap().unwrap() {
            Message::Text(text) => text.to_string(),
            other => panic!("not a text: {other:?}"),
        }
    }
}

fn rooms(limits: Limits) -> (Rooms, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let echoes = Echoes { gate: Arc::clone(&gate) };
    (Rooms::new().limits(limits).module("m", |m| m.room("echo", echoes)).build().unwrap(), gate)
}

#[tokio::test]
async fn whatever_has_queued_goes_out_in_one_write() {
    let (rooms, _) = rooms(Limits::default());
    let mut client = Client::join(&rooms, 1 << 20).await;
    let before = client.writes.load(Ordering::Relaxed);
    // Nothing else runs on this thread until the first await.
    for n in 0..50 {
        rooms.at(&Echo).broadcast(&n.to_string()).unwrap();
    }
    for n in 0..50 {
        assert_eq!(client.next().await, format!(r#"{{"from":"","t":"msg","msg":"{n}"}}"#));
    }
    assert_eq!(client.writes.load(Ordering::Relaxed) - before, 1);
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_and_reason_and_nothing_is_left() {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    let (rooms, gate) = rooms(Limits::default());
    gate.add_permits(1);
    let mut client = Client::join(&rooms, 1 << 20).await;
    client.ws.send(Message::Text(r#"{"t":"msg","msg":"last words"}"#.into())).await.unwrap();
    let close = CloseFrame { code: 4002.into(), reason: "app".into() };
    client.ws.send(Message::Close(Some(close.clone()))).await.unwrap();
    let mut seen = Vec::new();
    while let Some(Ok(message)) = client.ws.next().await {
        seen.push(message);
    }
    assert_eq!(seen.last(), Some(&Message::Close(Some(close))), "{seen:?}");
    assert!(rooms.drain(&roomful::Drain::default()).await);
    assert_eq!(rooms.stats(), roomful::Stats::default());
}

#[tokio::test]
async fn a_typed_socket_speaks_bare_json_and_hears_how_it_ended() {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    for dialect in [Dialect::Plain, Dialect::V1] {
        let (ends, mut ended) = mpsc::unbounded_channel();
        let rooms = Rooms::new().module("m", |m| m.socket("count", Counts { ends })).build().unwrap();
        let uri = "/__sockets?m=m&s=count&r=%7B%22word%22:%22ab%22%7D";
        let mut client = Client::connect(&rooms, uri, dialect, 1 << 20).await;
        if dialect == Dialect::V1 {
            assert!(client.next().await.starts_with(r#"{"t":"open","heartbeat":25000"#));
        }
        client.ws.send(Message::Text(r#""abab""#.into())).await.unwrap();
        client.ws.send(Message::Binary(r#""cab""#.into())).await.unwrap();
        assert_eq!([client.next().await, client.next().await], [r#"["ab",2]"#, r#"["ab",1]"#]);

        let close = CloseFrame { code: 4002.into(), reason: "enough".into() };
        client.ws.send(Message::Close(Some(close.clone()))).await.unwrap();
        assert_eq!(client.ws.next().await.unwrap().unwrap(), Message::Close(Some(close)));
        assert_eq!(ended.recv().await, Some((4002, "enough".to_owned())));
        assert!(rooms.drain(&roomful::Drain::default()).await);
        assert_eq!(rooms.stats(), roomful::Stats::default());
    }
}

#[tokio::test]
async fn a_full_handler_queue_stops_the_reading_of_that_socket_and_of_no_other() {
    let (rooms, gate) = rooms(Limits { handler_queue: 4, ..Limits::default() });
    let talker = Client::join(&rooms, 512).await;
    let mut other = Client::join(&rooms, 512).await;
    let (mut said, mut heard) = talker.ws.split();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let talking = tokio::spawn(async move {
        for n in 0..MESSAGES {
            said.send(Message::Text(format!(r#"{{"t":"msg","msg":"{n}"}}"#).into())).await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        }
        said
    });
    // On one thread every task has gone as far as it can once it has been its turn so often.
    for _ in 0..10 * MESSAGES {
        tokio::task::yield_now().await;
    }
    let waiting = sent.load(Ordering::Relaxed);
    assert!(waiting < MESSAGES / 2, "{waiting} messages were read for a handler that handles none");

    rooms.at(&Echo).broadcast(&"still here".to_owned()).unwrap();
    while !other.next().await.contains("still here") {}

    gate.add_permits(MESSAGES);
    let mut next = 0;
    while next < MESSAGES {
        let message = heard.next().await.unwrap().unwrap();
        if message.to_text().unwrap().ends_with(&format!(r#""msg":"{next}"}}"#)) {
            next += 1;
        }
    }
    drop(talking.await.unwrap());
}

const MESSAGES: usize = 500;
