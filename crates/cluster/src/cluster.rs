//! From an address to a node: what an app writes.

use std::fmt;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use roomful_core::cluster::{ClusterConfig, ClusterKey, ClusterSettings, Incarnation, InvalidNodeName, NodeName};
use roomful_runtime::{AlreadyInCluster, Platform};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::driver::connect_node;
use crate::{Broker, BrokerOptions, ConnectError, NodeBounds, NodeStart};

/// The same rooms on several machines, over a broker.
///
/// ```no_run
/// use roomful_cluster::Cluster;
/// # use roomful_runtime::Platform;
///
/// # async fn start(rooms: Platform) -> Result<(), roomful_cluster::StartError> {
/// Cluster::connect("nats://127.0.0.1:4222").app("shop").node("web-3").secret("one for all nodes").start(rooms).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it does nothing before it is started"]
pub struct Cluster {
    broker: Over,
    app: String,
    node: Option<String>,
    key: Option<ClusterKey>,
    without_broker: bool,
}

enum Over {
    Address(BrokerOptions),
    Broker(Box<dyn Broker>),
}

/// Why a node does not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no link to the broker.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The node's name is none.
    #[error("`{name}`: {why}")]
    Name {
        /// What was given.
        name: String,
        /// What is wrong with it.
        why: InvalidNodeName,
    },
    /// A lease that is over before a node can know that it is well.
    #[error(
        "`Limits::cluster_lease_ms` is {lease_ms}, and is to be four times `cluster_heartbeat_ms` at least, which is \
        {heartbeat_ms}: a node that has not heard itself for half of a lease is isolated"
    )]
    Times {
        /// The lease.
        lease_ms: u64,
        /// The heartbeat.
        heartbeat_ms: u64,
    },
    /// These rooms are in a cluster.
    #[error(transparent)]
    Already(#[from] AlreadyInCluster),
    /// The system gives no thread.
    #[error("there is no thread for the cluster: {0}")]
    Thread(#[from] std::io::Error),
}

impl Cluster {
    /// Over the broker at this address: `nats://`, `tls://`, `redis://`, `rediss://`, as
    /// [`BrokerAddress::parse`](crate::BrokerAddress::parse) reads it.
    pub fn connect(address: &str) -> Self {
        Self::of(Over::Address(BrokerOptions::at(address)))
    }

    /// The same with a file of credentials or of certificates.
    pub fn with(broker: BrokerOptions) -> Self {
        Self::of(Over::Address(broker))
    }

    /// Over a broker of another kind, as the one [within a process](crate::MemoryBroker). It knows the app's name itself.
    pub fn over(broker: impl Broker) -> Self {
        Self::of(Over::Broker(Box::new(broker)))
    }

    fn of(broker: Over) -> Self {
        Self { broker, app: "roomful".to_owned(), node: None, key: None, without_broker: false }
    }

    /// What the app is called. Of those who share a broker, the rooms of one are nobody else's. `roomful` where it is not said.
    pub fn app(mut self, name: &str) -> Self {
        name.clone_into(&mut self.app);
        self
    }

    /// What this node is called: the same after a restart, and nobody else's at the same time. Then its members of before are away
    /// as soon as it is back. A name of its own each time where it is not said, and then when its lease is over.
    pub fn node(mut self, name: &str) -> Self {
        self.node = Some(name.to_owned());
        self
    }

    /// What all nodes of the cluster share. Where it is set, they believe only who has it; nobody else on the broker can say anything
    /// to them, and who listens still reads what is said.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.key = Some(ClusterKey::new(secret.as_ref()));
        self
    }

    /// Begins without the broker where it cannot be reached: isolated, with its own members alone, and tries again. Else that is an
    /// error.
    pub fn begin_without_broker(mut self) -> Self {
        self.without_broker = true;
        self
    }

    /// Makes these rooms a node. Do it before anybody is in them: a room that somebody is in stays out of the cluster until it is
    /// empty.
    ///
    /// The node runs on a thread of its own, so that no hook that blocks makes others think that it is gone.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is wrong and what to do.
    pub async fn start(self, rooms: impl Into<Platform>) -> Result<(), StartError> {
        let rooms = rooms.into();
        let limits = &rooms.settings().limits;
        let (lease_ms, heartbeat_ms) = (limits.cluster_lease_ms, limits.cluster_heartbeat_ms);
        if lease_ms < heartbeat_ms.saturating_mul(4) {
            return Err(StartError::Times { lease_ms, heartbeat_ms });
        }
        let name = self.node.unwrap_or_else(|| format!("node-{:016x}", random()));
        let parsed = NodeName::parse(&name).map_err(|why| StartError::Name { name, why })?;
        let broker = match self.broker {
            Over::Address(options) => options.open(&self.app)?,
            Over::Broker(broker) => broker,
        };
        let config = ClusterConfig {
            app: self.app.as_str().into(),
            name: parsed,
            key: self.key,
            settings: ClusterSettings::of(limits),
        };
        let bounds = NodeBounds { keeps_history: rooms.has_history_in_broker(), ..NodeBounds::of(limits) };
        let start = Start { config, bounds, broker, without_broker: self.without_broker };
        let (tell, told) = oneshot::channel();
        thread::Builder::new().name("roomful-cluster".to_owned()).spawn(move || start.run(&rooms, tell))?;
        told.await.unwrap_or_else(|_| Err(std::io::Error::other("it ended at once").into()))
    }
}

/// Without the secret, and with no credential of the address.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("app", &self.app).field("node", &self.node).finish_non_exhaustive()
    }
}

struct Start {
    config: ClusterConfig,
    bounds: NodeBounds,
    broker: Box<dyn Broker>,
    without_broker: bool,
}

impl Start {
    fn run(self, rooms: &Platform, tell: oneshot::Sender<Result<(), StartError>>) {
        // Whoever asked may not wait any more; then it begins all the same.
        let tell = |result| drop(tell.send(result));
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tell(Err(error.into())),
        };
        runtime.block_on(async {
            match self.begin(rooms).await {
                Ok(node) => {
                    tell(Ok(()));
                    node.await;
                }
                Err(error) => tell(Err(error)),
            }
        });
    }

    async fn begin(self, rooms: &Platform) -> Result<impl Future<Output = ()> + use<>, StartError> {
        let Self { config, bounds, broker, without_broker } = self;
        let link = connect_node(broker, bounds, without_broker).await?;
        // Not before there is a link: a room in a cluster lets nobody in before it is told of the others.
        let me = Incarnation { start: calendar(), name: config.name.clone(), random: random() };
        let (queue, rooms) = rooms.join_cluster(&config.app, me.clone())?;
        Ok(link.begin(NodeStart { config, me, queue, rooms, random }))
    }
}

fn random() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

fn calendar() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use roomful_core::Limits;
    use roomful_runtime::{AllowedOrigins, App, Settings};

    use super::*;
    use crate::MemoryBroker;

    fn rooms(limits: Limits) -> Platform {
        let (limits, path, proxies) = (Arc::new(limits), "/".to_owned(), Default::default());
        Platform::of(&App::new(
            Vec::new(),
            Settings { limits, path, origins: AllowedOrigins::Any, proxies, seal: None },
        ))
    }

    async fn error(cluster: Cluster, limits: Limits) -> String {
        cluster.start(rooms(limits)).await.expect_err("it must not begin").to_string()
    }

    #[tokio::test]
    async fn what_cannot_be_meant_is_said_with_what_to_do() {
        let over = || Cluster::over(MemoryBroker::new().endpoint("app"));
        let said = error(over().node("a b"), Limits::default()).await;
        assert_eq!(said, "`a b`: a node's name is 1 to 64 letters, digits, `-`, `_` or `.`");
        let said = error(over(), Limits::default().cluster_lease_ms(7_999)).await;
        assert!(said.contains("`Limits::cluster_lease_ms` is 7999, and is to be four times"), "{said}");
        let said = error(Cluster::connect("web:s3cret@nats"), Limits::default()).await;
        assert!(said.contains("it has no scheme") && !said.contains("s3cret"), "{said}");
        let said = error(Cluster::over(MemoryBroker::taking(4_095).endpoint("app")), Limits::default()).await;
        assert!(said.contains("takes 4095 bytes at once, and 4096 are needed: let it take more"), "{said}");
        let stopped = MemoryBroker::new();
        stopped.stop();
        let said = error(Cluster::over(stopped.endpoint("app")), Limits::default()).await;
        assert!(said.contains("no broker answers at memory"), "{said}");
    }

    #[tokio::test]
    async fn a_process_is_one_node() {
        let (broker, rooms) = (MemoryBroker::new(), rooms(Limits::default()));
        assert_eq!(rooms.cluster_health(), None);
        Cluster::over(broker.endpoint("app")).node("one").start(rooms.clone()).await.unwrap();
        assert_eq!(rooms.cluster_health().map(|health| health.node), Some("one".to_owned()));
        let again = Cluster::over(broker.endpoint("app")).start(rooms).await;
        assert!(matches!(again, Err(StartError::Already(_))));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let cluster = Cluster::connect("nats://web:s3cret@host").secret("s3cret");
        assert!(!format!("{cluster:?}").contains("s3cret"));
    }
}
