//! Live values: loaded once for all, and anew when they may have changed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use roomful::test::TestLive;
use roomful::{Error, ForAll, Limits, Live, LiveExt as _, LiveFor, LiveForExt as _, Result};
use tokio::sync::Semaphore;

use super::*;
use crate::scripted::Log;

/// What the next load does.
enum Load {
    Is(String),
    Fails,
    Panics,
    /// Until the test lets it go on.
    Waits,
    Hangs,
}

#[derive(Clone)]
struct Tasks {
    loads: Arc<Mutex<VecDeque<Load>>>,
    gate: Arc<Semaphore>,
    log: Log,
}

impl Tasks {
    fn new() -> Self {
        Self { loads: Arc::default(), gate: Arc::new(Semaphore::new(0)), log: Log::default() }
    }

    /// The loads from now on; after them each is `same`.
    fn then(&self, loads: impl IntoIterator<Item = Load>) {
        self.loads.lock().unwrap().extend(loads);
    }

    fn next(&self) -> Load {
        self.loads.lock().unwrap().pop_front().unwrap_or(Load::Is("same".to_owned()))
    }
}

impl Live for Tasks {
    type Channel = Board;
    type Value = String;

    async fn load(&self, board: &Board) -> Result<String> {
        self.log.note(format!("load {}", board.id));
        match self.next() {
            Load::Is(value) => Ok(value),
            Load::Fails => Err(Error::msg("no database")),
            Load::Panics => panic!("on purpose"),
            Load::Waits => {
                self.gate.acquire().await?.forget();
                Ok("waited".to_owned())
            }
            Load::Hangs => std::future::pending().await,
        }
    }

    async fn on_error(&self, board: &Board, error: Error) {
        self.log.note(format!("error {}: {error}", board.id));
    }
}

struct Values {
    live: TestLive<ForAll<Tasks>>,
    tasks: Tasks,
}

impl Values {
    fn new(limits: Limits) -> Self {
        let tasks = Tasks::new();
        Self { live: TestLive::new(tasks.clone().limits(limits)), tasks }
    }

    async fn listen(&self) -> TestListener<String> {
        self.live.connect(&board("a"), Request::new(())).await.unwrap()
    }

    /// It loses its connection, and that is noticed.
    async fn lose(&self, listener: &mut TestListener<String>) {
        listener.drop_connection();
        self.live.advance(0).await;
    }

    async fn wake(&self) {
        self.live.rooms().wake(&board("a")).await.unwrap();
    }

    /// What has reached a listener after so long.
    async fn after(&self, ms: u64, listener: &mut TestListener<String>) -> Vec<String> {
        self.live.advance(ms).await;
        std::iter::from_fn(|| listener.written()).collect()
    }
}

fn value(value: &str, seq: u64) -> String {
    format!(r#"{{"t":"value","value":"{value}","seq":{seq}}}"#)
}

const FAILED: &str = r#"{"t":"error","code":"handler_failed","reason":"the value could not be loaded"}"#;
const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn it_is_loaded_once_for_all_who_listen() {
    let values = Values::new(Limits::default());
    let (mut ann, mut ben) = (values.listen().await, values.listen().await);
    assert_eq!((ann.next().await, ben.next().await), (said("same".to_owned()), said("same".to_owned())));
    let mut cat = values.listen().await;
    assert!(cat.first().contains(r#""seq":0,"#), "she has nothing before it comes: {}", cat.first());
    assert_eq!(cat.next().await, said("same".to_owned()));
    assert_eq!(values.tasks.log.take(), ["load a"]);
    values.tasks.then([Load::Is("new".to_owned())]);
    values.wake().await;
    for listener in [&mut ann, &mut ben, &mut cat] {
        assert_eq!(values.after(0, listener).await, [value("new", 2)]);
    }
    assert_eq!(values.tasks.log.take(), ["load a"]);
}

#[tokio::test]
async fn wakes_while_it_is_loaded_are_one_more_load() {
    let values = Values::new(Limits::default());
    values.tasks.then([Load::Waits]);
    let mut ann = values.listen().await;
    for _ in 0..100 {
        values.wake().await;
    }
    assert_eq!(values.after(0, &mut ann).await, NOTHING);
    assert_eq!(values.tasks.log.take(), ["load a"]);
    values.tasks.gate.add_permits(1);
    assert_eq!(values.after(0, &mut ann).await, [value("same", 2)], "who has not read the one before need not");
    assert_eq!(values.tasks.log.take(), ["load a"]);
    values.wake().await;
    assert_eq!(values.after(0, &mut ann).await, NOTHING, "the same bytes are not sent again");
    assert_eq!(values.tasks.log.take(), ["load a"]);
}

#[tokio::test]
async fn nobody_listens_and_nothing_is_loaded() {
    let values = Values::new(Limits::default());
    values.wake().await;
    let mut ann = values.listen().await;
    assert_eq!(ann.next().await, said("same".to_owned()));
    values.lose(&mut ann).await;
    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!(values.after(0, &mut ann).await, NOTHING, "she has it, and nobody has woken it");
    values.lose(&mut ann).await;
    assert_eq!(values.tasks.log.take(), ["load a"]);
    values.wake().await;
    values.live.advance(0).await;
    assert_eq!(values.tasks.log.take(), NOTHING);
    values.tasks.then([Load::Is("new".to_owned())]);
    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!(values.after(0, &mut ann).await, [value("new", 2)], "what was woken unheard was not kept");
    values.lose(&mut ann).await;
    let stats = values.live.stats().await;
    assert_eq!((stats.feeds, stats.tasks, stats.connections, stats.bytes), (0, 0, 0, 0));
}

#[tokio::test]
async fn who_is_cut_off_before_the_value_comes_is_sent_it_again() {
    let values = Values::new(Limits::default());
    let mut ann = values.listen().await;
    assert_eq!(ann.next().await, said("same".to_owned()));
    let mut ben = values.listen().await;
    values.lose(&mut ben).await;
    for (listener, value) in [(&mut ann, vec![]), (&mut ben, vec![value("same", 1)])] {
        assert_eq!(listener.resume().await, Ok(true));
        assert_eq!(values.after(0, listener).await, value);
    }
}

#[tokio::test]
async fn who_reads_slowly_has_the_latest_value_and_is_never_cut() {
    let values = Values::new(Limits::default().outbox_bytes(600));
    let (mut ann, mut ben) = (values.listen().await, values.listen().await);
    assert_eq!(ben.next().await, said("same".to_owned()));
    for n in 1..=40 {
        values.tasks.then([Load::Is(format!("the value {n}"))]);
        values.wake().await;
        assert_eq!(ben.next().await, said(format!("the value {n}")));
    }
    assert_eq!(values.after(0, &mut ann).await, [value("the value 40", 41)]);
    values.tasks.then([Load::Fails]);
    values.wake().await;
    values.live.advance(0).await;
    assert_eq!(values.after(250, &mut ann).await, [FAILED.to_owned(), value("same", 42)], "nothing overtakes an error");
}

#[tokio::test]
async fn a_publish_on_its_channel_wakes_it() {
    let values = Values::new(Limits::default());
    let mut ann = values.listen().await;
    assert_eq!(ann.next().await, said("same".to_owned()));
    values.tasks.then([Load::Is("new".to_owned())]);
    values.live.rooms().publish(&board("b"), &1).await.unwrap();
    assert_eq!(values.after(0, &mut ann).await, NOTHING);
    values.live.rooms().publish(&board("a"), &1).await.unwrap();
    assert_eq!(values.after(0, &mut ann).await, [value("new", 2)]);
}

#[tokio::test]
async fn a_load_that_fails_leaves_the_last_value_and_is_tried_again() {
    let values = Values::new(Limits::default());
    let mut ann = values.listen().await;
    assert_eq!(values.after(0, &mut ann).await, [value("same", 1)]);
    values.tasks.log.take();
    values.tasks.then([Load::Fails, Load::Panics]);
    values.wake().await;
    assert_eq!(values.after(0, &mut ann).await, [FAILED]);
    assert_eq!(values.tasks.log.take(), ["load a", "error a: no database"]);
    let mut ben = values.listen().await;
    assert_eq!(values.after(0, &mut ben).await, [value("same", 1), FAILED.to_owned()]);
    values.wake().await;
    assert_eq!(values.after(249, &mut ann).await, NOTHING);
    assert_eq!(values.tasks.log.take(), NOTHING, "a wake does not hurry it");
    assert_eq!(values.after(1, &mut ann).await, NOTHING, "told once");
    assert_eq!(values.tasks.log.take(), ["load a", "error a: a hook panicked: on purpose"]);
    assert_eq!(values.after(499, &mut ann).await, NOTHING);
    assert_eq!(values.after(1, &mut ann).await, [value("same", 1)], "the error is over");
    assert_eq!(values.after(0, &mut ben).await, [value("same", 1)]);
    assert_eq!(values.tasks.log.take(), ["load a"]);
}

#[tokio::test]
async fn a_load_that_hangs_is_dropped_after_its_time() {
    let values = Values::new(Limits::default());
    values.tasks.then([Load::Hangs]);
    let mut ann = values.listen().await;
    assert_eq!(values.after(9_999, &mut ann).await, NOTHING);
    assert_eq!(values.after(1, &mut ann).await, [FAILED]);
    let error = "error a: a live value took over 10000 ms to load (`Limits::load_timeout_ms`)";
    assert_eq!(values.tasks.log.take(), ["load a", error]);
    assert_eq!(values.after(250, &mut ann).await, [value("same", 1)]);
}

#[tokio::test]
async fn a_value_that_is_too_large_is_a_load_that_failed() {
    let values = Values::new(Limits::default().message_bytes(10));
    values.tasks.then([Load::Is("x".repeat(9))]);
    let mut ann = values.listen().await;
    assert_eq!(values.after(0, &mut ann).await, [FAILED]);
    assert_eq!(values.tasks.log.take().len(), 2);
}

#[tokio::test]
async fn who_leaves_while_it_is_loaded_leaves_nothing_behind() {
    let values = Values::new(Limits::default());
    values.tasks.then([Load::Hangs]);
    let ann = values.listen().await;
    drop(ann);
    values.live.advance(40_000).await;
    let stats = values.live.stats().await;
    assert_eq!((stats.feeds, stats.tasks, stats.bytes), (0, 0, 0));
}

/// It differs by who asks.
struct Greeting(Log);

impl LiveFor for Greeting {
    type Channel = Board;
    type Data = String;
    type Value = String;

    async fn data(&self, upgrade: &Upgrade<Board>) -> Result<String, Deny> {
        upgrade.query("role").ok_or_else(Deny::forbidden)
    }

    async fn load_for(&self, board: &Board, role: &String) -> Result<String> {
        self.0.note(format!("load {} for {role}", board.id));
        Ok(format!("hello {role}"))
    }
}

#[tokio::test]
async fn who_has_equal_data_has_one_value() {
    let log = Log::default();
    let live = TestLive::new_for(Greeting(log.clone()).limits(Limits::default()));
    let listen = async |role: &str| {
        live.connect(&board("a"), Request::get(format!("/?role={role}")).body(()).unwrap()).await.unwrap()
    };
    let (mut ann, mut ben, mut cat) = (listen("host").await, listen("guest").await, listen("guest").await);
    assert_eq!(ann.next().await, said("hello host".to_owned()));
    assert_eq!((ben.next().await, cat.next().await), (said("hello guest".to_owned()), said("hello guest".to_owned())));
    assert_eq!(log.take(), ["load a for host", "load a for guest"]);
    live.rooms().wake(&board("a")).await.unwrap();
    live.advance(0).await;
    let mut loads = log.take();
    loads.sort();
    assert_eq!(loads, ["load a for guest", "load a for host"]);
    assert_eq!(live.connect(&board("a"), Request::new(())).await.map(drop), Err(roomful::Close::FORBIDDEN));
}
