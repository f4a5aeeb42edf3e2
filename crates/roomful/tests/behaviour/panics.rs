//! Whatever the app's code does in whichever place, a life goes on to its end, and nobody else is hurt.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{error, fmt};

use roomful::test::{Event, TestRoom};
use roomful::{Channel, Conn, Deny, Error, Guard, Result, Room, RoomExt as _, Stats, Upgrade, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::scripted::Log;

/// Where something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Nowhere,
    Guard,
    Data,
    User,
    Seed,
    SeedWritten,
    DataWritten,
    DataDropped,
    RequestDropped,
    OnJoin,
    OnMessage,
    MessageRead,
    MessageDropped,
    MessageWritten,
    StateRead,
    StateWritten,
    OnPresence,
    Teardown,
    TeardownDropped,
    OnLeave,
    OnError,
}

/// How a hook goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Before it has made a future.
    Call,
    Poll,
    /// After it has waited.
    LaterPoll,
    /// With something that panics when it is dropped.
    Payload,
    /// When its future is dropped.
    Dropped,
    ErrorShown,
    ErrorDropped,
    /// It never ends, and panics when it is dropped.
    Hangs,
}

const ALL: [At; 20] = [
    At::Guard,
    At::Data,
    At::User,
    At::Seed,
    At::SeedWritten,
    At::DataWritten,
    At::DataDropped,
    At::RequestDropped,
    At::OnJoin,
    At::OnMessage,
    At::MessageRead,
    At::MessageDropped,
    At::MessageWritten,
    At::StateRead,
    At::StateWritten,
    At::OnPresence,
    At::Teardown,
    At::TeardownDropped,
    At::OnLeave,
    At::OnError,
];

const HOWS: [How; 7] =
    [How::Call, How::Poll, How::LaterPoll, How::Payload, How::Dropped, How::ErrorShown, How::ErrorDropped];

/// A panic that is not printed.
fn go_off() -> ! {
    resume_unwind(Box::new("it went off"))
}

struct DropsBadly;

impl Drop for DropsBadly {
    fn drop(&mut self) {
        go_off();
    }
}

#[derive(Debug)]
struct BadError(How);

impl fmt::Display for BadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == How::ErrorShown { go_off() } else { f.write_str("a bad error") }
    }
}

impl error::Error for BadError {}

impl Drop for BadError {
    fn drop(&mut self) {
        if self.0 == How::ErrorDropped {
            go_off();
        }
    }
}

/// The future of a hook that goes wrong, or does not.
struct Hook<T> {
    how: Option<How>,
    waited: bool,
    gives: PhantomData<fn() -> T>,
}

/// What a hook gives.
trait Given: Sized {
    fn well() -> Self;
    fn badly(error: BadError) -> Self;
}

impl Given for Result {
    fn well() -> Self {
        Ok(())
    }
    fn badly(error: BadError) -> Self {
        Err(error.into())
    }
}

impl Given for Result<(), Deny> {
    fn well() -> Self {
        Ok(())
    }
    fn badly(error: BadError) -> Self {
        Err(error)?
    }
}

impl Given for () {
    fn well() -> Self {}
    fn badly(_: BadError) -> Self {}
}

impl<T: Given> Hook<T> {
    fn new(how: Option<How>) -> Self {
        if how == Some(How::Call) {
            go_off();
        }
        Self { how, waited: false, gives: PhantomData }
    }
}

impl<T: Given> Future for Hook<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.how {
            Some(How::Poll) => go_off(),
            Some(How::Payload) => resume_unwind(Box::new(DropsBadly)),
            Some(How::Hangs) => Poll::Pending,
            Some(How::LaterPoll) if self.waited => go_off(),
            Some(How::LaterPoll) => {
                self.waited = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(how @ (How::ErrorShown | How::ErrorDropped)) => Poll::Ready(T::badly(BadError(how))),
            _ => Poll::Ready(T::well()),
        }
    }
}

impl<T> Drop for Hook<T> {
    fn drop(&mut self) {
        if matches!(self.how, Some(How::Dropped | How::Hangs)) {
            go_off();
        }
    }
}

#[derive(Clone, Channel)]
#[channel("mine/:id", incoming = Said, outgoing = Written, presence = State)]
struct Mine {
    id: String,
}

/// Goes off when it is read or dropped, where it says so.
#[derive(Debug)]
struct Said(String);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "read" { go_off() } else { Ok(Self(text)) }
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        if self.0 == "dropped" {
            go_off();
        }
    }
}

/// Goes off when it is written, where it says so.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Written(String);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0 == "written" { go_off() } else { serializer.serialize_str(&self.0) }
    }
}

/// Goes off when it is read or written, where it says so.
#[derive(Debug, Clone, PartialEq)]
struct State(String);

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "read" { go_off() } else { Ok(Self(text)) }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0 == "written" { go_off() } else { serializer.serialize_str(&self.0) }
    }
}

/// What a connection was told to do wrong.
struct Armed {
    at: At,
    how: How,
}

impl Armed {
    fn asked<K>(upgrade: &Upgrade<K>) -> (At, How) {
        let asked = |name| upgrade.query(name).unwrap();
        let (at, how) = (asked("at"), asked("how"));
        let at = ALL.into_iter().chain([At::Nowhere]).find(|known| format!("{known:?}") == at).unwrap();
        let how = HOWS.into_iter().chain([How::Hangs]).find(|known| format!("{known:?}") == how).unwrap();
        (at, how)
    }

    fn how(&self, at: At) -> Option<How> {
        (self.at == at).then_some(self.how)
    }

    fn go_off_at(&self, at: At) {
        if self.at == at {
            go_off();
        }
    }
}

impl Serialize for Armed {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.go_off_at(At::DataWritten);
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Armed {
    fn deserialize<D: Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        Err(de::Error::custom("no other process goes on with it"))
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.go_off_at(At::DataDropped);
    }
}

/// A value that a layer of the app's has put into the request. Goes off in those requests that are made.
struct Extension {
    is_sent: bool,
}

impl Clone for Extension {
    fn clone(&self) -> Self {
        Self { is_sent: true }
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        if self.is_sent {
            go_off();
        }
    }
}

struct Minefield(Log);

struct MinedGuard;

impl Guard<Mine> for MinedGuard {
    fn check(&self, upgrade: Upgrade<Mine>) -> impl Future<Output = Result<(), Deny>> + Send {
        let (at, how) = Armed::asked(&upgrade);
        Hook::new((at == At::Guard).then_some(how))
    }
}

impl Room for Minefield {
    type Channel = Mine;
    type Data = Armed;

    fn data(&self, upgrade: &Upgrade<Mine>) -> impl Future<Output = Result<Armed, Deny>> + Send {
        let (at, how) = Armed::asked(upgrade);
        let hook: Hook<Result<(), Deny>> = Hook::new((at == At::Data).then_some(how));
        async move { hook.await.map(|()| Armed { at, how }) }
    }

    fn user(&self, data: &Armed) -> Option<UserId> {
        data.go_off_at(At::User);
        None
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<State> {
        conn.data().go_off_at(At::Seed);
        Some(State(if conn.data().at == At::SeedWritten { "written" } else { "seed" }.to_owned()))
    }

    fn on_join(&self, conn: &Conn<Self>) -> impl Future<Output = Result> + Send {
        let (log, at) = (self.0.clone(), conn.data().at);
        conn.defer(move || log.note("teardown"));
        let held = if at == At::TeardownDropped { Some(DropsBadly) } else { None };
        conn.defer(move || {
            let _held = held;
            if at == At::Teardown {
                go_off();
            }
        });
        Hook::new(conn.data().how(At::OnJoin))
    }

    fn on_presence(&self, conn: &Conn<Self>, state: State) -> impl Future<Output = Result<Option<State>>> + Send {
        let hook: Hook<Result> = Hook::new(conn.data().how(At::OnPresence));
        async move { hook.await.map(|()| Some(state)) }
    }

    fn on_message(&self, conn: &Conn<Self>, said: Said) -> impl Future<Output = Result> + Send {
        let hook: Hook<Result> = Hook::new(conn.data().how(At::OnMessage));
        let conn = conn.clone();
        async move {
            hook.await?;
            if conn.data().at == At::OnError {
                return Err(Error::msg("for `on_error`"));
            }
            conn.broadcast(&Written(said.0.clone()))
        }
    }

    fn on_leave(&self, conn: &Conn<Self>) -> impl Future<Output = ()> + Send {
        self.0.note("on_leave");
        Hook::new(conn.data().how(At::OnLeave))
    }

    fn on_error(&self, conn: &Conn<Self>, error: Error) -> impl Future<Output = ()> + Send {
        // As an app logs it.
        self.0.note(format!("on_error: {error}"));
        Hook::new(conn.data().how(At::OnError))
    }
}

fn key() -> Mine {
    Mine { id: "1".into() }
}

async fn come(
    room: &TestRoom<Minefield>,
    at: At,
    how: How,
) -> std::result::Result<roomful::test::TestMember<Minefield>, roomful::Close> {
    let mut request = http::Request::get(format!("/?at={at:?}&how={how:?}")).body(()).unwrap();
    if at == At::RequestDropped {
        request.extensions_mut().insert(Extension { is_sent: false });
    }
    room.connect(&key(), request).await
}

/// Somebody does something wrong beside another, from its guard to its last hook.
async fn play(at: At, how: How) {
    let log = Log::default();
    let room = TestRoom::new(Minefield(log.clone()).guard(MinedGuard));
    let mut ann = come(&room, At::Nowhere, How::Call).await.unwrap();
    let joins = match come(&room, at, how).await {
        Ok(mut member) => {
            let msg = match at {
                At::MessageRead => "read",
                At::MessageDropped => "dropped",
                At::MessageWritten => "written",
                _ => "hello",
            };
            let state = match at {
                At::StateRead => "read",
                At::StateWritten => "written",
                _ => "here",
            };
            member.send_raw(serde_json::json!({ "t": "msg", "msg": msg }).to_string());
            member.send_raw(serde_json::json!({ "t": "presence", "state": state }).to_string());
            member.settle().await;
            member.leave().await;
            true
        }
        Err(close) => {
            assert!(matches!(close.code, 1011 | 1013 | 4403), "{close:?}");
            false
        }
    };
    let never = [At::Guard, At::Data, At::User, At::Seed, At::SeedWritten, At::RequestDropped];
    assert_eq!(joins, !never.contains(&at), "whether it joins");

    let there_is = room.stats().await;
    assert_eq!((there_is.members, there_is.connections, there_is.tasks), (1, 1, 0));
    let events = ann.settle().await;
    let times = |wanted: fn(&Event<Written, State>) -> bool| events.iter().filter(|event| wanted(event)).count();
    let once = usize::from(joins);
    assert_eq!(times(|event| matches!(event, Event::Join { .. })), once, "{events:?}");
    assert_eq!(times(|event| matches!(event, Event::Leave { .. })), once, "{events:?}");
    assert!(!joins || matches!(events.last(), Some(Event::Leave { .. })), "{events:?}");
    let lines = log.take();
    for hook in ["on_leave", "teardown"] {
        assert_eq!(lines.iter().filter(|line| *line == hook).count(), once, "{hook} in {lines:?}");
    }

    let mut cy = come(&room, At::Nowhere, How::Call).await.unwrap();
    ann.send_raw(r#"{"t":"msg","msg":"still here"}"#);
    assert_eq!(cy.settle().await, [Event::message(&ann, Written("still here".into()))]);
    drop((ann, cy));
    assert_eq!(room.stats().await, Stats::default());
}

#[tokio::test]
async fn in_every_place() {
    for at in ALL {
        let is_hook = matches!(
            at,
            At::Guard | At::Data | At::OnJoin | At::OnMessage | At::OnPresence | At::OnLeave | At::OnError
        );
        for how in if is_hook { &HOWS[..] } else { &HOWS[..1] } {
            eprintln!("{at:?}, {how:?}");
            play(at, *how).await;
        }
    }
}

/// Nobody waits for it any more when it panics.
#[tokio::test]
async fn in_an_opening_that_is_cancelled() {
    for at in [At::Guard, At::Data] {
        let room = TestRoom::new(Minefield(Log::default()).guard(MinedGuard));
        let rooms = room.rooms().clone();
        let uri = format!("/?m=test&s=room&r=%7B%22id%22:%221%22%7D&at={at:?}&how=Hangs");
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let connection = rooms.platform().read(parts, roomful_core::Dialect::V1).connect();
        room.advance(0).await;
        assert_eq!(rooms.stats().tasks, 1);
        drop(connection);
        room.advance(0).await;
        assert_eq!(rooms.stats(), Stats::default());
        assert_eq!(come(&room, at, How::Hangs).await.err(), Some(roomful::Close::UNAVAILABLE), "its time is up");
        assert_eq!(room.stats().await.tasks, 0);
    }
}
