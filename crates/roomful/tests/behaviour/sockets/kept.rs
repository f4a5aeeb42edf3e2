//! A socket on a platform that puts its process away: admitted in one place, opened in another, gone on with in a third.

use std::sync::Arc;

use roomful::{Close, Deny, Rooms, Socket, SocketConn, SocketExt as _, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Admitted, Destination};
use tokio::sync::Semaphore;

use super::{Desk, Scripted};
use crate::keeper::{Beside, Platform, until, written};
use crate::scripted::Log;

struct Stage {
    log: Log,
    gate: Arc<Semaphore>,
    beside: Beside,
}

impl Stage {
    fn new() -> Self {
        Self { log: Log::default(), gate: Arc::new(Semaphore::new(0)), beside: Beside::default() }
    }

    /// A new process, with nothing in memory.
    fn process(&self) -> Rooms {
        let scripted = Scripted { log: self.log.clone(), gate: Arc::clone(&self.gate) };
        let log = self.log.clone();
        let guard = move |_: Upgrade<Desk>| {
            log.note("guard");
            std::future::ready(Ok::<(), Deny>(()))
        };
        let rooms = Rooms::new().module("m", |m| m.socket("socket", scripted.guard(guard))).build().unwrap();
        rooms.platform().start(|| Arc::new(Platform::new(&self.beside)));
        rooms
    }

    async fn vet(&self, name: &str) -> Admitted {
        let uri = format!("/?m=m&s=socket&r=%7B%22id%22:%221%22%7D&name={name}");
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        self.process().platform().read(parts, Dialect::V1).admit(std::future::pending()).await.unwrap()
    }
}

const OPEN: &str = r#"{"t":"open","heartbeat":25000,"limits":{"frame":65536}}"#;

#[tokio::test(start_paused = true)]
async fn a_vetted_connection_goes_on_in_any_process() {
    let stage = Stage::new();
    let admitted = stage.vet("talks+in+open").await;
    assert_eq!(admitted.path(), "m/socket");
    assert!(matches!(admitted.destination(), Some(Destination::Socket)), "a socket goes anywhere");
    assert_eq!(stage.log.take(), ["guard"]);

    let first = stage.process();
    let connection = first.platform().connect(admitted);
    assert_eq!([written(&connection).await, written(&connection).await], [OPEN, r#""opened""#]);
    assert_eq!(stage.log.take(), [""; 0], "no guard runs where it is opened");
    let id = connection.member().clone();
    until("opened", || first.stats().tasks == 0).await;

    first.platform().put_away();
    let second = stage.process();
    let mut restored = second.platform().restore(stage.beside.all(), Vec::new());
    let [connection] = &mut restored[..] else { panic!("one connection") };
    assert_eq!(connection.member(), &id);
    connection.receive(br#""WhoAmI""#);
    let known = format!(r#"["{id}","1",null,"talks in open"]"#);
    assert_eq!(written(connection).await, known, "neither the first frame nor `open` comes again");
    assert_eq!((second.stats().rooms, second.stats().members, second.stats().connections), (0, 0, 1));

    connection.end(&Close::from_app(4000, "enough").unwrap(), None);
    until("over", || second.stats().tasks == 0).await;
    assert_eq!(stage.log.take(), ["close 4000 enough", "deferred late"], "teardowns do not outlive their process");
    assert!(stage.beside.all().is_empty(), "what is over is not kept");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_outlives_its_process_ends_nothing() {
    let stage = Stage::new();
    let admitted = stage.vet("ann").await;
    let first = stage.process();
    let mut connection = first.platform().connect(admitted);
    assert_eq!(written(&connection).await, OPEN);
    connection.receive(br#"{"Send":"waits next"}"#);
    connection.receive(br#"{"Wait":"late"}"#);
    assert_eq!(written(&connection).await, r#""waits next""#);
    first.platform().put_away();
    let second = stage.process();
    let mut restored = second.platform().restore(stage.beside.all(), Vec::new());

    stage.gate.add_permits(1);
    until("over", || first.stats().tasks == 0).await;
    drop(connection);
    assert_eq!(stage.log.take(), ["guard", "late"], "no end, for the connection goes on");
    assert_eq!(stage.beside.all().len(), 1, "and is kept");
    restored[0].receive(br#"{"Send":"here"}"#);
    assert_eq!(written(&restored[0]).await, r#""here""#);
}

#[tokio::test(start_paused = true)]
async fn an_open_that_was_cut_off_does_not_run_twice() {
    let stage = Stage::new();
    let admitted = stage.vet("waits+in+open").await;
    let first = stage.process();
    let connection = first.platform().connect(admitted);
    assert_eq!(written(&connection).await, OPEN);
    first.platform().put_away();

    let restored = stage.process().platform().restore(stage.beside.all(), Vec::new());
    assert_eq!(written(&restored[0]).await, "close 1011 join failed");
    until("forgotten", || stage.beside.all().is_empty()).await;
    stage.gate.add_permits(1);
    until("over", || first.stats().tasks == 0).await;
    assert!(stage.beside.all().is_empty(), "the first process, which is late, keeps nothing");
    assert_eq!(stage.log.take(), ["guard", "close 1011 join failed", "deferred late", "opened"]);
}

#[tokio::test(start_paused = true)]
async fn what_another_version_found_is_not_guessed_at() {
    struct OtherData;
    impl Socket for OtherData {
        type Channel = Desk;
        type Data = u64;
        async fn data(&self, _: &Upgrade<Desk>) -> Result<u64, Deny> {
            Ok(0)
        }
        async fn open(&self, _: &SocketConn<Self>) -> roomful::Result {
            panic!("it must not open")
        }
    }
    let stage = Stage::new();
    let admitted = stage.vet("ann").await;
    let first = stage.process();
    let connection = first.platform().connect(admitted.clone());
    assert_eq!(written(&connection).await, OPEN);
    first.platform().put_away();

    for other in [
        Rooms::new().module("m", |m| m.socket("socket", OtherData)),
        Rooms::new().module("m", |m| m.socket("renamed", OtherData)),
    ] {
        let other = other.build().unwrap();
        other.platform().start(|| Arc::new(Platform::new(&stage.beside)));
        assert_eq!(written(&other.platform().connect(admitted.clone())).await, "close 1011 join failed");
    }
    let other = Rooms::new().module("m", |m| m.socket("socket", OtherData)).build().unwrap();
    other.platform().start(|| Arc::new(Platform::new(&stage.beside)));
    let restored = other.platform().restore(stage.beside.all(), Vec::new());
    assert_eq!(written(&restored[0]).await, "close 1012 retry=0");
    assert!(stage.beside.all().is_empty());
}
