//! What an operator is told of those who are not let in.

use std::io;
use std::sync::{Arc, Mutex, Once};

use http::request::Parts;
use http::{HeaderMap, Request};
use roomful::test::TestRoom;
use roomful::{Channel, Close, Deny, Limits, Room, RoomExt as _, Rooms, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::Peer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What was logged on this thread, where the test's tasks run.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    pub(crate) fn start() -> (Self, DefaultGuard) {
        // Somebody listens to everything all the time: else what is logged for the first time, in another test's thread that nobody
        // listens to, is found to interest nobody at this very moment.
        static EVERYTHING: Once = Once::new();
        EVERYTHING.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
        let logged = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(logged.clone()).with_ansi(false).without_time();
        (logged, subscriber.set_default())
    }

    /// With what stands around them.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Without what stands around a line: the spans and the target.
    pub(crate) fn take(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap();
        let said = |line: &str| {
            let (level, rest) = line.trim().split_once(' ').unwrap();
            let (_, said) = rest.split_once("roomful").and_then(|(_, rest)| rest.split_once(": ")).unwrap();
            format!("{level} {said}")
        };
        text.lines().map(said).collect()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
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

#[derive(Clone, Channel)]
#[channel("desk/:id")]
struct Desk {
    id: String,
}

struct Desks;

impl Room for Desks {
    type Channel = Desk;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<String, Deny> {
        match upgrade.query("data").as_deref() {
            Some("fails") => Ok("not a number".parse::<u8>().map(|number| number.to_string())?),
            Some("panics") => panic!("on purpose"),
            Some(bytes) => Ok("x".repeat(bytes.parse()?)),
            None => Ok(String::new()),
        }
    }
}

async fn as_told(upgrade: Upgrade<Desk>) -> Result<(), Deny> {
    match upgrade.query("guard").as_deref() {
        Some("forbidden") => Err(Deny::forbidden()),
        Some("because") => Err(Deny::because("it said so")),
        Some("redirect") => Err(Deny::redirect("/login")),
        Some("unavailable") => Err(Deny::unavailable()),
        Some("locked") => Err(Deny::unavailable_because("the table is locked")),
        Some("panics") => panic!("on purpose"),
        _ => Ok(()),
    }
}

fn desks() -> TestRoom<Desks> {
    TestRoom::new(Desks.guard(as_told))
}

async fn connect(room: &TestRoom<Desks>, query: &str) -> Option<Close> {
    let peer = Peer("10.0.0.7".parse().unwrap());
    let request = Request::get(format!("/?{query}")).extension(peer).body(()).unwrap();
    room.connect(&Desk { id: "secret".to_owned() }, request).await.err()
}

#[tokio::test]
async fn each_denial_is_a_line() {
    let (logged, _subscriber) = Logged::start();
    let room = desks();
    const AT: &str = r#"module="test" room="room""#;
    const PEER: &str = "peer=10.0.0.7";
    for (query, close, line) in [
        ("guard=forbidden", Close::FORBIDDEN, format!("INFO denied {AT} {PEER}")),
        ("guard=because", Close::FORBIDDEN, format!("INFO denied {AT} reason=\"it said so\" {PEER}")),
        (
            "guard=redirect",
            Close::FORBIDDEN,
            format!("WARN a guard redirects, which a WebSocket cannot follow: denied {AT} to=/login {PEER}"),
        ),
        (
            "guard=unavailable",
            Close::UNAVAILABLE,
            format!("INFO unavailable: the client is to try again {AT} hook=\"guard\" {PEER}"),
        ),
        (
            "guard=locked",
            Close::UNAVAILABLE,
            format!(
                "ERROR a hook failed: the client is to try again {AT} hook=\"guard\" error=the table is locked {PEER}"
            ),
        ),
        (
            "data=fails",
            Close::UNAVAILABLE,
            format!(
                "ERROR a hook failed: the client is to try again {AT} hook=\"data\" error=invalid digit found in string {PEER}"
            ),
        ),
        (
            "guard=panics",
            Close::FORBIDDEN,
            format!("ERROR a hook failed {AT} hook=\"guard\" error=a hook panicked: on purpose {PEER}"),
        ),
        (
            "data=panics",
            Close::JOIN_FAILED,
            format!("ERROR a hook failed {AT} hook=\"data\" error=a hook panicked: on purpose {PEER}"),
        ),
    ] {
        assert_eq!(connect(&room, query).await, Some(close), "{query}");
        assert_eq!(logged.take(), [line], "{query}");
    }
}

/// The lines are bounded, and those who are left out are counted. What went wrong is not hidden behind them.
#[tokio::test]
async fn a_thousand_denials_are_a_few_lines() {
    let (logged, _subscriber) = Logged::start();
    let room = desks();
    for _ in 0..1_000 {
        connect(&room, "guard=forbidden").await;
    }
    let lines = logged.take().len();
    assert!((1..=20).contains(&lines), "{lines}");
    connect(&room, "guard=locked").await;
    assert_eq!(logged.take().len(), 1, "an error has lines of its own");
    room.advance(1_000).await;
    connect(&room, "guard=because").await;
    let line = &logged.take()[0];
    assert!(line.ends_with(&format!("not_logged={}", 1_000 - lines)), "{line}");
}

fn upgrade(query: &str, headers: &[(&'static str, &str)]) -> Parts {
    let (mut parts, ()) = Request::get(format!("/?{query}")).body(()).unwrap().into_parts();
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    parts.headers = headers.collect::<HeaderMap>();
    parts
}

#[tokio::test]
async fn what_never_came_to_a_guard_is_a_line_too() {
    let (logged, _subscriber) = Logged::start();
    let rooms = Rooms::new().module("m", |m| m.room("desks", Desks)).build().unwrap();
    for (query, close, line) in [
        (
            "m=m&s=dekss",
            Close::UNKNOWN_SOCKET,
            r#"INFO denied: no room or socket has this name module="m" room="dekss""#,
        ),
        (
            "m=%0Am&s=%1B[31m",
            Close::UNKNOWN_SOCKET,
            r#"INFO denied: no room or socket has this name module="\nm" room="\u{1b}[31m""#,
        ),
        ("", Close::UNKNOWN_SOCKET, r#"INFO denied: no room or socket has this name module="" room="""#),
        (
            "m=m&s=desks&r={%22id%22:1}",
            Close::FORBIDDEN,
            r#"INFO denied module="m" room="desks" reason="its key: `id` is not a string""#,
        ),
    ] {
        let refused = rooms.platform().read(upgrade(query, &[]), Dialect::V1).admit(std::future::pending()).await;
        assert_eq!(refused.err().map(|refused| refused.close), Some(close), "{query}");
        assert_eq!(logged.take(), [line], "{query}");
    }
}

#[test]
fn a_page_that_is_refused_is_a_line() {
    let (logged, _subscriber) = Logged::start();
    let rooms = Rooms::new().module("m", |m| m.room("desks", Desks)).allowed_origins(["https://app.example/"]);
    let rooms = rooms.build().unwrap();
    let allows = |headers: &[_]| rooms.platform().allows_origin(&upgrade("", headers));
    assert!(allows(&[("origin", "https://app.example"), ("host", "api.example")]));
    assert!(allows(&[("origin", "https://api.example"), ("host", "api.example")]));
    assert!(allows(&[]));
    assert_eq!(logged.take(), [""; 0]);
    assert!(!allows(&[("origin", "https://evil.example"), ("host", "api.example")]));
    let line = &logged.take()[0];
    for part in ["INFO", r#"origin="https://evil.example""#, r#"host="api.example""#, "`allowed_origins`", "`Host`"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let any = Rooms::new().module("m", |m| m.room("desks", Desks)).any_origin().build().unwrap();
    assert!(any.platform().allows_origin(&upgrade("", &[("origin", "https://evil.example")])));
    assert_eq!(logged.take(), [""; 0]);
}

/// On Cloudflare it would be refused; whoever builds on axum should know before they move.
#[tokio::test]
async fn data_that_other_platforms_refuse_is_warned_of_once() {
    let (logged, _subscriber) = Logged::start();
    let room = desks();
    assert_eq!(connect(&room, "data=6142").await, None);
    assert_eq!(logged.take(), [""; 0], "with its quotes it just fits");
    assert_eq!(connect(&room, "data=6143").await, None);
    let lines = logged.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["WARN what `data` returns is over 6144 bytes", r#"module="test" room="room""#] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
    assert_eq!(connect(&room, "data=10000").await, None);
    assert_eq!(logged.take(), [""; 0]);
}

/// A `Serialize` that axum alone would never have called costs nobody the connection.
#[tokio::test]
async fn data_that_cannot_be_written_is_warned_of_once() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("on purpose")
        }
    }
    impl<'de> Deserialize<'de> for Unwritable {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    struct Odd;
    impl Room for Odd {
        type Channel = Desk;
        type Data = Unwritable;
        async fn data(&self, _: &Upgrade<Desk>) -> Result<Unwritable, Deny> {
            Ok(Unwritable)
        }
    }
    let (logged, _subscriber) = Logged::start();
    let room = TestRoom::<Odd>::new(Odd);
    for _ in 0..3 {
        assert!(room.connect(&Desk { id: "1".to_owned() }, Request::new(())).await.is_ok());
    }
    let lines = logged.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("cannot be written as JSON"), "{lines:?}");
}

#[tokio::test]
async fn a_key_that_other_platforms_refuse_is_warned_of_once() {
    let (logged, _subscriber) = Logged::start();
    let room = TestRoom::<Desks>::new(Desks.limits(Limits::default().key_bytes(8 << 10).key_value_bytes(8 << 10)));
    for (bytes, lines) in [(6_000, 0), (6_200, 1), (7_000, 0)] {
        let request = Request::get("/").body(()).unwrap();
        assert!(room.connect(&Desk { id: "x".repeat(bytes) }, request).await.is_ok(), "{bytes}");
        let logged = logged.take();
        assert_eq!(logged.len(), lines, "{bytes}: {logged:?}");
        assert!(logged.iter().all(|line| line.starts_with("WARN the key is over 6144 bytes")), "{logged:?}");
    }
}

/// Whoever is refused may try again a thousand times a second.
#[tokio::test]
async fn those_who_are_refused_by_a_full_room_fill_no_log() {
    let (logged, _subscriber) = Logged::start();
    let room = TestRoom::<Desks>::new(Desks.limits(Limits::default().members(1)));
    let _first = room.connect(&Desk { id: "1".to_owned() }, Request::new(())).await.unwrap();
    for _ in 0..100 {
        assert_eq!(connect_to(&room, "1").await, Some(Close::ROOM_FULL));
    }
    let lines = logged.take();
    assert_eq!(lines.len(), 20, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("WARN a join was refused")), "{lines:?}");
}

async fn connect_to(room: &TestRoom<Desks>, id: &str) -> Option<Close> {
    room.connect(&Desk { id: id.to_owned() }, Request::new(())).await.err()
}
