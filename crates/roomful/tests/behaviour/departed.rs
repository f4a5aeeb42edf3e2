//! What becomes of who has gone: what it said is handled for a while and no longer, and nothing of it is heard after its leave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use roomful::test::{Event, TestRoom};
use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Stats, Upgrade};
use tokio::sync::Semaphore;

use crate::denials::Logged;
use crate::metrics::{count, counted, record};
use crate::scripted::{Order, Play, shown, stage};

const LEFT: [&str; 3] = ["teardown", "on_leave", "deferred late"];

#[tokio::test]
async fn what_was_said_before_the_end_is_handled_for_its_time_and_then_dropped() {
    for (before, handled) in [(1_999, vec!["first", "second", "third"]), (2_000, vec![])] {
        let (snapshotter, _guard) = record();
        let play = Play::new();
        let (mut ann, ben) = (play.join("ann").await, play.join("ben").await);
        let id = ben.id().clone();
        let said = |text: &str| Event::message(&ben, text.to_owned());
        let mut expected: Vec<_> = handled.iter().map(|text| said(text)).collect();
        expected.insert(0, Event::join(&ben, Some(shown("fresh"))));
        expected.push(Event::Leave { id });
        ben.send(&Order::Wait("first".into()));
        ben.send(&Order::Broadcast("second".into()));
        ben.send(&Order::Broadcast("third".into()));
        play.room.advance(0).await;
        drop(ben);
        play.room.advance(before).await;
        let is_in = !handled.is_empty();
        assert_eq!(play.room.at(&stage()).count().await.unwrap(), 1 + usize::from(is_in), "after {before} ms");
        let stats = play.room.rooms().stats();
        assert_eq!((stats.members, stats.connections), (1 + usize::from(is_in), 1 + usize::from(is_in)));
        // The hook runs to its end, whatever the time.
        assert_eq!(play.log.take(), [""; 0]);
        play.gate.add_permits(1);
        assert_eq!(ann.settle().await, expected, "after {before} ms");
        assert_eq!(play.log.take(), LEFT);
        assert_eq!(play.room.stats().await.tasks, 0);
        let dropped = count(&counted(&snapshotter), "roomful_frames_dropped_total{reason=leave_timeout}");
        assert_eq!(dropped, if is_in { 0 } else { 2 });
    }
}

#[tokio::test]
async fn who_has_left_holds_no_place_although_its_hook_still_runs() {
    let limits = Limits::default().grace_ms(0).connections(2).departed(2);
    let play = Play::with(limits);
    let key = stage();
    let enter = || play.room.connect(&key, http::Request::get("/?name=x").body(()).unwrap());
    let _stays = enter().await.unwrap();
    for _ in 0..2 {
        let leaves = enter().await.unwrap();
        assert_eq!(enter().await.err(), Some(Close::OVERLOADED), "both places are taken");
        leaves.send(&Order::Wait("late".into()));
        play.room.advance(0).await;
        drop(leaves);
        play.room.advance(2_000).await;
    }
    assert_eq!(enter().await.err(), Some(Close::OVERLOADED), "too much still runs of those who have left");
    play.gate.add_permits(2);
    assert_eq!(play.room.stats().await.tasks, 0);
    enter().await.unwrap();
}

#[tokio::test]
async fn nobody_is_let_in_while_the_process_holds_too_much_and_then_again() {
    // What a room says of a member is more than that, and nobody can be closed for it.
    let play = Play::with(Limits::default().grace_ms(0).process_bytes(Some(10)));
    let key = stage();
    let enter = || play.room.connect(&key, http::Request::get("/?name=x").body(()).unwrap());
    let stays = enter().await.unwrap();
    assert_eq!(enter().await.err(), Some(Close::OVERLOADED));
    drop(stays);
    assert_eq!(play.room.stats().await, Stats::default());
    enter().await.unwrap();
}

#[derive(Clone, Channel)]
#[channel("kept/:id", message = String, presence = String)]
struct Hall {
    id: String,
}

/// Keeps a clone of each connection, as a task of the app's may.
struct Keeps {
    conns: Arc<Mutex<Vec<Conn<Self>>>>,
    gate: Arc<Semaphore>,
}

impl Room for Keeps {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, _: &Upgrade<Hall>) -> Result<String, Deny> {
        Err(Deny::forbidden())
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.conns.lock().unwrap().push(conn.clone());
        Ok(())
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        conn.broadcast(&"bye".into()).unwrap();
        conn.set_presence(&"here".into()).unwrap();
        self.gate.acquire().await.unwrap().forget();
        conn.broadcast_all(&"now I am gone".into()).unwrap();
    }
}

#[tokio::test]
async fn nobody_else_speaks_for_who_has_left() {
    let (conns, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let keeps = Keeps { conns: Arc::clone(&conns), gate: Arc::clone(&gate) };
    let room = TestRoom::new(keeps.limits(Limits::default().grace_ms(0)));
    let key = Hall { id: "1".into() };
    let (mut ann, ben) = (room.join(key.clone(), "ann".into()).await, room.join(key, "ben".into()).await);
    ann.settle().await;
    let kept = conns.lock().unwrap()[1].clone();
    let speak = |text: &str| {
        kept.broadcast(&text.into()).unwrap();
        kept.broadcast_all(&text.into()).unwrap();
        kept.send(&text.into()).unwrap();
        kept.set_presence(&text.into()).unwrap();
    };
    let id = ben.id().clone();
    let said = |text: &str| Event::message(&ben, text.to_owned());
    let (bye, gone) = (said("bye"), said("now I am gone"));
    drop(ben);
    room.advance(0).await;
    speak("while on_leave runs");
    assert_eq!((ann.next().await, ann.next().await), (Event::Leave { id }, bye));
    gate.add_permits(1);
    assert_eq!(ann.settle().await, [gone]);
    speak("when it is over");
    assert_eq!(ann.settle().await, []);
    assert_eq!(kept.presence().unwrap(), None);
    gate.add_permits(1);
}

/// Its `data`, its guard or its seed never come, as the room is told.
struct Hangs {
    dropped: Arc<AtomicUsize>,
    where_: &'static str,
}

/// Counts how often the future that holds it was dropped.
struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hangs {
    async fn hang(&self, at: &str) {
        if self.where_ == at {
            let _counts = CountsDrop(Arc::clone(&self.dropped));
            std::future::pending().await
        }
    }
}

impl Room for Hangs {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, _: &Upgrade<Hall>) -> Result<String, Deny> {
        self.hang("data").await;
        Ok(String::new())
    }
}

struct HangingGuard(Hangs);

impl roomful::Guard<Hall> for HangingGuard {
    async fn check(&self, _: Upgrade<Hall>) -> Result<(), Deny> {
        self.0.hang("guard").await;
        Ok(())
    }
}

fn hanging(at: &'static str) -> (TestRoom<Hangs>, Arc<AtomicUsize>) {
    let dropped = Arc::default();
    let hangs = || Hangs { dropped: Arc::clone(&dropped), where_: at };
    (TestRoom::new(hangs().guard(HangingGuard(hangs()))), dropped)
}

#[tokio::test]
async fn an_opening_ends_with_its_socket() {
    for at in ["guard", "data"] {
        let (room, dropped) = hanging(at);
        let rooms = room.rooms().clone();
        let connect = || {
            let uri = "/?m=test&s=room&r=%7B%22id%22:%221%22%7D";
            let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
            rooms.platform().read(parts, roomful_core::Dialect::V1).connect()
        };
        let connections: Vec<_> = (0..100).map(|_| connect()).collect();
        room.advance(0).await;
        assert_eq!((rooms.stats().connections, rooms.stats().tasks), (100, 100), "{at}");
        drop(connections);
        assert_eq!(rooms.stats().connections, 0);
        room.advance(0).await;
        assert_eq!(rooms.stats(), roomful::Stats::default(), "{at}");
        assert_eq!(dropped.load(Ordering::Relaxed), 100, "{at}");
    }
}

#[tokio::test]
async fn an_opening_has_a_deadline() {
    for at in ["guard", "data"] {
        let (snapshotter, _guard) = record();
        let (logged, _subscriber) = Logged::start();
        let (room, dropped) = hanging(at);
        let request = http::Request::get("/").body(()).unwrap();
        let refused = room.connect(&Hall { id: "1".into() }, request).await.err();
        assert_eq!(refused, Some(Close::UNAVAILABLE), "{at}");
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "{at}");
        assert_eq!(room.stats().await.tasks, 0);
        let failed = count(&counted(&snapshotter), "roomful_handler_failures_total{hook=opening}");
        assert_eq!(failed, 1, "{at}");
        let lines = logged.take();
        let told = "guards and `data` took more than 10000 ms (`Limits::opening_timeout_ms`)";
        assert!(lines.len() == 1 && lines[0].contains(told), "{lines:?}");
    }
}

/// Its seed fails, and the hook that hears of it takes its time.
struct Unseeded {
    gate: Arc<Semaphore>,
}

impl Room for Unseeded {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    fn presence(&self, _: &Conn<Self>) -> Option<String> {
        panic!("on purpose")
    }

    async fn on_error(&self, _: &Conn<Self>, _: roomful::Error) {
        self.gate.acquire().await.unwrap().forget();
    }
}

#[tokio::test]
async fn what_is_still_told_of_a_seed_that_failed_counts_among_those_who_have_left() {
    let gate = Arc::new(Semaphore::new(0));
    let room = TestRoom::new(Unseeded { gate: Arc::clone(&gate) }.limits(Limits::default().grace_ms(0).departed(2)));
    let key = Hall { id: "1".into() };
    let enter = || room.connect(&key, http::Request::new(()));
    for _ in 0..2 {
        assert_eq!(enter().await.err(), Some(Close::JOIN_FAILED));
    }
    assert_eq!(enter().await.err(), Some(Close::OVERLOADED));
    gate.add_permits(2);
    assert_eq!(room.stats().await.tasks, 0);
    assert_eq!(enter().await.err(), Some(Close::JOIN_FAILED));
}
