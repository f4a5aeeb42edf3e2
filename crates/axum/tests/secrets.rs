//! Whatever a client has for a secret is in no line of the log, at any level: not in what is said of a session, of a denial, of
//! a refused handshake, and not where an app prints the upgrade. A process of its own: all its threads have one log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows a test by its attribute, and all of this is one")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use roomful::{Channel, Conn, Deny, Error, Result, Room, Rooms, Upgrade};
use roomful_axum::RoomsExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

const SECRET: &str = "hush";
/// The same in base64url, as a client offers it.
const ENCODED: &str = "aHVzaA";

#[derive(Debug, Clone, Channel)]
#[channel("hall/:id", message = String, presence = u8)]
struct Hall {
    id: String,
}

struct Keeper;

impl Room for Keeper {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        let header = |name| upgrade.headers().get_all(name).iter().collect::<Vec<_>>();
        let (bearer, offered) = (header("authorization"), header("sec-websocket-protocol"));
        tracing::info!(?upgrade, ?bearer, ?offered, cookie = ?header("cookie"), "somebody knocks");
        assert_eq!(upgrade.credentials(), Some(SECRET));
        match upgrade.header("x-do") {
            Some("deny") => Err(Deny::forbidden()),
            Some("expired") => Err(Deny::expired()),
            Some("redirect") => Err(Deny::redirect(format!("/login?token={SECRET}#{SECRET}"))),
            Some("unavailable") => Err(Deny::unavailable()),
            Some("panic") => panic!("it was asked for"),
            _ => Ok(SECRET.to_owned()),
        }
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        if msg.ends_with("fail") { Err(Error::msg("it was asked for")) } else { conn.broadcast_all(&msg) }
    }
}

#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logged {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What asks for a room, with a secret wherever a client may have one.
struct Knock {
    room: &'static str,
    key: &'static str,
    lines: &'static str,
}

impl Knock {
    fn request(&self) -> String {
        let Self { room, key, lines } = self;
        format!(
            "GET /__sockets?m=m&s={room}&r={key}&token={SECRET} HTTP/1.1\r\n\
             Host: app.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Authorization: Bearer {SECRET}\r\nCookie: session={SECRET}\r\nReferer: https://app.example/?{SECRET}\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\
             Sec-WebSocket-Protocol: roomful.v1, roomful.auth.{ENCODED}, roomful.resume.{SECRET}.3\r\n\r\n"
        )
    }
}

const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const KEY: &str = "%7B%22id%22:%221%22%7D";

/// The same with these lines, which `concat!` cannot make of a constant.
macro_rules! and {
    ($lines:literal) => {
        concat!("Sec-WebSocket-Version: 13\r\n", $lines)
    };
}

/// A message, masked with zeros.
fn masked(first_byte: u8, payload: &str) -> Vec<u8> {
    let mut frame = vec![first_byte, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload.as_bytes());
    frame
}

/// The code of the answer to the last message that goes to a hook.
const LAST_ANSWER: &str = "bad_message";

/// What the server answers to a request, and then to each of these bytes, until it hangs up. With none of them, whoever is let
/// in waits for the first frame, and then closes: an opening ends with its socket, and nothing would be said of it.
async fn talk(address: SocketAddr, request: &str, said: &[Vec<u8>]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it hung up without an answer");
    }
    if said.is_empty() && answer.starts_with(b"HTTP/1.1 101") {
        while answer.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it hung up without a frame");
        }
        stream.write_all(&masked(0x88, "\u{3}\u{68}")).await.unwrap();
    }
    if let Some((end, messages)) = said.split_last() {
        for message in messages {
            stream.write_all(message).await.unwrap();
        }
        // The last that a hook is asked; what is said behind it may end the connection before a hook is.
        while !answer.windows(LAST_ANSWER.len()).any(|bytes| bytes == LAST_ANSWER.as_bytes()) {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it hung up without an answer");
        }
        stream.write_all(end).await.unwrap();
    }
    // Nobody waits for more of this side, and a server that has ended the connection need not.
    let _it_may_be_gone = stream.shutdown().await;
    // A reset is an end like another.
    let _end = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_secret_is_in_the_log() {
    let logged = Logged::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(logged.clone())
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let rooms = Rooms::new().module("m", |m| m.room("hall", Keeper)).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (app, served) = (rooms.router(), rooms.clone());
    let server = tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });

    let messages = [
        masked(0x81, r#"{"t":"msg","msg":"hush","id":1}"#),
        masked(0x81, r#"{"t":"msg","msg":"hush fail","id":2}"#),
        masked(0x81, r#"{"t":"msg","msg":{"hush":1},"id":3}"#),
        masked(0x81, r#"{"t":"presence","state":"hush"}"#),
        masked(0x81, r#"{"t":"hush"}"#),
        masked(0x81, "hush"),
    ];
    let close = masked(0x88, "\u{3}\u{68}hush");
    let broken = masked(0xf1, "hush");
    for (lines, end) in [(VERSION, &close), (and!("Origin: http://app.example\r\n"), &broken)] {
        let said: Vec<_> = messages.iter().chain([end]).cloned().collect();
        let answer = talk(address, &Knock { room: "hall", key: KEY, lines }.request(), &said).await;
        assert!(answer.starts_with("HTTP/1.1 101") && answer.contains("snapshot"), "{answer}");
        assert!(answer.contains("sec-websocket-protocol: roomful.v1\r\n") && !answer.contains(ENCODED), "{answer}");
    }
    for (room, key, lines, status) in [
        ("hall", KEY, and!("X-Do: deny\r\n"), "101"),
        ("hall", KEY, and!("X-Do: expired\r\n"), "101"),
        ("hall", KEY, and!("X-Do: redirect\r\n"), "101"),
        // No text in base64url, and no base64url.
        ("hall", KEY, and!("Sec-WebSocket-Protocol: roomful.v1, roomful.auth.hush\r\n"), "101"),
        ("hall", KEY, and!("Sec-WebSocket-Protocol: roomful.auth.aHVzaA==\r\n"), "101"),
        ("hall", KEY, and!("X-Do: unavailable\r\n"), "101"),
        ("hall", KEY, and!("X-Do: panic\r\n"), "101"),
        ("hall", "hush", VERSION, "101"),
        ("hall", "%7B%22id%22:%7B%22hush%22:1%7D%7D", VERSION, "101"),
        ("nowhere", KEY, VERSION, "101"),
        ("hall", KEY, "Sec-WebSocket-Version: 8\r\n", "426"),
        ("hall", KEY, and!("Origin: https://evil.example/?hush\r\n"), "403"),
        ("hall", KEY, and!("Origin: https://hush:hush@evil.example\r\n"), "403"),
    ] {
        let answer = talk(address, &Knock { room, key, lines }.request(), &[]).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{lines}: {answer}");
    }
    server.abort();

    let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    let leaks: Vec<&str> = text.lines().filter(|line| line.contains(SECRET) || line.contains(ENCODED)).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    for said in [
        "somebody knocks",
        "denied",
        "its credentials have expired",
        "its credentials are not UTF-8",
        "redirects",
        "unavailable",
        "a hook failed",
        "no room or socket",
        "no upgrade",
        "a page of another origin",
        "a client broke the protocol",
        "a room's hook failed",
    ] {
        assert!(text.contains(said), "nothing was logged of it: {said}\n{text}");
    }
}
