//! An app with a room whose history is in the broker, on several nodes in one process and in virtual time.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use roomful::{Channel, Conn, Deny, Error, History, Limits, Result, Room, RoomExt as _, Rooms, Upgrade};
use roomful_cluster::{MemoryBroker, MemoryEndpoint, NodeBounds, NodeStart, connect_node};
use roomful_core::cluster::{ClusterConfig, ClusterKey, ClusterSettings, Incarnation, NodeName};
use roomful_core::{Close, Dialect};
use roomful_runtime::{Connection, Host, ToWrite};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const APP: &str = "shop";

/// Virtual time.
pub(crate) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[derive(Clone, Channel)]
#[channel("board/:id", message = Value, presence = Value)]
pub(crate) struct Board {
    id: String,
}

pub(crate) fn board(id: &str) -> Board {
    Board { id: id.to_owned() }
}

/// Says to everybody what its members say, and `"bye"` when one has left.
struct Chat {
    errors: Arc<Mutex<Vec<String>>>,
}

impl Room for Chat {
    type Channel = Board;
    type Data = ();

    async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        match msg.get("me") {
            Some(msg) => conn.send(msg),
            None => conn.broadcast_all(&msg),
        }
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        // Its error is told to the hook for errors.
        let _ = conn.broadcast(&json!("bye"));
    }

    async fn on_error(&self, _: &Conn<Self>, error: Error) {
        self.errors.lock().unwrap().push(error.to_string());
    }
}

/// A node that runs, and its way to the broker.
pub(crate) struct Node {
    pub(crate) rooms: Rooms,
    pub(crate) endpoint: MemoryEndpoint,
    pub(crate) errors: Arc<Mutex<Vec<String>>>,
    task: Option<JoinHandle<()>>,
}

impl Node {
    pub(crate) async fn start(broker: &MemoryBroker, name: &str) -> Self {
        let mut node = Self::alone(broker, Limits::default().history(History::Broker));
        node.join(name).await;
        node
    }

    /// Not a node yet.
    pub(crate) fn alone(broker: &MemoryBroker, limits: Limits) -> Self {
        let errors: Arc<Mutex<Vec<String>>> = Arc::default();
        let chat = Chat { errors: errors.clone() };
        let define = Rooms::new().limits(limits.clone());
        let rooms = define.module("board", |m| m.room("chat", chat.limits(limits))).build().unwrap();
        let began = Instant::now();
        rooms.platform().start(|| Arc::new(Clock(began)));
        Self { rooms, endpoint: broker.endpoint(APP), errors, task: None }
    }

    pub(crate) async fn join(&mut self, name: &str) {
        let platform = self.rooms.platform();
        let limits = &platform.settings().limits;
        let name = NodeName::parse(name).unwrap();
        let key = Some(ClusterKey::new(b"one for all"));
        let config = ClusterConfig { app: APP.into(), name, key, settings: ClusterSettings::of(limits) };
        let link = connect_node(Box::new(self.endpoint.clone()), NodeBounds::of(limits), true).await.unwrap();
        let me = self.run(config.name.as_str());
        let (queue, told) = platform.join_cluster(APP, me.clone()).unwrap();
        self.task = Some(tokio::spawn(link.begin(NodeStart { config, me, queue, rooms: told, random })));
    }

    /// One more run of it.
    pub(crate) fn run(&self, name: &str) -> Incarnation {
        let name = NodeName::parse(name).unwrap();
        Incarnation { start: 1_764_456_000_000 + random() % 1_000, name, random: random() }
    }

    pub(crate) fn is_well(&self) -> bool {
        self.rooms.cluster().is_some_and(|health| health.is_well)
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        std::mem::take(&mut self.errors.lock().unwrap())
    }

    /// Somebody who has been let in, and the first frame.
    pub(crate) async fn enter(&self, id: &str) -> (Client, Value) {
        self.resume(id, None).await
    }

    /// The same, with the token that it was given before, and how far it has heard.
    pub(crate) async fn resume(&self, id: &str, resume: Option<(&Value, u64)>) -> (Client, Value) {
        let mut client = self.come_back(id, resume);
        let first = client.next().await;
        assert_eq!(first["t"], "snapshot", "{first}");
        (client, first)
    }

    /// Somebody who may be let in.
    pub(crate) fn come(&self, id: &str) -> Client {
        self.come_back(id, None)
    }

    fn come_back(&self, id: &str, resume: Option<(&Value, u64)>) -> Client {
        Client(Mutex::new(self.upgrade(id, resume).connect()))
    }

    pub(crate) fn upgrade(&self, id: &str, resume: Option<(&Value, u64)>) -> roomful_runtime::Admission {
        let key = json!({ "id": id }).to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let offers = match resume {
            None => "roomful.v1".to_owned(),
            Some((first, seen)) => {
                format!("roomful.v1, roomful.resume.{}.{seen}", first["session"].as_str().unwrap())
            }
        };
        let request = Request::builder().uri(format!("{}?m=board&s=chat&r={key}", self.rooms.path()));
        let (parts, ()) = request.header("sec-websocket-protocol", offers).body(()).unwrap().into_parts();
        self.rooms.platform().read(parts, Dialect::V1)
    }

    /// As SIGKILL does it, as the others see it.
    pub(crate) fn kill(&mut self) {
        self.task.take().unwrap().abort();
    }
}

fn random() -> u64 {
    static RANDOM: AtomicU64 = AtomicU64::new(1);
    RANDOM.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A client's end of a connection.
pub(crate) struct Client(Mutex<Connection>);

impl Client {
    pub(crate) fn say(&mut self, id: u64, msg: &Value) {
        let frame = json!({ "t": "msg", "id": id, "msg": msg }).to_string();
        self.0.get_mut().unwrap().receive(frame.as_bytes());
    }

    pub(crate) fn show(&mut self, state: &Value) {
        let frame = json!({ "t": "presence", "state": state }).to_string();
        self.0.get_mut().unwrap().receive(frame.as_bytes());
    }

    /// Its network is gone.
    pub(crate) fn lose(&mut self) {
        self.0.get_mut().unwrap().end(&Close::LOST, None);
    }

    /// It goes on purpose.
    pub(crate) fn leave(&mut self) {
        self.0.get_mut().unwrap().receive(br#"{"t":"bye"}"#);
        self.lose();
    }

    pub(crate) async fn next(&mut self) -> Value {
        let mailbox = Arc::clone(self.0.get_mut().unwrap().mailbox());
        match std::future::poll_fn(|cx| mailbox.poll_next(cx)).await {
            ToWrite::Frame(frame) => serde_json::from_slice(&frame).unwrap(),
            ToWrite::Close(close) => json!({ "closed": close.code }),
        }
    }

    /// What has come by now, frame by frame.
    pub(crate) fn frames(&mut self) -> Vec<Value> {
        let mailbox = Arc::clone(self.0.get_mut().unwrap().mailbox());
        let mut heard = Vec::new();
        while let Some(ToWrite::Frame(frame)) = mailbox.try_next() {
            match serde_json::from_slice(&frame).unwrap() {
                Value::Array(frames) => heard.extend(frames),
                frame => heard.push(frame),
            }
        }
        heard
    }

    /// The messages among them, with their numbers.
    pub(crate) fn messages(&mut self) -> Vec<(u64, Value)> {
        let frames = self.frames().into_iter().filter(|frame| frame["t"] == "msg");
        frames.map(|frame| (frame["seq"].as_u64().unwrap(), frame["msg"].clone())).collect()
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
