//! A broker of this machine's, for as long as somebody needs it.

use std::env;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clap::ValueEnum;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

use super::process::alone;

/// What the nodes talk over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Nats,
    Redis,
}

/// Where it is looked for besides PATH: Debian has one of them where only root's PATH looks.
const PLACES: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
/// Of a port that was free a moment ago, and that somebody else took.
const TRIES: usize = 10;
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    #[error(
        "there is no `{0}` in PATH, /usr/sbin, /usr/bin or /usr/local/bin: `cargo xtask demo --cluster` installs it on Debian, \
        and so does `apt-get install {0}`"
    )]
    Missing(&'static str),
    #[error("`{name}` does not start: {error}")]
    Start { name: &'static str, error: io::Error },
    #[error("`{0}` does not listen: start it by hand, and read what it says")]
    Silent(&'static str),
    #[error("the broker has ended by itself: start it by hand, and read what it says")]
    Ended,
}

/// It is ended when this is dropped, and where this process is killed, too.
pub(crate) struct Broker {
    address: String,
    process: Child,
    _guard: Option<Child>,
}

impl Broker {
    pub(crate) async fn start(kind: Kind) -> Result<Self, BrokerError> {
        let name = kind.program();
        let program = find(name).ok_or(BrokerError::Missing(name))?;
        let failed = |error| BrokerError::Start { name, error };
        for _ in 0..TRIES {
            let port = free_port().map_err(failed)?;
            let mut process = kind.command(&program, port).spawn().map_err(failed)?;
            let guard = guard(&process).map_err(failed)?;
            if answers(&mut process, port).await {
                return Ok(Self { address: kind.address(port), process, _guard: guard });
            }
        }
        Err(BrokerError::Silent(name))
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until it ends by itself, which it should not.
    pub(crate) async fn ended(&mut self) -> BrokerError {
        match self.process.wait().await {
            Ok(_) => BrokerError::Ended,
            Err(error) => BrokerError::Start { name: "the broker", error },
        }
    }

    /// It keeps nothing, so it need not be asked. Once it has ended its guard may go, and not before.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        self.process.kill().await
    }
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::Redis => "redis-server",
        }
    }

    fn address(self, port: u16) -> String {
        let scheme = match self {
            Self::Nats => "nats",
            Self::Redis => "redis",
        };
        format!("{scheme}://127.0.0.1:{port}")
    }

    fn command(self, program: &PathBuf, port: u16) -> Command {
        let port = port.to_string();
        let mut command = Command::new(program);
        match self {
            Self::Nats => command.args(["-a", "127.0.0.1", "-p", &port]),
            Self::Redis => command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]),
        };
        alone(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Ends the broker where this process is killed, and can do nothing itself any more: the guard's input ends then.
fn guard(broker: &Child) -> io::Result<Option<Child>> {
    let Some(pid) = broker.id().filter(|_| cfg!(unix)) else { return Ok(None) };
    let mut command = Command::new("sh");
    command.args(["-c", r#"read -r _; kill "$1""#, "sh"]).arg(pid.to_string());
    alone(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(Some)
}

/// `false`: it has ended, or says nothing.
async fn answers(process: &mut Child, port: u16) -> bool {
    let look = async {
        let mut look_again = interval(Duration::from_millis(20));
        loop {
            look_again.tick().await;
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
                return;
            }
        }
    };
    tokio::select! {
        // Where somebody else has the port, it is they who answer.
        biased;
        _ = process.wait() => false,
        answered = timeout(ANSWERS_WITHIN, look) => answered.is_ok(),
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(PLACES.map(PathBuf::from));
    places.map(|place| place.join(name)).find(|program| program.is_file())
}
