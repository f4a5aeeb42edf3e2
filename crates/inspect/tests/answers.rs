//! What operators are answered, and who is not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;

use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body as _;
use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Upgrade, UserId};
use roomful_inspect::{InspectExt as _, Inspector};
use serde_json::{Value, json};
use tower_service::Service as _;

#[derive(Clone, Channel)]
#[channel("board/:id", message = String, presence = String)]
struct Board {
    id: String,
}

struct Boards;

impl Room for Boards {
    type Channel = Board;
    type Data = String;

    async fn data(&self, _: &Upgrade<Board>) -> Result<String, Deny> {
        Err(Deny::forbidden())
    }

    fn user(&self, data: &String) -> Option<UserId> {
        UserId::new(data).ok()
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<String> {
        Some(conn.data().to_string())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.broadcast(&msg)
    }
}

/// Lets in who says so, and says why not in each of the ways that there are.
async fn guard(upgrade: Upgrade) -> Result<(), Deny> {
    assert!(upgrade.module().is_empty() && upgrade.room().is_empty());
    match upgrade.header("x-operator").or(upgrade.credentials()) {
        Some("yes") => Ok(()),
        Some("sign in") => Err(Deny::redirect("/login?then=ops")),
        Some("split") => Err(Deny::redirect("/login\r\nx-evil: 1")),
        Some("old") => Err(Deny::expired()),
        Some("later") => Err(Deny::unavailable_because("the database at secret:5432 is away")),
        Some("panic") => panic!("the guard has a mistake"),
        _ => Err(Deny::because("secret words for the log")),
    }
}

struct Stage {
    room: TestRoom<Boards>,
    inspector: Inspector,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Stage {
    fn new(limits: Limits) -> Self {
        let room = TestRoom::new(Boards.limits(limits));
        let inspector = room.rooms().inspector(guard);
        Self { room, inspector }
    }

    async fn join(&self, board: &str, name: &str) -> TestMember<Boards> {
        self.room.join(Board { id: board.into() }, name.into()).await
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered: std::result::Result<_, Infallible> = self.inspector.clone().call(request.body(()).unwrap()).await;
        let (parts, body) = answered.unwrap().into_parts();
        let (mut body, mut text) = (pin!(body), String::new());
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
        Answer { status: parts.status, headers: parts.headers, body: text }
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, &[("x-operator", "yes")]).await.json()
    }

    async fn post(&self, path: &str) -> Answer {
        let headers = [("x-operator", "yes"), ("host", "app.example"), ("origin", "https://app.example")];
        self.ask(Method::POST, path, &headers).await
    }
}

fn stage() -> Stage {
    Stage::new(Limits::default().presence_tick_ms(0))
}

const ALL: [(&str, Method); 11] = [
    ("/", Method::GET),
    ("/api/summary", Method::GET),
    ("/api/rooms", Method::GET),
    ("/api/room?topic=board/a", Method::GET),
    ("/api/connections", Method::GET),
    ("/api/tap?tap=1", Method::GET),
    ("/api/tap/open?topic=board/a", Method::POST),
    ("/api/tap/close?tap=1", Method::POST),
    ("/api/kick?topic=board/a&member=m", Method::POST),
    ("/api/close?member=m", Method::POST),
    ("/nothing", Method::GET),
];

#[tokio::test]
async fn nobody_is_shown_anything_whom_the_guard_denies() {
    let stage = stage();
    let _ann = stage.join("a", "ann").await;
    for (path, method) in ALL {
        for (says, status) in [
            ("no", 403),
            ("panic", 403),
            ("split", 403),
            ("old", 401),
            ("later", 503),
            ("sign in", if path == "/" { 303 } else { 403 }),
        ] {
            let headers = [("x-operator", says), ("host", "app.example"), ("origin", "https://app.example")];
            let Answer { status: answered, headers, body } = stage.ask(method.clone(), path, &headers).await;
            assert_eq!(answered.as_u16(), status, "{path} {says}: {body}");
            assert_eq!(headers.get("location").is_some(), status == 303, "{path} {says}");
            assert_eq!(headers.get("www-authenticate").is_some(), status == 401, "{path} {says}");
            for secret in ["ann", "secret", "x-evil", "database"] {
                assert!(!body.contains(secret), "{path} {says}: {body}");
            }
        }
        assert_eq!(stage.ask(method, path, &[]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(stage.room.rooms().stats().members, 1);
    assert_eq!(stage.ask(Method::GET, "/", &[("authorization", "Bearer yes")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_changes_something_is_done_for_this_servers_own_page_alone() {
    let stage = stage();
    let (ann, host) = (stage.join("a", "ann").await, ("host", "app.example"));
    let path = format!("/api/kick?topic=board/a&member={}", ann.id());
    for (headers, is_own) in [
        (vec![host], false),
        (vec![host, ("origin", "https://evil.example")], false),
        (vec![host, ("origin", "https://app.example.evil.example")], false),
        (vec![host, ("origin", "null")], false),
        (vec![host, ("origin", "")], false),
        (vec![host, ("origin", "https://app.example"), ("origin", "https://evil.example")], false),
        (vec![host, ("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], false),
        (vec![host, ("origin", "https://app.example"), ("sec-fetch-site", "same-site")], false),
        (vec![host, ("sec-fetch-site", "none")], false),
        (vec![host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        (vec![("origin", "https://app.example")], false),
        (vec![host, ("origin", "https://app.example")], true),
    ] {
        let headers: Vec<_> = [("x-operator", "yes")].into_iter().chain(headers).collect();
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            let refused = stage.ask(method.clone(), &path, &headers).await;
            assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {headers:?}");
            assert_eq!(refused.headers["allow"], "POST");
        }
        let answer = stage.ask(Method::POST, &path, &headers).await;
        let done = if is_own { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!((answer.status, stage.room.rooms().stats().members), (done, usize::from(!is_own)), "{headers:?}");
    }
}

#[tokio::test]
async fn no_other_page_reads_what_is_told_here() {
    let stage = stage();
    for (site, path, status) in [
        ("cross-site", "/api/summary", 403),
        ("same-site", "/api/rooms", 403),
        ("none", "/api/rooms", 200),
        ("same-origin", "/api/rooms", 200),
        ("cross-site", "/", 200),
    ] {
        let headers = [("x-operator", "yes"), ("sec-fetch-site", site)];
        assert_eq!(stage.ask(Method::GET, path, &headers).await.status.as_u16(), status, "{site} {path}");
    }
    for (path, method) in ALL {
        let headers = [("x-operator", "yes"), ("host", "a.example"), ("origin", "https://a.example")];
        let Answer { headers, .. } = stage.ask(method, path, &headers).await;
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && headers.get("access-control-allow-origin").is_none(), "{path}: {policy}");
    }
}

#[tokio::test]
async fn a_room_is_listed_with_what_went_through_it() {
    let stage = stage();
    let (ann, ben) = (stage.join("a", "ann").await, stage.join("a", "ben").await);
    let _cy = stage.join("b", "cy").await;
    let first = stage.get("/api/rooms").await;
    assert_eq!(first["rooms"][0]["rates"], Value::Null, "nothing is known of before");
    ann.send(&"hello".into());
    ann.send(&"there".into());
    stage.room.advance(2_000).await;
    let listed = stage.get("/api/rooms").await;
    let room = &listed["rooms"][0];
    assert_eq!((&room["topic"], &room["names"]), (&json!("board/a"), &json!(["test/room"])));
    assert_eq!((&room["members"], &room["sockets"]), (&json!(2), &json!(2)));
    assert_eq!((&room["rates"]["in"], &room["rates"]["out"]), (&json!(1.0), &json!(1.0)), "{room}");
    assert_eq!(room["rates"]["in_bytes"], json!(7.0));
    assert!(room["slowest_bytes"].as_u64() > Some(0), "nobody has read anything: {room}");
    let summary = stage.get("/api/summary").await;
    assert_eq!((&summary["members"], &summary["rooms"]), (&json!(3), &json!(2)));
    assert_eq!(summary["rates"]["in"], json!(1.0));
    drop(ben);
}

#[tokio::test]
async fn rooms_are_sorted_searched_and_told_a_page_at_a_time() {
    let stage = Stage::new(Limits::default().inspect_page(2).inspect_rooms(4));
    let mut all = Vec::new();
    for (board, members) in [("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5)] {
        for nth in 0..members {
            all.push(stage.join(board, &format!("m{nth}")).await);
        }
    }
    let listed = async |query: &str| {
        let page = stage.get(&format!("/api/rooms?{query}")).await;
        let topics =
            page["rooms"].as_array().unwrap().iter().map(|room| room["topic"].as_str().unwrap()[6..].to_owned());
        (topics.collect::<Vec<_>>(), page["found"].as_u64().unwrap(), page["rooms_left_out"].as_u64().unwrap())
    };
    let of = |topics: &[&str]| topics.iter().map(|&topic| topic.to_owned()).collect::<Vec<_>>();
    assert_eq!(listed("").await, (of(&["five", "four"]), 4, 1), "the smallest is left out");
    assert_eq!(listed("from=2").await.0, of(&["three", "two"]));
    assert_eq!(listed("from=4").await.0, of(&[]));
    assert_eq!(listed("sort=topic").await.0, of(&["five", "four"]));
    assert_eq!(listed("q=T").await, (of(&["three", "two"]), 2, 1));
    assert_eq!(listed("q=%").await.0, of(&[]), "what cannot be read finds nothing, and is no error");
    assert_eq!(stage.get("/api/room?topic=board/one").await["room"]["members"], 1, "it is found by its name");
}

#[tokio::test]
async fn a_rosters_payloads_are_hidden_unless_they_are_asked_for() {
    let stage = Stage::new(Limits::default().inspect_page(1).tap_payload_bytes(4));
    let (ann, _ben) = (stage.join("a", "ann").await, stage.join("a", "<b>ben</b>").await);
    let page = stage.get("/api/room?topic=board/a").await;
    let line = &page["roster"][0];
    assert_eq!((&line["id"], &line["user"]), (&json!(ann.id().as_str()), &json!("ann")));
    assert_eq!((&line["state"], &line["state_bytes"]), (&Value::Null, &json!(5)));
    assert_eq!(line["connection"]["phase"], "idle");
    let next = stage.get(&format!("/api/room?topic=board/a&payloads=1&after={}", page["next"])).await;
    assert_eq!(next["roster"][0]["state"], "\"<b>", "it is cut");
    assert_eq!(next["roster"].as_array().map(Vec::len), Some(1));
    let none = stage.get("/api/room?topic=board/none").await;
    assert_eq!((&none["room"], &none["roster"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn connections_say_what_they_wait_for() {
    let stage = Stage::new(Limits::default().inspect_page(2).inspect_connections(3).grace_ms(9_000));
    let (mut all, mut away) = (Vec::new(), Vec::new());
    for nth in 0..5 {
        all.push(stage.join("a", &format!("m{nth}")).await);
    }
    let found = async |only: &str| {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = stage.get(&format!("/api/connections?only={only}&after={after}")).await;
            let connections = page["connections"].as_array().unwrap().clone();
            assert!(connections.len() <= 2, "a page is no longer");
            found.extend(connections);
            let Some(next) = page["next"].as_str() else { return found };
            after = next.to_owned();
        }
    };
    assert_eq!((found("").await.len(), found("away").await.len()), (5, 0));
    away.push(all.remove(0).id().clone());
    away.push(all.remove(1).id().clone());
    stage.room.advance(2_000).await;
    let mut gone: Vec<_> = found("away").await;
    assert!(
        gone.iter().all(|one| one["left_ms"] == 7_000 && one["waits_for"] == "its client, which has lost its socket")
    );
    gone.retain(|one| !away.iter().any(|id| id.as_str() == one["id"]));
    assert_eq!(gone, [Value::Null; 0]);
    assert_eq!(found("slow").await.len(), 3, "they have not read that the others are away");
}

#[tokio::test]
async fn a_tap_is_opened_read_and_closed() {
    let stage = stage();
    let ann = stage.join("a", "ann").await;
    let open = async |query: &str| stage.post(&format!("/api/tap/open?{query}")).await;
    assert_eq!(open("topic=board/none").await.status, StatusCode::CONFLICT);
    let hidden = open("topic=board/a").await.json()["tap"].clone();
    let shown = open("topic=board/a&payloads=1").await.json()["tap"].clone();
    ann.send(&"hello".into());
    stage.room.advance(0).await;
    stage.room.advance(500).await;
    for (tap, payload) in [(&hidden, Value::Null), (&shown, json!("\"hello\""))] {
        let read = stage.get(&format!("/api/tap?tap={tap}")).await;
        let frame = &read["frames"][0];
        assert_eq!((&frame["kind"], &frame["bytes"], &frame["payload"]), (&json!("said"), &json!(7), &payload));
        assert_eq!((&frame["from"], &frame["ago_ms"]), (&json!(ann.id().as_str()), &json!(500)));
        let after = read["frames"].as_array().map(Vec::len).unwrap();
        assert_eq!(stage.get(&format!("/api/tap?tap={tap}&after={after}")).await["frames"], json!([]));
    }
    assert_eq!(stage.post(&format!("/api/tap/close?tap={shown}")).await.json()["done"], true);
    assert_eq!(stage.post(&format!("/api/tap/close?tap={shown}")).await.json()["done"], false);
    let gone = stage.ask(Method::GET, &format!("/api/tap?tap={shown}"), &[("x-operator", "yes")]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.get("/api/summary").await["taps"], 1);
}

#[tokio::test]
async fn somebody_is_kicked_or_closed_by_a_post() {
    let stage = stage();
    let (mut ann, mut ben) = (stage.join("a", "ann").await, stage.join("a", "ben").await);
    let kick = format!("/api/kick?topic=board/a&member={}&reason=that%20is%20enough", ann.id());
    assert_eq!(stage.post(&kick).await.json(), json!({ "done": true }));
    let kicked = Event::Closed(Close { code: 4410, reason: "that is enough".into() });
    assert_eq!(ann.settle().await.last(), Some(&kicked));
    assert_eq!(stage.post(&kick).await.json(), json!({ "done": false }));
    assert_eq!(stage.post(&format!("/api/close?member={}", ben.id())).await.json(), json!({ "done": true }));
    loop {
        if let Event::Closed(close) = ben.next().await {
            break assert_eq!(close.code, 1012);
        }
    }
    for (path, status) in [
        ("/api/kick?topic=board/a", 400),
        ("/api/kick?topic=board/a&member=%3Cscript%3E", 400),
        ("/api/close", 400),
        ("/api/close?member=nobody", 200),
    ] {
        assert_eq!(stage.post(path).await.status.as_u16(), status, "{path}");
    }
    let long = format!("/api/kick?topic=board/a&member={}&reason={}", ben.id(), "x".repeat(124));
    assert_eq!(stage.post(&long).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_limit_that_was_reached_is_told_with_how_much_was_asked_for() {
    let stage = Stage::new(Limits::default().presence_bytes(20));
    let ann = stage.join("a", "ann").await;
    assert_eq!(stage.get("/api/summary").await["hits"], json!([]));
    ann.set_presence(&"x".repeat(98));
    stage.room.advance(0).await;
    stage.room.advance(3_000).await;
    let hits = stage.get("/api/summary").await["hits"].clone();
    let hit = json!([{ "limit": "presence_bytes", "times": 1, "bound": 20, "most_asked": 100, "ago_ms": 3_000 }]);
    assert_eq!(hits, hit);
}
