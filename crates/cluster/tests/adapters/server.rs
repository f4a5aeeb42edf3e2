//! Real brokers, each a process of its own, in a directory of its own, at a port of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::certificates::Certificates;

/// A broker that runs until it is dropped.
pub(crate) struct Server {
    want: Want,
    port: u16,
    directory: Directory,
    process: Mutex<Option<Child>>,
    pub(crate) certificates: Option<Certificates>,
}

/// Which broker, and what is in its configuration beside where it is.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    kind: Kind,
    config: String,
    is_tls: bool,
    has_jetstream: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nats,
    Redis,
    RedisCluster,
}

impl Want {
    pub(crate) fn nats() -> Self {
        Self { kind: Kind::Nats, config: String::new(), is_tls: false, has_jetstream: false }
    }

    /// NATS that keeps things.
    pub(crate) fn jetstream() -> Self {
        Self { has_jetstream: true, ..Self::nats() }
    }

    pub(crate) fn redis() -> Self {
        Self { kind: Kind::Redis, config: String::new(), is_tls: false, has_jetstream: false }
    }

    /// One machine that has all slots of a cluster.
    pub(crate) fn redis_cluster() -> Self {
        Self { kind: Kind::RedisCluster, config: String::new(), is_tls: false, has_jetstream: false }
    }

    pub(crate) fn with(mut self, config: &str) -> Self {
        self.config = config.to_owned();
        self
    }

    pub(crate) fn tls(mut self) -> Self {
        self.is_tls = true;
        self
    }
}

impl Server {
    pub(crate) async fn start(want: Want) -> Self {
        let directory = Directory::new();
        let certificates = want.is_tls.then(|| Certificates::make(&directory.0, "localhost"));
        // Somebody else may take the port before the server does.
        for _ in 0..20 {
            let port = free_port();
            if let Some(process) = run(&want, port, &directory.0, certificates.as_ref()).await {
                let process = Mutex::new(Some(process));
                return Self { want, port, directory, process, certificates };
            }
        }
        panic!("{:?} does not start: see {}", want.kind, directory.0.display());
    }

    pub(crate) fn keeps_in_jetstream(&self) -> bool {
        self.want.has_jetstream
    }

    /// Without credentials.
    pub(crate) fn address(&self) -> String {
        self.address_of("")
    }

    /// With what stands before the host.
    pub(crate) fn address_of(&self, credentials: &str) -> String {
        let scheme = match (self.want.kind, self.want.is_tls) {
            (Kind::Nats, false) => "nats",
            (Kind::Nats, true) => "tls",
            (_, false) => "redis",
            (_, true) => "rediss",
        };
        let host = if self.want.is_tls { "localhost" } else { "127.0.0.1" };
        format!("{scheme}://{credentials}{host}:{}", self.port)
    }

    pub(crate) fn is_nats(&self) -> bool {
        self.want.kind == Kind::Nats
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory.0
    }

    /// It loses all that it holds: a Redis everything, a JetStream its streams.
    pub(crate) fn flush(&self) {
        if self.is_nats() {
            self.each_stream("DELETE");
        } else {
            assert!(redis_says(self.port, "FLUSHALL").contains("+OK"));
        }
    }

    /// The streams of a JetStream stay, and nothing is in them.
    pub(crate) fn empty(&self) {
        self.each_stream("PURGE");
    }

    fn each_stream(&self, what: &str) {
        let listed = jetstream_says(self.port, "STREAM.NAMES");
        let streams = listed["streams"].as_array().cloned().unwrap_or_default();
        assert!(!streams.is_empty(), "{listed}");
        for stream in streams {
            let said = jetstream_says(self.port, &format!("STREAM.{what}.{}", stream.as_str().unwrap()));
            assert_eq!(said["success"], true, "{said}");
        }
    }

    /// As a machine that loses its power.
    pub(crate) fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// At the same port, and it has forgotten everything.
    pub(crate) async fn start_again(&self) {
        let process = run(&self.want, self.port, &self.directory.0, self.certificates.as_ref()).await;
        *self.process.lock().unwrap() = Some(process.expect("the port is still free"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A directory that goes when the test does.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("roomful-broker-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// `None`: it ended at once, since the port is not free any more.
async fn run(want: &Want, port: u16, directory: &Path, certificates: Option<&Certificates>) -> Option<Child> {
    let config = directory.join("broker.conf");
    std::fs::write(&config, config_of(want, port, directory, certificates)).unwrap();
    let log = std::fs::File::options().create(true).append(true).open(directory.join("broker.log")).unwrap();
    let mut command = Command::new(program(want.kind));
    if want.kind == Kind::Nats {
        command.arg("-c");
    }
    command.arg(&config).stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null());
    let mut process = command.spawn().unwrap();
    loop {
        if process.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        a_moment().await;
    }
    if want.kind == Kind::RedisCluster {
        while !redis_says(port, "CLUSTER INFO").contains("cluster_state:ok") {
            redis_says(port, "CLUSTER ADDSLOTSRANGE 0 16383");
            a_moment().await;
        }
    }
    Some(process)
}

fn config_of(want: &Want, port: u16, directory: &Path, certificates: Option<&Certificates>) -> String {
    let Want { kind, config, has_jetstream, .. } = want;
    let directory = directory.display();
    if *kind == Kind::Nats {
        let jetstream =
            if *has_jetstream { format!("jetstream {{ store_dir: \"{directory}\" }}\n") } else { String::new() };
        let tls = certificates.map(|Certificates { server, key, .. }| {
            format!(
                "tls {{ cert_file: {:?}, key_file: {:?} }}\n",
                server.display().to_string(),
                key.display().to_string()
            )
        });
        return format!("listen: \"127.0.0.1:{port}\"\n{jetstream}{}{config}\n", tls.unwrap_or_default());
    }
    let listen = match certificates {
        None => format!("port {port}\n"),
        Some(Certificates { server, key, root }) => format!(
            "port 0\ntls-port {port}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients no\n",
            server.display(),
            key.display(),
            root.display()
        ),
    };
    let cluster = match kind {
        Kind::RedisCluster => format!("cluster-enabled yes\ncluster-port {}\n", free_port()),
        _ => String::new(),
    };
    format!("bind 127.0.0.1\n{listen}dir {directory}\nsave \"\"\nappendonly no\n{cluster}{config}\n")
}

/// What Redis answers to one command, as it is on the wire.
fn redis_says(port: u16, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What JetStream answers to a request without anything in it.
fn jetstream_says(port: u16, request: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let hello = "CONNECT {\"verbose\":false}\r\nSUB answer 1\r\n";
    stream.write_all(format!("{hello}PUB $JS.API.{request} answer 0\r\n\r\n").as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("MSG answer")).unwrap();
    serde_json::from_str(&lines.next().unwrap()).unwrap()
}

fn program(kind: Kind) -> PathBuf {
    let name = if kind == Kind::Nats { "nats-server" } else { "redis-server" };
    // Debian has the one of them where only root's PATH looks.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    places.map(|place| place.join(name)).find(|program| program.is_file()).unwrap_or_else(|| {
        panic!("there is no `{name}`: `cargo xtask test --only tools-brokers` installs it, or `apt-get install {name}`")
    })
}

/// Another process says nothing when it is ready, so it is looked at again and again.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}
