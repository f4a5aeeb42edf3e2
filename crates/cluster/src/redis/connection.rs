//! One connection to Redis, or those to the machines of one cluster.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisError, TlsCertificates, Value,
};

use super::failed::failed;
use super::told::said;
use crate::address::{Credentials, Host};
use crate::names::Names;
use crate::{BrokerAddress, ConnectError, Ear, Lost};

/// What commands go through. Clones are one connection.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// What the commands are called: a cluster's channels belong to one machine each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) subscribe: &'static str,
    pub(super) unsubscribe: &'static str,
    pub(super) publish: &'static str,
}

const ONE: Words = Words { subscribe: "SUBSCRIBE", unsubscribe: "UNSUBSCRIBE", publish: "PUBLISH" };
const CLUSTER: Words = Words { subscribe: "SSUBSCRIBE", unsubscribe: "SUNSUBSCRIBE", publish: "SPUBLISH" };

/// The first that has channels which belong to one machine of a cluster.
const LEAST_CLUSTER: (&str, u32) = ("7.0", 7);

/// The channels that this link left itself. A cluster also says that one was left when its slot moves to another machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaving(Arc<Mutex<BTreeSet<Vec<u8>>>>);

impl Leaving {
    pub(super) fn leave(&self, channel: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.as_bytes().to_vec());
    }

    fn has_left(&self, channel: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(channel)
    }
}

impl Connection {
    /// Sends one command, and gives what was answered.
    pub(super) async fn ask(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

/// A connection that tells the ear what it hears, and when it ends.
pub(super) async fn connect(
    address: &BrokerAddress,
    roots: Option<Vec<u8>>,
    ear: &Ear,
) -> Result<(Connection, Words, Leaving), ConnectError> {
    let infos: Result<Vec<_>, _> = address.hosts.iter().map(|host| info(address, host)).collect();
    let infos = infos.map_err(|error| failed(address, &error))?;
    let certificates = TlsCertificates { client_tls: None, root_cert: roots };
    let pushes = Pushes { ear: ear.clone(), leaving: Leaving::default(), is_the_link: Arc::default() };
    let one = first_that_answers(&infos, address, &certificates, &pushes).await;
    let (one, server) = one.map_err(|error| failed(address, &error))?;
    if !server.is_cluster {
        pushes.is_the_link.store(true, Ordering::Relaxed);
        return Ok((Connection::One(one), ONE, pushes.leaving));
    }
    if server.major() < LEAST_CLUSTER.1 {
        let (address, version) = (address.to_string(), server.version);
        return Err(ConnectError::TooOld { address, version, least: LEAST_CLUSTER.0 });
    }
    let pushes = Pushes { is_the_link: Arc::new(AtomicBool::new(true)), ..pushes };
    let all = cluster(infos, address, certificates, &pushes).await.map_err(|error| failed(address, &error))?;
    Ok((Connection::Cluster(all), CLUSTER, pushes.leaving))
}

/// What a server says of itself.
struct Server {
    version: String,
    is_cluster: bool,
}

impl Server {
    fn read(hello: Value) -> Self {
        let entries = match hello {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        };
        let text = |name: &str| {
            let entry = entries.iter().find(|(key, _)| text_of(key).as_deref() == Some(name));
            entry.and_then(|(_, value)| text_of(value)).unwrap_or_default()
        };
        Self { version: text("version"), is_cluster: text("mode") == "cluster" }
    }

    fn major(&self) -> u32 {
        self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

async fn first_that_answers(
    infos: &[ConnectionInfo],
    address: &BrokerAddress,
    certificates: &TlsCertificates,
    pushes: &Pushes,
) -> Result<(MultiplexedConnection, Server), RedisError> {
    let mut last = RedisError::from((ErrorKind::InvalidClientConfig, "it has no host"));
    for info in infos {
        match one(info, address, certificates, pushes).await {
            Ok(connected) => return Ok(connected),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn one(
    info: &ConnectionInfo,
    address: &BrokerAddress,
    certificates: &TlsCertificates,
    pushes: &Pushes,
) -> Result<(MultiplexedConnection, Server), RedisError> {
    let client = if address.is_tls && certificates.root_cert.is_some() {
        Client::build_with_tls(info.clone(), certificates.clone())?
    } else {
        Client::open(info.clone())?
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_push_sender(pushes.clone().sender());
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let hello = redis::cmd("HELLO").arg("3").query_async(&mut connection).await?;
    Ok((connection, Server::read(hello)))
}

async fn cluster(
    infos: Vec<ConnectionInfo>,
    address: &BrokerAddress,
    certificates: TlsCertificates,
    pushes: &Pushes,
) -> Result<ClusterConnection, RedisError> {
    let mut client = ClusterClient::builder(infos)
        .use_protocol(ProtocolVersion::RESP3)
        .overall_response_timeout(None)
        // Whoever waits would publish late; what is not published is repaired.
        .retries(1)
        .push_sender(pushes.clone().sender());
    if address.is_tls && certificates.root_cert.is_some() {
        client = client.certs(certificates);
    }
    client.build()?.get_async_connection().await
}

fn info(address: &BrokerAddress, host: &Host) -> Result<ConnectionInfo, RedisError> {
    let (name, port) = (host.name.clone(), host.port);
    let place = if address.is_tls {
        ConnectionAddr::TcpTls { host: name, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(name, port)
    };
    let mut who = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
    if let Some(Credentials::Password { user, password }) = &address.credentials {
        who = who.set_password(password);
        if let Some(user) = user {
            who = who.set_username(user);
        }
    }
    Ok(place.into_connection_info()?.set_redis_settings(who))
}

/// What a connection says without being asked.
#[derive(Clone)]
struct Pushes {
    ear: Ear,
    leaving: Leaving,
    /// The end of a connection that only found out what the server is, is nobody's.
    is_the_link: Arc<AtomicBool>,
}

impl Pushes {
    fn sender(self) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
        move |info| {
            if self.is_the_link.load(Ordering::Relaxed) {
                self.hear(info);
            }
            Ok(())
        }
    }

    fn hear_message(&self, channel: &[u8], message: Vec<u8>) {
        match (Names::room_of(channel), said(&message)) {
            (Some(room), Some((epoch, kept))) => self.ear.kept(room, epoch, kept),
            _ => self.ear.hear(Bytes::from(message)),
        }
    }

    fn hear(&self, PushInfo { kind, data }: PushInfo) {
        match kind {
            PushKind::Message | PushKind::SMessage => {
                let mut data = data.into_iter();
                if let (Some(Value::BulkString(channel)), Some(Value::BulkString(message))) = (data.next(), data.next())
                {
                    self.hear_message(&channel, message);
                }
            }
            PushKind::Disconnection => self.ear.lost(Lost::new("the connection ended")),
            PushKind::Unsubscribe | PushKind::SUnsubscribe => {
                let left = matches!(data.first(), Some(Value::BulkString(name)) if self.leaving.has_left(name));
                if !left {
                    self.ear.lost(Lost::new("a channel has moved to another machine of the cluster"));
                }
            }
            _ => {}
        }
    }
}
