//! One node: the board in a process of its own, which is started again when it has ended.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::process::alone;

/// So long nobody starts it again, as where a machine is gone.
const DOWN: Duration = Duration::from_secs(5);
/// For its clients' goodbye.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("{node} cannot be started: {error}")]
    Start { node: &'static str, error: io::Error },
    #[error("{node} has ended before it said where it listens; above it says why")]
    Ended { node: &'static str },
}

pub(crate) struct Node {
    name: &'static str,
    broker: String,
    address: Mutex<Option<SocketAddr>>,
    order: watch::Sender<Order>,
}

/// A process of it.
pub(crate) struct Run {
    child: Child,
    /// It stops when this is dropped, and so where this process is killed.
    input: Option<ChildStdin>,
}

/// What is to become of the process that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Run,
    Die,
    Stop,
}

impl Node {
    pub(crate) fn new(name: &'static str, broker: &str) -> Self {
        Self { name, broker: broker.to_owned(), address: Mutex::default(), order: watch::channel(Order::Run).0 }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Where it listens; `None` while it is down.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn start(&self) -> Result<Run, NodeError> {
        let node = self.name;
        let failed = |error| NodeError::Start { node, error };
        let mut command = Command::new(env::current_exe().map_err(failed)?);
        command.args(["--port", "0", "--cluster", &self.broker, "--node", node, "--show-node", "--until-input-ends"]);
        if env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        alone(&mut command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let address = match child.stdout.take() {
            Some(stdout) => first_address(BufReader::new(stdout)).await.map_err(failed)?,
            None => None,
        };
        self.set_address(Some(address.ok_or(NodeError::Ended { node })?));
        let input = child.stdin.take();
        Ok(Run { child, input })
    }

    /// Until it is [stopped](Self::stop): whenever it has ended it is started again, a while later.
    pub(crate) async fn live(&self, mut run: Run) {
        let mut order = self.order.subscribe();
        loop {
            let ordered = tokio::select! {
                ordered = order.wait_for(|order| *order != Order::Run) => ordered.map_or(Order::Stop, |order| *order),
                _ = run.child.wait() => Order::Run,
            };
            self.set_address(None);
            if ordered == Order::Stop {
                return self.let_end(run).await;
            }
            self.end(&mut run.child).await;
            self.order.send_if_modified(|order| {
                *order == Order::Die && {
                    *order = Order::Run;
                    true
                }
            });
            println!("{} is gone; it is started again in {} seconds", self.name, DOWN.as_secs());
            match self.start_later(&mut order).await {
                Some(again) => run = again,
                None => return,
            }
        }
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        if self.address().is_none() {
            return;
        }
        let mut order = self.order.subscribe();
        self.order.send_if_modified(|order| {
            *order == Order::Run && {
                *order = Order::Die;
                true
            }
        });
        // Whoever runs it has ended where this fails, and the process with it.
        drop(order.wait_for(|order| *order != Order::Die).await);
    }

    pub(crate) fn stop(&self) {
        self.order.send_replace(Order::Stop);
    }

    /// `None`: it is not wanted any more.
    async fn start_later(&self, order: &mut watch::Receiver<Order>) -> Option<Run> {
        loop {
            tokio::select! {
                _ = order.wait_for(|order| *order == Order::Stop) => return None,
                () = sleep(DOWN) => {}
            }
            match self.start().await {
                Ok(run) => {
                    println!("{} is back", self.name);
                    return Some(run);
                }
                Err(error) => eprintln!("{error}"),
            }
        }
    }

    async fn let_end(&self, Run { mut child, input }: Run) {
        drop(input);
        if timeout(STOPS_WITHIN, child.wait()).await.is_err() {
            self.end(&mut child).await;
        }
    }

    async fn end(&self, child: &mut Child) {
        if let Err(error) = child.kill().await {
            eprintln!("{} cannot be killed: {error}", self.name);
        }
    }

    fn set_address(&self, address: Option<SocketAddr>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

async fn first_address(mut stdout: BufReader<ChildStdout>) -> io::Result<Option<SocketAddr>> {
    let mut line = String::new();
    stdout.read_line(&mut line).await?;
    // What else it says is read by nobody, and is not to stop it.
    tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
    Ok(line.strip_prefix("listening on http://").and_then(|address| address.trim_end().parse().ok()))
}
