//! A room that does what its members tell it to, and notes what its hooks did.

use std::sync::{Arc, Mutex};

use roomful::test::{Event, TestRoom};
use roomful::{Channel, Conn, Deny, Error, Limits, Result, Room, Upgrade};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

#[derive(Clone, PartialEq, Debug, Channel)]
#[channel("scripted/:id", incoming = Order, outgoing = String, presence = Shown)]
pub(crate) struct Stage {
    pub(crate) id: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, roomful::TS)]
pub(crate) struct Shown {
    pub(crate) mood: String,
}

/// What a member tells its own connection's hook to do.
#[derive(Clone, Debug, Serialize, Deserialize, roomful::TS)]
pub(crate) enum Order {
    Broadcast(String),
    BroadcastAll(String),
    Send(String),
    Show(String),
    /// Says what the roster shows of this member.
    Mirror,
    /// Says which span the hook runs in.
    Span,
    Defer(String),
    Close(u16, String),
    CloseThenTalk,
    Fail,
    Panic,
    /// Broadcasts once the test lets it.
    Wait(String),
}

pub(crate) type Seen = Event<String, Shown>;

/// Somebody who does something special in a hook, by name.
pub(crate) struct Scripted {
    pub(crate) log: Log,
    pub(crate) gate: Arc<Semaphore>,
}

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(crate) struct Play {
    pub(crate) room: TestRoom<Scripted>,
    pub(crate) log: Log,
    pub(crate) gate: Arc<Semaphore>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default().grace_ms(0))
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
        let scripted = Scripted { log: log.clone(), gate: Arc::clone(&gate) };
        let room = roomful::RoomExt::limits(scripted, limits);
        let room = TestRoom::new(if crate::is_inline() { room.inline() } else { room });
        Self { room, log, gate }
    }

    pub(crate) async fn join(&self, name: &str) -> roomful::test::TestMember<Scripted> {
        self.room.join(stage(), name.to_owned()).await
    }
}

pub(crate) fn stage() -> Stage {
    Stage { id: "1".into() }
}

pub(crate) fn shown(mood: &str) -> Shown {
    Shown { mood: mood.into() }
}

impl Room for Scripted {
    type Channel = Stage;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Stage>) -> Result<String, Deny> {
        match upgrade.query("name").as_deref() {
            Some("panics") => panic!("data"),
            Some("fails") => Ok("not a number".parse::<u8>().map(|number| number.to_string())?),
            Some(name) => Ok(name.to_owned()),
            None => Err(Deny::because("no name")),
        }
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<Shown> {
        assert!(*conn.data() != "panics in presence");
        (*conn.data() != "nobody").then(|| shown("fresh"))
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        let log = self.log.clone();
        conn.defer(move || log.note("teardown"));
        match conn.data().as_str() {
            "panics in on_join" => panic!("on_join"),
            "fails in on_join" => Err(Error::msg("no")),
            "shows in on_join" => conn.set_presence(&shown("joined")),
            "waits in on_join" => {
                self.gate.acquire().await?.forget();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn on_message(&self, conn: &Conn<Self>, order: Order) -> Result {
        match order {
            Order::Broadcast(text) => conn.broadcast(&text),
            Order::BroadcastAll(text) => conn.broadcast_all(&text),
            Order::Send(text) => conn.send(&text),
            Order::Show(mood) => conn.set_presence(&shown(&mood)),
            Order::Mirror => {
                let mood = conn.presence()?.map_or_else(|| "nothing".into(), |shown| shown.mood);
                conn.send(&mood)
            }
            Order::Span => {
                let span = tracing::Span::current();
                conn.send(&span.metadata().map_or("none", |metadata| metadata.name()).to_owned())
            }
            Order::Defer(line) => {
                let log = self.log.clone();
                conn.defer(move || {
                    log.note(line.clone());
                    assert!(line != "panics");
                });
                Ok(())
            }
            Order::Close(code, reason) => conn.close(code, &reason),
            Order::CloseThenTalk => {
                conn.close(4001, "bye")?;
                conn.send(&"to myself".into())?;
                conn.broadcast_all(&"to all".into())
            }
            Order::Fail => Err(Error::msg("failed on purpose")),
            Order::Panic => panic!("panicked on purpose"),
            Order::Wait(text) => {
                self.gate.acquire().await?.forget();
                conn.broadcast(&text)
            }
        }
    }

    async fn on_away(&self, conn: &Conn<Self>) -> Result {
        self.log.note("on_away");
        assert!(*conn.data() != "panics in on_away");
        if *conn.data() == "shows in on_away" { conn.set_presence(&shown("away")) } else { Ok(()) }
    }

    async fn on_return(&self, conn: &Conn<Self>) -> Result {
        self.log.note(format!("on_return {}", conn.data()));
        Ok(())
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.log.note("on_leave");
        if let Err(error) = conn.set_presence(&shown("gone")) {
            self.log.note(format!("set_presence: {error}"));
        }
        let log = self.log.clone();
        conn.defer(move || log.note("deferred late"));
        assert!(*conn.data() != "panics in on_leave");
    }

    async fn on_error(&self, _: &Conn<Self>, error: Error) {
        self.log.note(format!("on_error: {error}"));
    }
}
