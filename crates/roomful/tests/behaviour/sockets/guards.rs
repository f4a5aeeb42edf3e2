//! Who is let in: params, the app's guards, the module's, the socket's own, then data.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Request;
use roomful::test::TestSocket;
use roomful::{BoxFuture, Close, Deny, Rooms, Socket, SocketExt as _, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Host, ToWrite};
use tokio::sync::Semaphore;

use super::{Desk, Scripted};
use crate::scripted::Log;

/// Runs nothing by itself: a vetting needs no task.
struct NoTasks;

impl Host for NoTasks {
    fn spawn(&self, _: BoxFuture<'static, ()>) {}

    fn now(&self) -> u64 {
        0
    }

    fn sleep_until(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        7
    }
}

fn denies(upgrade: &Upgrade<impl Sized>, place: &str) -> Result<(), Deny> {
    if let Some(log) = upgrade.extensions().get::<Log>() {
        log.note(place);
    }
    match upgrade.header("x-denied") {
        Some(word) if word == place => Err(Deny::because("it said so")),
        Some(word) if word == format!("{place} redirects") => Err(Deny::redirect("/login")),
        Some(word) if word == format!("{place} panics") => panic!("on purpose"),
        Some(word) if word == format!("{place} fails") => Ok("not a number".parse::<u8>().map(drop)?),
        _ => Ok(()),
    }
}

async fn app(upgrade: Upgrade) -> Result<(), Deny> {
    denies(&upgrade, "app")
}

async fn module(upgrade: Upgrade) -> Result<(), Deny> {
    assert_eq!((upgrade.module(), upgrade.room()), ("m", "socket"));
    denies(&upgrade, "module")
}

async fn own(upgrade: Upgrade<Desk>) -> Result<(), Deny> {
    assert_eq!((upgrade.key().id.as_str(), upgrade.key().tail.as_deref()), ("1", Some("a/b")));
    denies(&upgrade, "own")
}

fn rooms() -> Rooms {
    let scripted = Scripted { log: Log::default(), gate: Arc::new(Semaphore::new(0)) };
    let rooms = Rooms::new().guard(app).module("m", |m| m.guard(module).socket("socket", scripted.guard(own)));
    let rooms = rooms.build().unwrap();
    rooms.platform().start(|| Arc::new(NoTasks));
    rooms
}

/// What came of a request, and which guards it met.
async fn vet(query: &str, denied: &str) -> (Result<(String, String), Close>, Vec<String>) {
    let log = Log::default();
    let request = Request::get(format!("/?{query}")).header("x-denied", denied).extension(log.clone());
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let admitted = rooms().platform().read(parts, Dialect::V1).admit(std::future::pending()).await;
    let found = admitted.map(|admitted| (admitted.key().as_str().to_owned(), admitted.data().as_str().to_owned()));
    (found.map_err(|refused| refused.close), log.take())
}

const GOOD: &str = "m=m&s=socket&r=%7B%22id%22:%221%22,%22tail%22:%22a/b%22,%22other%22:5%7D&name=ann";

#[tokio::test]
async fn every_guard_has_its_say_then_the_data() {
    let (admitted, met) = vet(GOOD, "").await;
    assert_eq!(admitted, Ok((r#"{"id":"1","tail":"a/b"}"#.to_owned(), r#""ann""#.to_owned())));
    assert_eq!(met, ["app", "module", "own"]);

    let (nameless, _) = vet(GOOD.trim_end_matches("&name=ann"), "").await;
    assert_eq!(nameless, Err(Close::FORBIDDEN), "`data` may deny too");
    let (panics, _) = vet(&GOOD.replace("ann", "panics"), "").await;
    assert_eq!(panics, Err(Close::JOIN_FAILED));
}

#[tokio::test]
async fn the_first_guard_that_does_not_let_in_ends_it() {
    let places = ["app", "module", "own"];
    for (at, place) in places.iter().enumerate() {
        for (how, close) in [
            ("", Close::FORBIDDEN),
            (" redirects", Close::FORBIDDEN),
            (" panics", Close::FORBIDDEN),
            (" fails", Close::UNAVAILABLE),
        ] {
            let (denied, met) = vet(GOOD, &format!("{place}{how}")).await;
            assert_eq!(denied, Err(close), "{place}{how}");
            assert_eq!(met, places[..=at], "{place}{how}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_refused_before_any_guard() {
    for (query, close) in [
        ("m=m&s=nothing&name=ann", Close::UNKNOWN_SOCKET),
        ("m=other&s=socket&name=ann", Close::UNKNOWN_SOCKET),
        ("s=socket&name=ann", Close::UNKNOWN_SOCKET),
        ("m=m&s=socket&name=ann", Close::FORBIDDEN),
        ("m=m&s=socket&r=oops&name=ann", Close::FORBIDDEN),
        ("m=m&s=socket&r=[]&name=ann", Close::FORBIDDEN),
        ("m=m&s=socket&r=%7B%22id%22:1%7D&name=ann", Close::FORBIDDEN),
        ("m=m&s=socket&r=%7B%22id%22:%22%22%7D&name=ann", Close::FORBIDDEN),
        ("m=m&s=socket&r=%7B%22id%22:%22%5Cud800%22%7D&name=ann", Close::FORBIDDEN),
        (&format!("m=m&s=socket&r=%7B%22id%22:%22{}%22%7D&name=ann", "x".repeat(1025)), Close::FORBIDDEN),
    ] {
        let (refused, met) = vet(query, "").await;
        assert_eq!((refused, met), (Err(close), vec![]), "{query}");
    }
}

/// A connection that is refused has a close frame and nothing else.
#[tokio::test]
async fn an_unknown_socket_is_a_completed_handshake() {
    for dialect in [Dialect::Plain, Dialect::V1] {
        let (parts, ()) = Request::get("/?m=m&s=nothing").body(()).unwrap().into_parts();
        let connection = rooms().platform().read(parts, dialect).connect();
        assert_eq!(connection.mailbox().try_next(), Some(ToWrite::Close(Close::UNKNOWN_SOCKET)));
    }
}

#[tokio::test]
async fn data_that_cannot_be_json_goes_nowhere_else() {
    struct Unwritable;
    impl Socket for Unwritable {
        type Channel = Desk;
        type Data = BTreeMap<(u8, u8), u8>;
        async fn data(&self, _: &Upgrade<Desk>) -> Result<Self::Data, Deny> {
            Ok(BTreeMap::from([((1, 2), 3)]))
        }
    }
    let rooms = Rooms::new().module("m", |m| m.socket("socket", Unwritable)).build().unwrap();
    let (parts, ()) = Request::get(format!("/?{GOOD}")).body(()).unwrap().into_parts();
    let admitted = rooms.platform().read(parts, Dialect::V1).admit(std::future::pending()).await;
    assert_eq!(admitted.err().map(|refused| refused.close), Some(Close::JOIN_FAILED));

    let here = TestSocket::new(Unwritable);
    let desk = Desk { id: "1".into(), tail: None };
    assert!(here.connect(&desk, Request::new(())).await.is_ok(), "where it goes nowhere it need not be JSON");
}
