//! An app with one room, on several nodes in one process and in virtual time, and clients that come back.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::Request;
use roomful::{Channel, Conn, Deny, Drain, Limits, Result, Room, Rooms, Upgrade, UserId};
use roomful_cluster::{MemoryBroker, MemoryEndpoint, NodeBounds, NodeStart, connect_node};
use roomful_core::cluster::{ClusterConfig, ClusterSettings, Incarnation, NodeName};
use roomful_core::{Close, Dialect};
use roomful_runtime::{Connection, Host, ToWrite};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const APP: &str = "shop";

/// Virtual time.
pub(crate) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[derive(Clone, PartialEq, Debug, Channel)]
#[channel("hall/:id", message = Value, presence = Value)]
pub(crate) struct Hall {
    id: String,
}

pub(crate) fn hall() -> Hall {
    Hall { id: "a".to_owned() }
}

/// Says to all others what its clients say. What begins with `wait` only when the test lets it, and what is `fail` never.
pub(crate) struct Echo {
    handled: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Echo {
    fn note(&self, what: String) {
        self.handled.lock().unwrap().push(what);
    }
}

impl Room for Echo {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        let name = upgrade.uri().query().unwrap_or_default().rsplit("user=").next().unwrap_or_default();
        Ok(name.to_owned())
    }

    fn user(&self, data: &String) -> Option<UserId> {
        UserId::new(data.clone()).ok()
    }

    fn presence(&self, _: &Conn<Self>) -> Option<Value> {
        Some(json!("new"))
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result<()> {
        let text = msg.to_string();
        if text.contains("wait") {
            self.gate.acquire().await.unwrap().forget();
        }
        self.note(format!("{} {msg}", conn.data()));
        if text.contains("fail") {
            return Err(std::io::Error::other("it was told to").into());
        }
        conn.broadcast(&msg)
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.note(format!("{} left", conn.data()));
    }
}

/// A node that runs, and its way to the broker.
pub(crate) struct Node {
    pub(crate) rooms: Rooms,
    pub(crate) endpoint: MemoryEndpoint,
    handled: Arc<Mutex<Vec<String>>>,
    pub(crate) gate: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Node {
    pub(crate) async fn start(broker: &MemoryBroker, name: &str, limits: Limits) -> Self {
        static RANDOM: AtomicU64 = AtomicU64::new(1);
        let (handled, gate) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Semaphore::new(0)));
        let echo = Echo { handled: Arc::clone(&handled), gate: Arc::clone(&gate) };
        let rooms = Rooms::new().limits(limits).module("m", |m| m.room("hall", echo)).build().unwrap();
        let (began, endpoint) = (Instant::now(), broker.endpoint(APP));
        let platform = rooms.platform();
        platform.start(|| Arc::new(Clock(began)));
        let limits = &platform.settings().limits;
        let name = NodeName::parse(name).unwrap();
        let config = ClusterConfig { app: APP.into(), name, key: None, settings: ClusterSettings::of(limits) };
        let link = connect_node(Box::new(endpoint.clone()), NodeBounds::of(limits), true).await.unwrap();
        let random = || RANDOM.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let me =
            Incarnation { start: 1_764_456_000_000 + random() % 1_000, name: config.name.clone(), random: random() };
        let (queue, told) = platform.join_cluster(APP, me.clone()).unwrap();
        let task = tokio::spawn(link.begin(NodeStart { config, me, queue, rooms: told, random }));
        Self { rooms, endpoint, handled, gate, task }
    }

    pub(crate) fn is_well(&self) -> bool {
        self.rooms.cluster().is_some_and(|health| health.is_well)
    }

    /// What its hooks did, as far as it was not looked at.
    pub(crate) fn handled(&self) -> Vec<String> {
        std::mem::take(&mut self.handled.lock().unwrap())
    }

    /// Somebody comes, or comes back with what it was given before.
    pub(crate) async fn come(&self, user: &str, before: Option<&Client>) -> Client {
        let mut client = self.connect(user, before.map(Client::offer).as_deref());
        client.greet().await;
        client.last_id = before.map_or(0, |before| before.last_id);
        client
    }

    /// The same, with this offer, where what comes of it is still to be read.
    pub(crate) fn connect(&self, user: &str, offer: Option<&str>) -> Client {
        let offers: Vec<_> = std::iter::once("roomful.v1").chain(offer).collect();
        let uri = format!("{}?m=m&s=hall&r=%7B%22id%22:%22a%22%7D&user={user}", self.rooms.path());
        let request = Request::builder().uri(uri).header("sec-websocket-protocol", offers.join(", "));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let connection = self.rooms.platform().read(parts, Dialect::V1).connect();
        Client {
            connection: Mutex::new(connection),
            snapshot: Value::Null,
            frames: VecDeque::new(),
            seen: 0,
            last_id: 0,
        }
    }

    /// Who is in as this node knows it, and whether each is away.
    pub(crate) async fn members(&self) -> BTreeMap<String, bool> {
        let members = self.rooms.at(&hall()).members().await.unwrap();
        members.into_iter().map(|member| (member.id.to_string(), member.away)).collect()
    }

    /// Ends as SIGTERM has it, beside what else happens.
    pub(crate) fn drain(&self) -> JoinHandle<bool> {
        let platform = self.rooms.platform();
        tokio::spawn(async move { platform.drain(&Drain::default()).await })
    }

    /// As SIGKILL does it to what others hear of it.
    pub(crate) fn kill(&self) {
        self.task.abort();
    }
}

/// A client with its connection.
pub(crate) struct Client {
    connection: Mutex<Connection>,
    pub(crate) snapshot: Value,
    frames: VecDeque<Value>,
    /// The number of the last message that the test was given.
    pub(crate) seen: u64,
    last_id: u64,
}

impl Client {
    pub(crate) fn id(&self) -> &str {
        self.snapshot["self"].as_str().unwrap()
    }

    /// What it presents when it comes back.
    pub(crate) fn offer(&self) -> String {
        format!("roomful.resume.{}.{}", self.snapshot["session"].as_str().unwrap(), self.seen)
    }

    /// Whether all that it missed follows.
    pub(crate) fn is_resumed(&self) -> bool {
        self.snapshot["resumed"] == true
    }

    pub(crate) fn acked(&self) -> Option<u64> {
        self.snapshot["acked"].as_u64()
    }

    /// What is shown of that member in its snapshot.
    pub(crate) fn state_of(&self, id: &str) -> Option<Value> {
        let members = self.snapshot["members"].as_array().unwrap();
        members.iter().find(|member| member["id"] == id)?.get("state").cloned()
    }

    pub(crate) async fn greet(&mut self) {
        self.read().await;
        self.snapshot = self.frames.pop_front().unwrap();
        assert_eq!(self.snapshot["t"], "snapshot", "{}", self.snapshot);
        if !self.is_resumed() {
            self.seen = self.snapshot["seq"].as_u64().unwrap();
        }
    }

    /// Says it with a number of its own.
    pub(crate) fn say(&mut self, msg: impl Into<Value>) -> u64 {
        self.last_id += 1;
        self.say_as(self.last_id, msg);
        self.last_id
    }

    pub(crate) fn say_as(&mut self, id: u64, msg: impl Into<Value>) {
        self.last_id = self.last_id.max(id);
        self.send(&json!({ "t": "msg", "msg": msg.into(), "id": id }));
    }

    pub(crate) fn show(&mut self, state: impl Into<Value>) {
        self.last_id += 1;
        self.send(&json!({ "t": "presence", "state": state.into(), "id": self.last_id }));
    }

    pub(crate) fn send(&mut self, frame: &Value) {
        self.connection.get_mut().unwrap().receive(frame.to_string().as_bytes());
    }

    /// Its socket is lost.
    pub(crate) fn lose(&self) {
        self.held().end(&Close::LOST, None);
    }

    /// Its client closes it so.
    pub(crate) fn close(&self, close: &Close) {
        self.held().closed_by_client(close);
    }

    /// What messages have come by now, each once and in the order in which they came; what else came is dropped.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        self.take_in();
        let mut heard = Vec::new();
        for frame in std::mem::take(&mut self.frames) {
            self.seen = frame["seq"].as_u64().unwrap_or(self.seen);
            match frame["t"].as_str() {
                Some("msg") => {
                    heard.push(frame["msg"].as_str().map_or_else(|| frame["msg"].to_string(), str::to_owned))
                }
                Some("gap") => heard.push("a gap".to_owned()),
                Some("error") => heard.push(format!("{} {}", frame["code"].as_str().unwrap(), frame["id"])),
                Some("presence") if frame["op"] != "join" && frame["op"] != "update" => {
                    heard.push(frame["op"].as_str().unwrap().to_owned());
                }
                _ => {}
            }
        }
        heard
    }

    /// How the server has closed it by now.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        let mailbox = Arc::clone(self.held().mailbox());
        while let Some(next) = mailbox.try_next() {
            if let ToWrite::Close(close) = next {
                return Some(close.code);
            }
        }
        None
    }

    async fn read(&mut self) {
        let mailbox = Arc::clone(self.held().mailbox());
        match std::future::poll_fn(|cx| mailbox.poll_next(cx)).await {
            ToWrite::Frame(frame) => self.keep(&frame),
            ToWrite::Close(close) => panic!("closed: {close:?}"),
        }
    }

    fn take_in(&mut self) {
        let mailbox = Arc::clone(self.held().mailbox());
        while let Some(next) = mailbox.try_next() {
            match next {
                ToWrite::Frame(frame) => self.keep(&frame),
                ToWrite::Close(close) => panic!("closed: {close:?}"),
            }
        }
    }

    /// Several frames may be one message.
    fn keep(&mut self, message: &[u8]) {
        match serde_json::from_slice(message).unwrap() {
            Value::Array(frames) => self.frames.extend(frames),
            frame => self.frames.push_back(frame),
        }
    }

    fn held(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap()
    }
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
