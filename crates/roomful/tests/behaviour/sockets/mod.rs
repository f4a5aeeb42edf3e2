//! Typed sockets: a private channel to one client.

mod bad_input;
mod guards;
mod hooks;
mod kept;
mod order;
mod overload;
mod wire;

use std::sync::Arc;

use roomful::test::{SocketEvent, TestClient, TestSocket};
use roomful::{Deny, Error, IntoSocketSetup as _, Result, Socket, SocketChannel, SocketConn, Upgrade};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::scripted::Log;

#[derive(Clone, PartialEq, Debug, SocketChannel)]
#[socket("scripted/:id/:tail?", incoming = Order, outgoing = Value)]
struct Desk {
    id: String,
    tail: Option<String>,
}

/// What a client tells its own connection's hook to do.
#[derive(Clone, Debug, Serialize, Deserialize, roomful::TS)]
enum Order {
    Send(Value),
    /// Says what the connection knows of itself.
    WhoAmI,
    /// Says which span the hook runs in.
    Span,
    Defer(String),
    Close(u16, String),
    CloseThenTalk,
    /// Sends more than anybody reads, and then closes.
    FloodThenClose,
    Fail,
    Panic,
    /// Says so once the test lets it.
    Wait(String),
}

type Seen = SocketEvent<Value>;

/// Somebody who does something special in a hook, by name.
struct Scripted {
    log: Log,
    gate: Arc<Semaphore>,
}

struct Play {
    socket: TestSocket<Scripted>,
    log: Log,
    gate: Arc<Semaphore>,
}

impl Play {
    fn new() -> Self {
        let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
        let socket = Scripted { log: log.clone(), gate: Arc::clone(&gate) }.into_socket_setup();
        let socket = TestSocket::new(if crate::is_inline() { socket.inline() } else { socket });
        Self { socket, log, gate }
    }

    async fn open(&self, name: &str) -> TestClient<Scripted> {
        self.socket.open(desk(), name.to_owned()).await
    }
}

fn desk() -> Desk {
    Desk { id: "1".into(), tail: None }
}

fn said(value: impl Into<Value>) -> Seen {
    SocketEvent::Message(value.into())
}

impl Socket for Scripted {
    type Channel = Desk;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<String, Deny> {
        match upgrade.query("name").as_deref() {
            Some("panics") => panic!("data"),
            Some("waits in data") => {
                self.gate.acquire().await?.forget();
                Ok("ann".to_owned())
            }
            Some(name) => Ok(name.to_owned()),
            None => Err(Deny::because("no name")),
        }
    }

    async fn open(&self, socket: &SocketConn<Self>) -> Result {
        let log = self.log.clone();
        socket.defer(move || log.note("teardown"));
        match socket.data().as_str() {
            "panics in open" => panic!("open"),
            "fails in open" => Err(Error::msg("no")),
            "talks in open" => socket.send(&"opened".into()),
            "waits in open" => {
                self.gate.acquire().await?.forget();
                self.log.note("opened");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn message(&self, socket: &SocketConn<Self>, order: Order) -> Result {
        match order {
            Order::Send(value) => socket.send(&value),
            Order::WhoAmI => {
                let Desk { id, tail } = socket.key();
                socket.send(&serde_json::json!([socket.id(), id, tail, *socket.data()]))
            }
            Order::Span => {
                let span = tracing::Span::current();
                socket.send(&span.metadata().map_or("none", |metadata| metadata.name()).into())
            }
            Order::Defer(line) => {
                let log = self.log.clone();
                socket.defer(move || {
                    log.note(line.clone());
                    assert!(line != "panics");
                });
                Ok(())
            }
            Order::Close(code, reason) => socket.close(code, &reason),
            Order::CloseThenTalk => {
                socket.close(4001, "bye")?;
                socket.close(4002, "too late")?;
                socket.send(&"nobody hears this".into())
            }
            Order::FloodThenClose => {
                for _ in 0..10 {
                    socket.send(&"x".repeat(100).into())?;
                }
                socket.close(4001, "bye")
            }
            Order::Fail => Err(Error::msg("failed on purpose")),
            Order::Panic => panic!("panicked on purpose"),
            Order::Wait(text) => {
                self.gate.acquire().await?.forget();
                self.log.note(text.clone());
                socket.send(&text.into())
            }
        }
    }

    async fn close(&self, socket: &SocketConn<Self>, code: u16, reason: &str) {
        self.log.note(format!("close {code} {reason}"));
        if let Err(error) = socket.send(&"after the end".into()) {
            self.log.note(format!("send: {error}"));
        }
        let log = self.log.clone();
        socket.defer(move || log.note("deferred late"));
        assert!(*socket.data() != "panics in close");
    }

    async fn error(&self, socket: &SocketConn<Self>, error: Error) {
        self.log.note(format!("error: {error}"));
        assert!(*socket.data() != "panics in error");
    }
}
