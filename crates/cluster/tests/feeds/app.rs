//! An app with a feed, a live value and a room, on several nodes in one process and in virtual time.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use roomful::{AsNumber, Channel, Conn, Deny, Feed, Limits, Live, Result, Room, Rooms, Upgrade, UserId};
use roomful_cluster::{MemoryBroker, MemoryEndpoint, NodeBounds, NodeStart, connect_node};
use roomful_core::Dialect;
use roomful_core::cluster::{ClusterConfig, ClusterSettings, Incarnation, NodeName};
use roomful_runtime::{Connection, Delivery, Host, ToWrite, Transport};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const APP: &str = "shop";

/// Virtual time.
pub(crate) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[derive(Clone, Channel)]
#[channel("board/:id", message = Value, event = Value)]
pub(crate) struct Board {
    id: String,
}

pub(crate) fn board(id: &str) -> Board {
    Board { id: id.to_owned() }
}

struct Ticker;

impl Feed for Ticker {
    type Channel = Board;
    type Data = ();

    async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
        Ok(())
    }
}

#[derive(Clone, Channel)]
#[channel("desk/:id", message = Value, presence = String, info = String)]
pub(crate) struct Desk {
    id: String,
}

/// Shows at its join as many bytes as the upgrade says, and then as many as the client asks for; says what came of that.
struct Showing;

impl Room for Showing {
    type Channel = Desk;
    type Data = usize;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<usize, Deny> {
        Ok(upgrade.header("x-shows").and_then(|bytes| bytes.parse().ok()).unwrap_or_default())
    }

    fn user(&self, _: &usize) -> Option<UserId> {
        UserId::new("u".repeat(200)).ok()
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<String> {
        Some("s".repeat(*conn.data()))
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        let bytes = |what: &str| msg[what].as_u64().map(|bytes| "s".repeat(usize::try_from(bytes).unwrap()));
        let shown = match (bytes("info"), bytes("state")) {
            (Some(info), _) => conn.set_info(&info),
            (None, Some(state)) => conn.set_presence(&state),
            (None, None) => conn.broadcast(&msg),
        };
        conn.send(&json!({ "came": shown.err().map(|error| format!("{:?}", error.kind())) }))
    }
}

/// What the database of the whole app would have.
#[derive(Clone, Default)]
pub(crate) struct Database(Arc<AtomicU64>);

impl Database {
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Counter {
    database: Database,
    loads: Arc<AtomicUsize>,
}

impl Live for Counter {
    type Channel = Board;
    type Value = AsNumber<u64>;

    async fn load(&self, _: &Board) -> Result<AsNumber<u64>> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        Ok(AsNumber(self.database.0.load(Ordering::Relaxed)))
    }
}

/// A node that runs, and its way to the broker.
pub(crate) struct Node {
    pub(crate) rooms: Rooms,
    pub(crate) endpoint: MemoryEndpoint,
    loads: Arc<AtomicUsize>,
    task: Option<JoinHandle<()>>,
}

impl Node {
    pub(crate) async fn start(broker: &MemoryBroker, name: &str, database: &Database) -> Self {
        let mut node = Self::alone(broker, database, Limits::default());
        node.join(name).await;
        node
    }

    /// Not a node yet.
    pub(crate) fn alone(broker: &MemoryBroker, database: &Database, limits: Limits) -> Self {
        let loads = Arc::new(AtomicUsize::new(0));
        let counter = Counter { database: database.clone(), loads: loads.clone() };
        let define = Rooms::new().limits(limits);
        let rooms = define
            .module("board", |m| m.feed("ticker", Ticker).live("counter", counter).room("desk", Showing))
            .build()
            .unwrap();
        let began = Instant::now();
        rooms.platform().start(|| Arc::new(Clock(began)));
        Self { rooms, endpoint: broker.endpoint(APP), loads, task: None }
    }

    pub(crate) async fn join(&mut self, name: &str) {
        static RANDOM: AtomicU64 = AtomicU64::new(1);
        let platform = self.rooms.platform();
        let limits = &platform.settings().limits;
        let name = NodeName::parse(name).unwrap();
        let config = ClusterConfig { app: APP.into(), name, key: None, settings: ClusterSettings::of(limits) };
        let link = connect_node(Box::new(self.endpoint.clone()), NodeBounds::of(limits), true).await.unwrap();
        let random = || RANDOM.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let me =
            Incarnation { start: 1_764_456_000_000 + random() % 1_000, name: config.name.clone(), random: random() };
        let (queue, told) = platform.join_cluster(APP, me.clone()).unwrap();
        self.task = Some(tokio::spawn(link.begin(NodeStart { config, me, queue, rooms: told, random })));
    }

    pub(crate) async fn publish(&self, id: &str, event: u64) -> Result {
        self.rooms.publish(&board(id), &json!(event)).await
    }

    pub(crate) async fn wake(&self, id: &str) -> Result {
        self.rooms.wake(&board(id)).await
    }

    pub(crate) fn is_well(&self) -> bool {
        self.rooms.cluster().is_some_and(|health| health.is_well)
    }

    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::Relaxed)
    }

    /// Somebody who has been let in to listen, and the first frame.
    pub(crate) async fn listen(&self, name: &str, id: &str) -> (Listener, Value) {
        self.resume(name, id, None).await
    }

    /// The same, with what it was given before, and how far it has heard.
    pub(crate) async fn resume(&self, name: &str, id: &str, resume: Option<(&Value, u64)>) -> (Listener, Value) {
        let key = json!({ "id": id }).to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let offers = match resume {
            None => "roomful.v1".to_owned(),
            Some((first, seen)) => {
                format!("roomful.v1, roomful.resume.{}.{seen}", first["session"].as_str().unwrap())
            }
        };
        let request = Request::builder().uri(format!("{}?m=board&s={name}&r={key}", self.rooms.path()));
        let (parts, ()) = request.header("sec-websocket-protocol", offers).body(()).unwrap().into_parts();
        let connection = self.rooms.platform().read(parts, Dialect::V1).connect();
        let mut listener = Listener(Mutex::new(connection));
        let first = listener.next().await;
        assert_eq!(first["t"], "feed", "{first}");
        (listener, first)
    }

    /// Somebody who asks to be let into the desk, and shows so many bytes.
    pub(crate) fn enter(&self, shows: usize) -> Listener {
        Listener(Mutex::new(self.rooms.platform().read(self.at_desk(shows), Dialect::V1).connect()))
    }

    /// The same, whose socket is at a thread with others.
    pub(crate) fn enter_at(&self, sockets: &Arc<Sockets>) -> Connection<Sockets> {
        self.rooms.platform().read(self.at_desk(0), Dialect::V1).connect_at(Arc::clone(sockets))
    }

    fn at_desk(&self, shows: usize) -> Parts {
        let request = Request::builder().uri(format!("{}?m=board&s=desk&r=%7B%22id%22:%22a%22%7D", self.rooms.path()));
        let request = request.header("sec-websocket-protocol", "roomful.v1").header("x-shows", shows);
        request.body(()).unwrap().into_parts().0
    }

    /// As SIGKILL does it.
    pub(crate) fn kill(&mut self) {
        self.task.take().unwrap().abort();
    }
}

/// A thread of sockets, which is as far behind as it is told.
#[derive(Default)]
pub(crate) struct Sockets {
    sent: Mutex<Vec<String>>,
    pub(crate) waiting: AtomicUsize,
}

impl Sockets {
    /// What was sent to the room, since it was asked for the last time.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.sent.lock().unwrap())
            .iter()
            .map(|frame| serde_json::from_str(frame).unwrap())
            .collect()
    }
}

impl Transport for Sockets {
    fn deliver(&self, delivery: Delivery) {
        if let Delivery::Fanout { frames, .. } = delivery
            && let Some(frame) = frames.get(Dialect::V1).map(|frame| frame.frame())
        {
            self.sent.lock().unwrap().push(String::from_utf8(frame.to_vec()).unwrap());
        }
    }

    fn ring(&self) {}

    fn waiting_bytes(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A client's end of a connection.
pub(crate) struct Listener(Mutex<Connection>);

impl Listener {
    pub(crate) async fn next(&mut self) -> Value {
        self.next_or_close().await.unwrap_or_else(|close| panic!("closed: {close}"))
    }

    /// The next frame, or with which code it is closed.
    pub(crate) async fn next_or_close(&mut self) -> Result<Value, u16> {
        let mailbox = Arc::clone(self.0.get_mut().unwrap().mailbox());
        match std::future::poll_fn(|cx| mailbox.poll_next(cx)).await {
            ToWrite::Frame(frame) => Ok(serde_json::from_slice(&frame).unwrap()),
            ToWrite::Close(close) => Err(close.code),
        }
    }

    /// Says something, and gives what it is answered.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        self.0.get_mut().unwrap().receive(frame.to_string().as_bytes());
        self.next().await
    }

    /// What has come by now, in short: an event's number, a value as `=1`, `gap`.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        let mailbox = Arc::clone(self.0.get_mut().unwrap().mailbox());
        let mut heard = Vec::new();
        while let Some(ToWrite::Frame(frame)) = mailbox.try_next() {
            let frame: Value = serde_json::from_slice(&frame).unwrap();
            heard.push(match frame["t"].as_str().unwrap() {
                "event" => frame["event"].to_string(),
                "value" => format!("={}", frame["value"]),
                other => other.to_owned(),
            });
        }
        heard
    }
}

/// What a subscription has by now.
pub(crate) fn waiting(subscription: &mut roomful::Subscription<Board>) -> Vec<String> {
    let mut heard = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let std::task::Poll::Ready(Some(next)) = std::pin::pin!(subscription.next()).as_mut().poll(&mut cx) {
        heard.push(match next {
            roomful::Heard::Event(event) => event.to_string(),
            roomful::Heard::Lagged { missed } => format!("{missed} missed"),
        });
    }
    heard
}

struct Clock(Instant);

impl Host for Clock {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(task);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }

    fn sleep_until(&self, at: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep_until(self.0 + Duration::from_millis(at)))
    }

    fn random(&self) -> u128 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64
    }
}
