//! A room on a platform that puts its processes away: whatever ended the last one, the next is the same room.

use std::sync::{Arc, Mutex};

use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, Rooms, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Destination, Kept};
use serde_json::{Value, json};

use crate::keeper::{Beside, Platform, until, written};
use crate::scripted::Log;

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
        self.0.note("data");
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    async fn refresh(&self, _: &Conn<Self>, credentials: &str) -> Result<String, Deny> {
        Ok(credentials.to_owned())
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<Value> {
        (*conn.data() != "nobody").then(|| json!(*conn.data()))
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("join {}", conn.data()));
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        conn.broadcast_all(&json!([*conn.data(), msg]))
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.0.note(format!("leave {}", conn.data()));
    }
}

#[derive(Default)]
struct Stage {
    log: Log,
    beside: Beside,
    wakes: Arc<Mutex<Vec<u64>>>,
}

impl Stage {
    /// A new process, with nothing in memory.
    fn process(&self, now: u64) -> Rooms {
        let limits = Limits::default().grace_ms(0).presence_bytes(20_000);
        let notes = Notes(self.log.clone());
        let rooms = Rooms::new().limits(limits).module("m", |m| m.room("notes", notes)).build().unwrap();
        rooms.platform().start(|| Arc::new(Platform::at(now, &self.beside, &self.wakes)));
        rooms
    }

    async fn join(&self, rooms: &Rooms, name: &str, dialect: Dialect) -> Connection {
        let uri = format!("/?m=m&s=notes&r=%7B%22id%22:%221%22%7D&name={name}");
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let admitted = self.process(0).platform().read(parts, dialect).admit(std::future::pending()).await.unwrap();
        let Some(Destination::Room(topic)) = admitted.destination() else { panic!("{:?}", admitted.destination()) };
        assert_eq!(topic.as_str(), "board/1");
        let connection = rooms.platform().connect(admitted);
        until("joined", || rooms.stats().tasks == 0).await;
        connection
    }
}

async fn read(connection: &Connection) -> Value {
    serde_json::from_str(&written(connection).await).unwrap()
}

fn say(connection: &mut Connection, frame: Value) {
    connection.receive(frame.to_string().as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_room_that_comes_back_is_the_same_room() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let mut ann = stage.join(&first, "ann", Dialect::V1).await;
    let mut bob = stage.join(&first, "bob", Dialect::Plain).await;
    let nobody = stage.join(&first, "nobody", Dialect::V1).await;
    let snapshot = read(&ann).await;
    say(&mut bob, json!({ "t": "presence", "state": null }));
    say(&mut ann, json!({ "t": "msg", "msg": 1 }));
    until("said", || first.stats().tasks == 0).await;
    let ids: Vec<_> = [&ann, &bob, &nobody].iter().map(|conn| conn.member().clone()).collect();
    assert_eq!(stage.log.take(), ["data", "join ann", "data", "join bob", "data", "join nobody"]);
    first.platform().put_away();
    drop((first, ann, bob, nobody));

    let second = stage.process(5_000);
    let mut restored = second.platform().restore(stage.beside.all(), Vec::new());
    assert_eq!(stage.log.take(), [""; 0], "no hook runs again, and nobody has left");
    restored.sort_by_key(|connection| ids.iter().position(|id| id == connection.member()));
    let [ann, bob, ..] = &mut restored[..] else { panic!("all are back") };
    say(ann, json!({ "t": "msg", "msg": 2 }));
    let told = read(ann).await;
    assert_eq!(told["msg"], json!(["ann", 2]));
    assert!(told["seq"].as_u64() > Some(1_000_000), "above all that was given: {told}");
    assert_eq!(written(bob).await, format!(r#"{{"from":"{}","t":"msg","msg":["ann",2]}}"#, ids[0]), "still plain");

    let cat = stage.join(&second, "cat", Dialect::V1).await;
    let now = read(&cat).await;
    let (id, cat_id) = (|n: usize| ids[n].to_string(), cat.member().to_string());
    let members = json!([
        { "id": id(0), "n": 0, "state": "ann" }, { "id": id(1), "n": 1, "state": null }, { "id": id(2), "n": 2 },
        { "id": cat_id, "n": 3, "state": "cat" },
    ]);
    assert_eq!(now["members"], members, "in join order, with the states that they had");
    assert_eq!(now["epoch"], snapshot["epoch"]);

    bob.end(&Close::LOST, None);
    until("bob has left", || second.stats().tasks == 0).await;
    assert_eq!(stage.log.take(), ["data", "join cat", "leave bob"]);
    assert_eq!(second.stats().members, 3);
    assert_eq!(stage.beside.all().len(), 3, "who has left is not kept");
}

#[tokio::test(start_paused = true)]
async fn a_state_that_was_held_is_told_by_the_process_that_is_woken() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let early = stage.join(&first, "early", Dialect::V1).await;
    let mut ann = stage.join(&first, "ann", Dialect::V1).await;
    let snapshot = read(&ann).await;
    drop(early);
    until("one is left", || first.stats().members == 1).await;
    assert!(stage.wakes.lock().unwrap().is_empty(), "a quiet room needs no waking");
    say(&mut ann, json!({ "t": "presence", "state": 1 }));
    say(&mut ann, json!({ "t": "presence", "state": 2 }));
    until("held", || !stage.wakes.lock().unwrap().is_empty()).await;
    assert_eq!(stage.wakes.lock().unwrap()[..], [1_033]);
    first.platform().put_away();

    let second = stage.process(2_000);
    let restored = second.platform().restore(stage.beside.all(), Vec::new());
    second.platform().catch_up();
    let named = &snapshot["members"][1]["n"];
    assert_eq!(named, &json!(1));
    assert_eq!(read(&restored[0]).await, json!({ "t": "updates", "of": [[named, 2]] }), "as its client knows it");
    let bob = stage.join(&second, "bob", Dialect::V1).await;
    let numbers: Vec<_> = read(&bob).await["members"].as_array().unwrap().iter().map(|bob| bob["n"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(0)], "and nobody else is called so");
}

#[tokio::test(start_paused = true)]
async fn renewed_data_is_what_is_gone_on_with() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let mut ann = stage.join(&first, "ann", Dialect::V1).await;
    say(&mut ann, json!({ "t": "auth", "credentials": "ann again" }));
    until("renewed", || first.stats().tasks == 0).await;
    first.platform().put_away();
    drop((first, ann));

    let second = stage.process(2_000);
    let mut restored = second.platform().restore(stage.beside.all(), Vec::new());
    say(&mut restored[0], json!({ "t": "msg", "msg": 1 }));
    assert_eq!(read(&restored[0]).await["msg"], json!(["ann again", 1]));
}

#[tokio::test(start_paused = true)]
async fn data_that_grows_leaves_less_for_a_state_and_what_is_too_large_is_refused() {
    let stage = Stage::default();
    let rooms = stage.process(1_000);
    let mut ann = stage.join(&rooms, "ann", Dialect::V1).await;
    read(&ann).await;
    say(&mut ann, json!({ "t": "auth", "credentials": "y".repeat(6_000), "id": 1 }));
    assert_eq!(read(&ann).await, json!({ "t": "ack", "id": 1 }));
    say(&mut ann, json!({ "t": "presence", "state": "x".repeat(12_000), "id": 2 }));
    assert_eq!(read(&ann).await["code"], "too_large");
    say(&mut ann, json!({ "t": "auth", "credentials": "y".repeat(6_200), "id": 3 }));
    assert_eq!(written(&ann).await, "close 1013 try again");
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_kept_is_refused_and_the_old_one_stays() {
    let stage = Stage::default();
    let rooms = stage.process(1_000);
    let mut ann = stage.join(&rooms, "ann", Dialect::V1).await;
    read(&ann).await;
    // Within the room's own bound, and over what there is to keep it in.
    say(&mut ann, json!({ "t": "presence", "state": "x".repeat(16_000), "id": 1 }));
    let error = read(&ann).await;
    assert_eq!((&error["id"], &error["code"]), (&json!(1), &json!("too_large")));
    let kept: Vec<Kept> = stage.beside.all();
    say(&mut ann, json!({ "t": "presence", "state": "x".repeat(15_000), "id": 2 }));
    until("kept", || rooms.stats().tasks == 0).await;
    let bytes = |kept: &Kept| kept.to_bytes().unwrap().len();
    assert_eq!(bytes(&stage.beside.all()[0]) - bytes(&kept[0]), 15_000 - "ann".len());
    assert!(bytes(&stage.beside.all()[0]) <= 16_000);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_gone_on_with_leaves_and_the_others_hear_of_it() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let _ann = stage.join(&first, "ann", Dialect::V1).await;
    let bob = stage.join(&first, "bob", Dialect::V1).await;
    first.platform().put_away();
    let kept = stage.beside.all();
    let broken = |kept: &Kept| {
        let text = String::from_utf8(kept.to_bytes().unwrap()).unwrap();
        if kept.id() == bob.member() { text.replace(r#""data":"bob""#, r#""data":7"#) } else { text }
    };
    let kept = kept.iter().map(|kept| Kept::from_bytes(broken(kept).as_bytes()).unwrap()).collect();

    let second = stage.process(2_000);
    let restored = second.platform().restore(kept, Vec::new());
    let of = |leaver: bool| restored.iter().find(|conn| (conn.member() == bob.member()) == leaver).unwrap();
    assert_eq!(written(of(true)).await, "close 1012 retry=0");
    let left = json!({ "from": bob.member().to_string(), "t": "presence", "op": "leave" });
    assert_eq!(read(of(false)).await, left);
    assert_eq!((second.stats().members, stage.beside.all().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn of_two_that_claim_one_member_the_first_is_it() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let ann = stage.join(&first, "ann", Dialect::V1).await;
    first.platform().put_away();
    drop((first, ann));
    let second = stage.process(5_000);
    let all = stage.beside.all();
    let restored = second.platform().restore(vec![all[0].clone(), all[0].clone()], Vec::new());
    until("quiet", || second.stats().tasks == 0).await;
    assert_eq!((restored.len(), second.stats().members), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_member_that_cannot_be_gone_on_with() {
    let stage = Stage::default();
    let first = stage.process(1_000);
    let ann = stage.join(&first, "ann", Dialect::V1).await;
    first.platform().put_away();
    drop((first, ann));
    let other = Rooms::new().module("other", |m| m.room("notes", Notes(stage.log.clone()))).build().unwrap();
    other.platform().start(|| Arc::new(Platform::at(5_000, &stage.beside, &stage.wakes)));
    let restored = other.platform().restore(stage.beside.all(), Vec::new());
    restored[0].end(&Close::LOST, None);
    drop(restored);
    tokio::task::yield_now().await;
    assert_eq!((other.stats().tasks, other.stats().rooms), (0, 0));
}
