//! A broker of its own for the nodes of one server.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::meter::Cpu;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// NATS.
    Nats,
    /// Redis.
    Redis,
}

/// Where one is looked for besides PATH: Debian has one of them where only root's PATH looks.
const PLACES: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of a port that was free a moment ago, and that somebody else took.
const TRIES: usize = 10;

/// A running broker, which keeps nothing. Dropping it ends it.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    /// Where it is, as nodes are told.
    pub address: String,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::Redis => "redis-server",
        }
    }

    fn words(self, port: &str) -> Vec<&str> {
        match self {
            Self::Nats => vec!["-a", "127.0.0.1", "-p", port],
            Self::Redis => vec!["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"],
        }
    }

    fn address(self, port: u16) -> String {
        let scheme = match self {
            Self::Nats => "nats",
            Self::Redis => "redis",
        };
        format!("{scheme}://127.0.0.1:{port}")
    }
}

impl Broker {
    /// Starts one on these processors, as `taskset` reads them, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not listen.
    pub fn start(kind: Kind, processors: &str) -> Result<Self, Failure> {
        let name = kind.name();
        let failed = |why: String| Failure::Start { peer: name, why };
        let missing = || Failure::Skipped(format!("there is no {name}: `apt-get install {name}` brings it"));
        let program = find(name).ok_or_else(missing)?;
        for _ in 0..TRIES {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Failure::io("a free port"))?;
            let port = listener.local_addr().map_err(Failure::io("a free port"))?.port();
            drop(listener);
            // It must not outlive this process, however that ends.
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "taskset", "--cpu-list", processors]).arg(&program);
            command.args(kind.words(&port.to_string()));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn().map_err(|error| failed(format!("`setpriv` of util-linux: {error}")))?;
            let mut broker = Self { child, address: kind.address(port) };
            if broker.answers(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))? {
                return Ok(broker);
            }
        }
        Err(failed("it does not listen".to_owned()))
    }

    /// The processor time that it has used.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cpu(&self) -> Result<Cpu, Failure> {
        Cpu::of(self.child.id())
    }

    /// `false`: it has ended, since somebody else took the port.
    fn answers(&mut self, at: SocketAddr) -> Result<bool, Failure> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.child.try_wait().map_err(Failure::io("the broker"))?.is_some() {
                return Ok(false);
            }
            if TcpStream::connect(at).is_ok() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.map(PathBuf::from));
    places.map(|place| place.join(name)).find(|program| program.is_file())
}
