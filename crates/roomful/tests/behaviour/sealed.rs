//! A process that ended, and the next with the same secret: nobody in it is another member.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use roomful::{BoxFuture, Channel, Conn, Deny, Limits, Mistake, Result, Room, Rooms, Upgrade, UserId};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Host};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::keeper::{until, written};
use crate::scripted::Log;

const SECRET: &str = "thirty-two bytes that are random";
const GRACE_MS: u64 = 2_000;

/// One process, and no other has its number. Time goes on over all of them.
struct Process {
    number: u64,
    began: Instant,
    given: AtomicU64,
}

impl Host for Process {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis().try_into().unwrap()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.began.elapsed()
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.began + Duration::from_millis(at)))
    }

    fn random(&self) -> u128 {
        u128::from(self.given.fetch_add(1, Ordering::Relaxed)) << 64 | u128::from(self.number)
    }
}

#[derive(Clone, Channel)]
#[channel("board/:id", message = Value, presence = Value)]
struct Board {
    id: String,
}

struct Notes(Log);

impl Room for Notes {
    type Channel = Board;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Board>) -> Result<String, Deny> {
        upgrade.query("user").ok_or_else(Deny::forbidden)
    }

    fn user(&self, data: &String) -> Option<UserId> {
        UserId::new(data).ok()
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<Value> {
        Some(json!(conn.id().to_string()))
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("join {}", conn.data()));
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        conn.broadcast_all(&msg)
    }
}

struct Stage {
    began: Instant,
    log: Log,
}

impl Stage {
    fn new() -> Self {
        Self { began: Instant::now(), log: Log::default() }
    }

    fn process(&self, number: u64, secret: Option<&str>, limits: Limits) -> Rooms {
        let rooms = Rooms::new().limits(limits).module("m", |m| m.room("notes", Notes(self.log.clone())));
        let rooms = secret.into_iter().fold(rooms, |rooms, secret| rooms.secret(secret)).build().unwrap();
        let (began, given) = (self.began, AtomicU64::new(0));
        rooms.platform().start(|| Arc::new(Process { number, began, given }));
        rooms
    }
}

fn limits() -> Limits {
    Limits::default().grace_ms(GRACE_MS)
}

/// What a client has of its session.
#[derive(Clone)]
struct Client {
    id: String,
    token: String,
}

struct Member {
    connection: Connection,
    snapshot: Value,
}

impl Member {
    fn client(&self) -> Client {
        let text = |key: &str| self.snapshot[key].as_str().unwrap().to_owned();
        Client { id: text("self"), token: text("session") }
    }

    /// The ids of all in the room, as its snapshot has them.
    fn roster(&self) -> Vec<&str> {
        self.snapshot["members"].as_array().unwrap().iter().map(|member| member["id"].as_str().unwrap()).collect()
    }
}

fn connect(rooms: &Rooms, user: &str, board: &str, dialect: Dialect, offer: &str) -> Connection {
    let uri = format!("/?m=m&s=notes&r=%7B%22id%22:%22{board}%22%7D{user}");
    let request = http::Request::get(uri).header("sec-websocket-protocol", format!("roomful.v1{offer}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    rooms.platform().read(parts, dialect).connect()
}

async fn come(rooms: &Rooms, user: &str, offer: &str) -> Member {
    let connection = connect(rooms, &format!("&user={user}"), "1", Dialect::V1, offer);
    let snapshot = serde_json::from_str(&written(&connection).await).unwrap();
    Member { connection, snapshot }
}

async fn join(rooms: &Rooms, user: &str) -> Member {
    come(rooms, user, "").await
}

async fn back(rooms: &Rooms, user: &str, client: &Client, seen: u64) -> Member {
    come(rooms, user, &format!(", roomful.resume.{}.{seen}", client.token)).await
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_to_the_next_process_is_who_it_was_and_stands_where_it_stood() {
    let stage = Stage::new();
    let first = stage.process(1, Some(SECRET), limits());
    let (ann, ben, cat) = (join(&first, "ann").await, join(&first, "ben").await, join(&first, "cat").await);
    let [ann, ben, cat] = [&ann, &ben, &cat].map(Member::client);
    drop(first);

    tokio::time::advance(Duration::from_millis(300)).await;
    stage.log.take();
    let next = stage.process(2, Some(SECRET), limits());
    let dan = join(&next, "dan").await;
    let again = back(&next, "cat", &cat, 7).await;
    assert_eq!(again.roster(), [&cat.id, &dan.client().id], "in the order in which they came first");
    for (key, value) in [("self", json!(cat.id)), ("resumed", json!(false)), ("seq", json!(0)), ("acked", Value::Null)]
    {
        assert_eq!(again.snapshot[key], value, "{key}");
    }
    let state = &again.snapshot["members"][0]["state"];
    assert_eq!(*state, json!(cat.id), "its seed is that of the member that it is");
    let joined: Value = serde_json::from_str(&written(&dan.connection).await).unwrap();
    assert_eq!((&joined["from"], &joined["op"]), (&json!(cat.id), &json!("join")));
    let ben_again = back(&next, "ben", &ben, 0).await;
    let ann_again = back(&next, "ann", &ann, 0).await;
    assert_eq!(ann_again.roster(), [&*ann.id, &ben.id, &cat.id, &dan.client().id]);
    assert_eq!(ben_again.client().id, ben.id);
    until("joined", || next.stats().tasks == 0).await;
    assert_eq!(stage.log.take(), ["join dan", "join cat", "join ben", "join ann"]);

    // And so it goes on, with the newest tokens and those before.
    let (cat, ann) = (again.client(), ann_again.client());
    drop((dan, again, ben_again, ann_again));
    let third = stage.process(3, Some(SECRET), limits());
    let (eve, cat_again) = (join(&third, "eve").await, back(&third, "cat", &cat, 0).await);
    let (ben_again, ann_again) = (back(&third, "ben", &ben, 0).await, back(&third, "ann", &ann, 0).await);
    assert_eq!(ann_again.roster(), [&*ann.id, &ben.id, &cat.id, &eve.client().id]);
    drop((cat_again, ben_again));
}

#[tokio::test(start_paused = true)]
async fn in_a_room_that_gathers_who_comes_it_is_the_same() {
    let (stage, limits) = (Stage::new(), limits().announce_at_once(0).presence_tick_ms(1_000));
    let first = stage.process(1, Some(SECRET), limits.clone());
    let ann = join(&first, "ann").await.client();
    tokio::time::advance(Duration::from_millis(1)).await;
    let next = stage.process(2, Some(SECRET), limits);
    let ben = join(&next, "ben").await;
    let again = back(&next, "ann", &ann, 0).await;
    assert_eq!(again.roster(), [&*ann.id, &ben.client().id]);
    let waits = connect(&next, "&user=ann", "1", Dialect::V1, "");
    let other = back(&next, "ann", &ann, 0).await;
    assert_eq!(other.roster()[..2], [&*ann.id, &ben.client().id], "and is found by the token that it came with");
    drop((waits, again, ben));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_lost_loses_nobody_and_what_another_process_counted_says_nothing() {
    let stage = Stage::new();
    let first = stage.process(1, Some(SECRET), limits());
    let ann = join(&first, "ann").await.client();
    let next = stage.process(2, Some(SECRET), limits());
    let mut again = back(&next, "ann", &ann, 1).await;
    again.connection.receive(br#"{"t":"msg","id":9,"msg":"one"}"#);
    until("said", || next.stats().tasks == 0).await;
    // That snapshot never came: the client still has the token and the position of the process before.
    let twice = back(&next, "ann", &ann, 1).await;
    assert_eq!((twice.client().id.as_str(), twice.roster()), (&*ann.id, vec![&*ann.id]));
    assert_eq!((&twice.snapshot["resumed"], &twice.snapshot["acked"]), (&json!(false), &Value::Null));
    let client = twice.client();
    let known = come(&next, "ann", &format!(", roomful.resume.{}.1", client.token)).await;
    assert_eq!(known.snapshot["self"], json!(ann.id));
    assert_eq!((&known.snapshot["resumed"], &known.snapshot["acked"]), (&json!(true), &json!(9)));
    let other = back(&next, "ann", &ann, 1).await;
    assert_ne!(other.client().id, ann.id, "that one is good no more, and somebody is that member");
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_known_by_its_seal_is_a_new_member() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let stage = Stage::new();
    let given = limits().seal_ms(DAY.as_millis().try_into().unwrap());
    let first = stage.process(1, Some(SECRET), given.clone());
    let ann = join(&first, "ann").await.client();
    let unsealed = join(&stage.process(2, None, given.clone()), "ann").await.client();
    let offer = format!(", roomful.resume.{}.0", ann.token);
    let last = ann.token.len() - 1;
    let changed = format!("{}{}", &ann.token[..last], if ann.token.ends_with('A') { 'B' } else { 'A' });
    let (cut, swapped) = (&ann.token[..last], format!("{}{}", &unsealed.token, &ann.token[unsealed.token.len()..]));

    let v1 = Dialect::V1;
    let known = |rooms: &Rooms, user: &str, board: &str, dialect, token: &str| {
        let offer = format!(", roomful.resume.{token}.0");
        let connection = connect(rooms, &format!("&user={user}"), board, dialect, &offer);
        let id = ann.id.clone();
        async move {
            let snapshot: Value = serde_json::from_str(&written(&connection).await).unwrap();
            snapshot["self"] == json!(id)
        }
    };
    let with = |secret| stage.process(9, secret, given.clone());
    let token = &*ann.token;
    assert!(known(&with(Some(SECRET)), "ann", "1", v1, token).await, "or nothing here says anything");
    for (what, rooms, user, board, dialect, token) in [
        ("no secret", with(None), "ann", "1", v1, token),
        ("another secret", with(Some("another of thirty-two bytes, also")), "ann", "1", v1, token),
        ("another user", with(Some(SECRET)), "ben", "1", v1, token),
        ("another room", with(Some(SECRET)), "ann", "2", v1, token),
        ("a plain client", with(Some(SECRET)), "ann", "1", Dialect::Plain, token),
        ("a room without sessions", stage.process(9, Some(SECRET), given.clone().grace_ms(0)), "ann", "1", v1, token),
        ("another character", with(Some(SECRET)), "ann", "1", v1, &changed),
        ("without its end", with(Some(SECRET)), "ann", "1", v1, cut),
        ("behind another token", with(Some(SECRET)), "ann", "1", v1, &swapped),
        ("a token without a seal", with(Some(SECRET)), "ann", "1", v1, &*unsealed.token),
    ] {
        assert!(!known(&rooms, user, board, dialect, token).await, "{what}");
    }

    let never = stage.process(3, Some(SECRET), given.clone().seal_ms(0));
    assert_eq!(join(&never, "ann").await.client().token.len(), unsealed.token.len(), "nothing is sealed for no time");

    let rooms = with(Some(SECRET));
    let denied = connect(&rooms, "", "1", v1, &offer);
    assert!(written(&denied).await.starts_with("close 4403"));
    assert!(known(&rooms, "ann", "1", v1, token).await, "and that took nothing from anybody");

    tokio::time::advance(DAY).await;
    assert!(!known(&with(Some(SECRET)), "ann", "1", v1, token).await, "its time is over");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_two_and_who_is_over_here_is_over() {
    let stage = Stage::new();
    let first = stage.process(1, Some(SECRET), limits());
    let ann = join(&first, "ann").await;
    let client = ann.client();
    drop(ann);
    tokio::time::sleep(Duration::from_millis(GRACE_MS + 1)).await;
    until("gone", || first.stats().connections == 0).await;
    let late = back(&first, "ann", &client, 0).await;
    assert_ne!(late.client().id, client.id, "the process that held it let it go");

    let next = stage.process(2, Some(SECRET), limits());
    let both = [0, 1].map(|_| {
        let offer = format!(", roomful.resume.{}.0", client.token);
        connect(&next, "&user=ann", "1", Dialect::V1, &offer)
    });
    until("in", || next.stats().tasks == 0).await;
    let mut ids = Vec::new();
    for connection in &both {
        let snapshot: Value = serde_json::from_str(&written(connection).await).unwrap();
        ids.push(snapshot["self"].as_str().unwrap().to_owned());
    }
    // Whichever came later has found the member that the other had become, or that somebody else has its id.
    assert!(ids.contains(&client.id), "{ids:?}");
    let members = next.at(&Board { id: "1".into() }).members().await.unwrap();
    let as_ann = members.iter().filter(|member| member.id.as_str() == client.id).count();
    assert_eq!(as_ann, 1);
    drop(late);
}

#[test]
fn a_secret_that_could_be_guessed_is_a_mistake() {
    let error = Rooms::new().secret("short").build().err().unwrap();
    assert_eq!(error.mistakes, [Mistake::Secret { bytes: 5, least: 32 }]);
    let text = "`.secret(..)` has 5 bytes, and could be guessed: give it at least 32 random ones";
    assert_eq!(error.mistakes[0].to_string(), text);
    assert!(Rooms::new().secret([7; 32]).build().is_ok());
}
