//! Who is let in: guards, then data.

use std::sync::Arc;

use http::Request;
use roomful::test::TestRoom;
use roomful::{Close, Deny, Guard, RoomExt, Upgrade};
use tokio::sync::Semaphore;

use crate::scripted::{Log, Scripted, Stage, stage};

fn guarded(log: &Log) -> TestRoom<Scripted> {
    let room = Scripted { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
    TestRoom::new(room.guard(first).guard(second))
}

async fn first(upgrade: Upgrade<Stage>) -> Result<(), Deny> {
    assert_eq!((upgrade.module(), upgrade.room()), ("test", "room"));
    assert_eq!(upgrade.params().get("id"), Some("1"));
    match upgrade.header("x-first") {
        Some("denies") => Err(Deny::because("it said so")),
        Some("redirects") => Err(Deny::redirect("/login")),
        Some("panics") => panic!("on purpose"),
        Some("is unavailable") => Err(Deny::unavailable()),
        Some("fails") => Ok("not a number".parse::<u8>().map(drop)?),
        _ => Ok(()),
    }
}

async fn second(upgrade: Upgrade<Stage>) -> Result<(), Deny> {
    assert_eq!(*upgrade.key(), stage());
    if let Some(log) = upgrade.extensions().get::<Log>() {
        log.note("second");
    }
    Ok(())
}

#[tokio::test]
async fn the_first_guard_that_does_not_let_in_ends_it() {
    for (word, close) in [
        ("denies", Close::FORBIDDEN),
        ("redirects", Close::FORBIDDEN),
        ("panics", Close::FORBIDDEN),
        ("fails", Close::UNAVAILABLE),
        ("is unavailable", Close::UNAVAILABLE),
    ] {
        let log = Log::default();
        let request = Request::get("/?name=ann").header("x-first", word).extension(log.clone());
        let outcome = guarded(&log).connect(&stage(), request.body(()).unwrap()).await;
        assert_eq!(outcome.err(), Some(close), "{word}");
        assert_eq!(log.take(), [""; 0], "{word}: the second guard does not run");
    }
}

#[tokio::test]
async fn every_guard_has_its_say_then_the_data() {
    let log = Log::default();
    let room = guarded(&log);
    let ann = room.connect(&stage(), Request::get("/?name=ann").extension(log.clone()).body(()).unwrap()).await;
    assert!(ann.is_ok());
    assert_eq!(log.take(), ["second"]);

    let nameless = room.connect(&stage(), Request::get("/").body(()).unwrap()).await;
    assert_eq!(nameless.err(), Some(Close::FORBIDDEN), "`data` may deny too");
    let panics = room.connect(&stage(), Request::get("/?name=panics").body(()).unwrap()).await;
    assert_eq!(panics.err(), Some(Close::JOIN_FAILED));
    let fails = room.connect(&stage(), Request::get("/?name=fails").body(()).unwrap()).await;
    assert_eq!(fails.err(), Some(Close::UNAVAILABLE), "an error is no denial");
}

/// A guard that is no `async fn` may panic before there is a future.
#[tokio::test]
async fn a_guard_that_panics_at_once_denies() {
    struct AtOnce;
    impl Guard<Stage> for AtOnce {
        #[allow(clippy::manual_async_fn, reason = "an `async fn` would panic later")]
        fn check(&self, upgrade: Upgrade<Stage>) -> impl Future<Output = Result<(), Deny>> + Send {
            assert!(upgrade.key().id.is_empty(), "on purpose");
            async { Ok(()) }
        }
    }
    let room = Scripted { log: Log::default(), gate: Arc::new(Semaphore::new(0)) };
    let room = TestRoom::new(room.guard(AtOnce));
    let outcome = room.connect(&stage(), Request::get("/?name=ann").body(()).unwrap()).await;
    assert_eq!(outcome.err(), Some(Close::FORBIDDEN));
}

#[tokio::test]
async fn an_empty_required_param_is_refused_before_any_guard() {
    let log = Log::default();
    let request = Request::get("/?name=ann").extension(log.clone()).body(()).unwrap();
    let outcome = guarded(&log).connect(&Stage { id: String::new() }, request).await;
    assert_eq!(outcome.err(), Some(Close::FORBIDDEN));
    assert_eq!(log.take(), [""; 0]);
}
