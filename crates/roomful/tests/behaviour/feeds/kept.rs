//! Listeners on a platform that puts its process away while their sockets stay open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use roomful::{BoxFuture, Conn, Error, ErrorKind, Live, Result, Room, Rooms};
use roomful_core::pattern::Topic;
use roomful_core::{Close, Dialect, Millis};
use roomful_runtime::{Act, Answer, Connection, Destination, Kept, Reach, ToWrite};

use super::*;
use crate::keeper::{Beside, Platform, until, written};

/// How many of them there are, which cannot be had where the last digit is a 9.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU64>);

impl Live for Count {
    type Channel = Board;
    type Value = u64;

    async fn load(&self, _: &Board) -> Result<u64> {
        let found = self.0.load(Ordering::Relaxed);
        if found % 10 == 9 { Err(Error::msg("no database")) } else { Ok(found) }
    }
}

/// On the channel of both.
struct Cursors;

impl Room for Cursors {
    type Channel = Board;
    type Data = ();

    async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: u64) -> Result {
        conn.rooms().publish(conn.key(), &msg).await?;
        conn.rooms().wake(conn.key()).await?;
        conn.room().broadcast(&msg).await
    }
}

/// What other processes are asked.
#[derive(Clone, Default)]
struct Elsewhere(Arc<Mutex<Vec<String>>>);

impl Reach for Elsewhere {
    fn act<'a>(&'a self, topic: &'a Topic, act: Act) -> BoxFuture<'a, Result<Answer>> {
        let what = match &act {
            Act::Publish { event } => format!("publish {}", event.as_str()),
            Act::Wake => "wake".to_owned(),
            Act::Count => "count".to_owned(),
            other => format!("{other:?}"),
        };
        let name = if act.is_for_listeners() { "listeners" } else { "room" };
        self.0.lock().unwrap().push(format!("{what} at {name} of {topic}"));
        let answer = if matches!(act, Act::Count) { Answer::Count(5) } else { Answer::Done(true) };
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<(String, usize)>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

/// Processes of one object, one after the other, at a time that a test says.
struct Stage {
    beside: Beside,
    wakes: Arc<Mutex<Vec<u64>>>,
    count: Count,
    elsewhere: Elsewhere,
}

impl Stage {
    fn new() -> Self {
        let (beside, wakes, count, elsewhere) = Default::default();
        Self { beside, wakes, count, elsewhere }
    }

    /// A new process, with nothing in memory.
    fn process(&self, now: Millis) -> Rooms {
        let rooms = Rooms::new()
            .limits(Limits::default().load_retry_ms(300))
            .module("m", |m| m.feed("ticker", Ticker).live("count", self.count.clone()).room("cursors", Cursors))
            .build()
            .unwrap();
        let platform = rooms.platform().fresh(|| Arc::new(self.elsewhere.clone()));
        platform.start(|| Arc::new(Platform::at(now, &self.beside, &self.wakes)));
        platform.app().clone().into()
    }

    /// The next process, after the one before was put away.
    fn next(&self, before: &Rooms, now: Millis) -> (Rooms, Vec<Connection>) {
        before.platform().put_away();
        let next = self.process(now);
        let restored = next.platform().restore(self.beside.all(), Vec::new());
        (next, restored)
    }
}

async fn listen(rooms: &Rooms, name: &str, dialect: Dialect) -> Connection {
    let target = format!("/?m=m&s={name}&r=%7B%22id%22:%22a%22%7D");
    let (parts, ()) = Request::get(target).body(()).unwrap().into_parts();
    let admitted = rooms.platform().read(parts, dialect).admit(std::future::pending()).await.unwrap();
    let connection = rooms.platform().connect(admitted);
    until("opened", || rooms.stats().tasks == 0).await;
    connection
}

/// The number in a frame.
fn seq(frame: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(frame).unwrap()["seq"].as_u64().unwrap()
}

fn nothing_more(connections: &[Connection]) {
    assert!(connections.iter().all(|connection| connection.mailbox().try_next().is_none()));
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_on_in_the_next_process_and_numbers_only_grow() {
    let stage = Stage::new();
    let first = stage.process(1);
    let (ann, ben) = (listen(&first, "ticker", Dialect::V1).await, listen(&first, "ticker", Dialect::Plain).await);
    let greeting = written(&ann).await;
    first.publish(&board("a"), &1).await.unwrap();
    let last = seq(&written(&ann).await);
    assert_eq!(written(&ben).await, r#"{"t":"event","event":1}"#);

    let (second, restored) = stage.next(&first, 2);
    first.publish(&board("a"), &2).await.unwrap();
    nothing_more(&[ann, ben]);
    nothing_more(&restored);
    assert_eq!(second.stats().feeds, 1);
    second.publish(&board("a"), &3).await.unwrap();
    for connection in &restored {
        let frame = written(connection).await;
        match connection.dialect() {
            Dialect::Plain => assert_eq!(frame, r#"{"t":"event","event":3}"#),
            Dialect::V1 => assert!(frame.starts_with(r#"{"t":"event","event":3,"#) && seq(&frame) > last, "{frame}"),
        }
    }
    let newcomer = written(&listen(&second, "ticker", Dialect::V1).await).await;
    let epoch = |frame: &str| serde_json::from_str::<serde_json::Value>(frame).unwrap()["epoch"].clone();
    assert_eq!(epoch(&newcomer), epoch(&greeting), "one run of numbers for all who listen");
    nothing_more(&restored);

    let third = stage.next(&second, 3);
    drop(restored);
    third.0.publish(&board("a"), &4).await.unwrap();
    assert_eq!(third.1.len(), 3, "who came to the second is among them");
    for connection in &third.1 {
        assert!(written(connection).await.starts_with(r#"{"t":"event","event":4"#));
    }
    drop(third.1);
    until("forgotten", || stage.beside.len() == 0 && third.0.stats().tasks == 0).await;
    assert_eq!(third.0.stats().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_published_is_not_pretended_to_be_known() {
    let stage = Stage::new();
    let first = stage.process(1);
    let (ann, _ben) = (listen(&first, "ticker", Dialect::V1).await, listen(&first, "ticker", Dialect::V1).await);
    let greeting: serde_json::Value = serde_json::from_str(&written(&ann).await).unwrap();
    let token = greeting["session"].as_str().unwrap();
    for event in [1, 2] {
        first.publish(&board("a"), &event).await.unwrap();
    }
    let (second, _restored) = stage.next(&first, 2);
    for event in [3, 4] {
        second.publish(&board("a"), &event).await.unwrap();
    }
    let back = async |seen: u64| {
        let offer = format!("roomful.v1, roomful.resume.{token}.{seen}");
        let request = Request::get("/?m=m&s=ticker&r=%7B%22id%22:%22a%22%7D").header("sec-websocket-protocol", offer);
        let admission = second.platform().read(request.body(()).unwrap().into_parts().0, Dialect::V1);
        let connection = second.platform().connect(admission.admit(std::future::pending()).await.unwrap());
        let first = written(&connection).await;
        (first.contains(r#""resumed":true"#), connection)
    };
    assert!(!back(1).await.0, "the second event is known to nobody");
    let now = 2 * 1_024;
    let (resumed, connection) = back(now + 1).await;
    assert!(resumed);
    assert_eq!(written(&connection).await, format!(r#"{{"t":"event","event":4,"seq":{}}}"#, now + 2));
}

#[tokio::test(start_paused = true)]
async fn a_live_value_is_loaded_by_the_next_process_for_all_who_listen() {
    let stage = Stage::new();
    let first = stage.process(1);
    let ann = listen(&first, "count", Dialect::V1).await;
    assert!(written(&ann).await.starts_with(r#"{"t":"feed","#));
    assert_eq!(written(&ann).await, r#"{"t":"value","value":0,"seq":1}"#);
    stage.count.0.store(7, Ordering::Relaxed);
    let (second, restored) = stage.next(&first, 2);
    let value = written(&restored[0]).await;
    assert!(value.starts_with(r#"{"t":"value","value":7,"#) && seq(&value) > 1, "{value}");
    until("loaded", || second.stats().tasks == 0).await;

    // One that fails is tried again when the platform wakes whoever is there then.
    stage.count.0.store(9, Ordering::Relaxed);
    second.wake(&board("a")).await.unwrap();
    assert!(written(&restored[0]).await.starts_with(r#"{"t":"error","#));
    until("failed", || second.stats().tasks == 0).await;
    stage.count.0.store(10, Ordering::Relaxed);
    let (third, restored) = stage.next(&second, 400);
    assert!(written(&restored[0]).await.starts_with(r#"{"t":"value","value":10,"#));
    until("loaded", || third.stats().tasks == 0).await;
    nothing_more(&restored);
}

/// Its listen was cut off, so nobody knows what it was to hear.
#[tokio::test(start_paused = true)]
async fn who_had_not_begun_to_listen_is_told_to_come_back() {
    let stage = Stage::new();
    let first = stage.process(1);
    let _ann = listen(&first, "ticker", Dialect::V1).await;
    let cut_off = stage.beside.all().into_iter().map(|kept| {
        let mut kept: serde_json::Value = serde_json::from_slice(&kept.to_bytes().unwrap()).unwrap();
        assert!(kept.as_object_mut().unwrap().remove("heard").is_some());
        Kept::from_bytes(&serde_json::to_vec(&kept).unwrap()).unwrap()
    });
    let cut_off = cut_off.collect();
    first.platform().put_away();
    let second = stage.process(2);
    let restored = second.platform().restore(cut_off, Vec::new());
    let ToWrite::Close(Close { code, .. }) = restored[0].mailbox().try_next().unwrap() else { panic!("it is closed") };
    assert_eq!(code, 1012);
}

#[tokio::test]
async fn where_it_is_served_follows_from_what_it_is() {
    let stage = Stage::new();
    let rooms = stage.process(1);
    for (name, is_feed) in [("ticker", true), ("count", false)] {
        let target = format!("/?m=m&s={name}&r=%7B%22id%22:%22a%22%7D");
        let (parts, ()) = Request::get(target).body(()).unwrap().into_parts();
        let admitted = rooms.platform().read(parts, Dialect::V1).admit(std::future::pending()).await.unwrap();
        let (topic, is_right) = match admitted.destination().unwrap() {
            Destination::Feed(topic) => (topic.clone(), is_feed),
            Destination::Live(topic) => (topic.clone(), !is_feed),
            other => panic!("{other:?}"),
        };
        assert!(is_right && topic.as_str() == "board/a", "{name}");
    }
}

/// Of one key the room and what is listened to are in two processes.
#[tokio::test(start_paused = true)]
async fn a_process_is_home_to_those_who_listen_or_to_a_room() {
    let stage = Stage::new();
    let asked = || std::mem::take(&mut *stage.elsewhere.0.lock().unwrap());
    let room = stage.process(1);
    let mut ann = listen(&room, "cursors", Dialect::Plain).await;
    assert!(written(&ann).await.starts_with(r#"{"t":"snapshot""#));
    ann.receive(br#"{"t":"msg","msg":7}"#);
    assert_eq!(written(&ann).await, r#"{"from":"","t":"msg","msg":7}"#);
    assert_eq!(asked(), ["publish 7 at listeners of board/a", "wake at listeners of board/a"]);
    let too_large = roomful_core::Json::encode(&"x".repeat(Limits::default().message_bytes)).unwrap();
    let topic = room.platform().topics().remove(0);
    let refused = room.platform().app().act(&topic, Act::Publish { event: too_large }).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Refused(_)) && asked().is_empty(), "{refused}");

    let feed = stage.process(1);
    feed.publish(&board("a"), &1).await.unwrap();
    let ben = listen(&feed, "ticker", Dialect::V1).await;
    assert!(written(&ben).await.starts_with(r#"{"t":"feed""#));
    feed.publish(&board("a"), &2).await.unwrap();
    assert!(written(&ben).await.starts_with(r#"{"t":"event","event":2"#));
    assert_eq!(feed.at(&board("a")).count().await.unwrap(), 5);
    feed.wake(&board("b")).await.unwrap();
    assert_eq!(
        asked(),
        ["publish 1 at listeners of board/a", "count at room of board/a", "wake at listeners of board/b"],
        "until somebody listens nobody does here"
    );
    assert_eq!((feed.platform().topics().len(), feed.platform().heard_topics().len()), (0, 1));
}
