//! A server's process: started on its own processor, asked for its address, and ended whatever happens.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::broker::Broker;

use crate::failure::Failure;
use crate::meter::{Cpu, Memory};
use crate::peer::Peer;

/// Where a server comes from, and where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// The repository's root.
    pub repository: &'a Path,
    /// Its processors, as `taskset` reads them.
    pub processors: &'a str,
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    /// Each is a node where there are several.
    processes: Vec<Process>,
    /// What those talk over.
    broker: Option<Broker>,
    /// Where the first listens.
    pub address: SocketAddr,
    /// Where each does.
    pub addresses: Vec<SocketAddr>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    /// Held so that a server that says more does not die of it.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts this peer and waits for the line in which it says its address, and so each of its nodes.
    ///
    /// # Errors
    ///
    /// When it is not built, or ends before it says that.
    pub fn start(peer: &'static Peer, on: Placement<'_>) -> Result<Self, Failure> {
        let broker = peer.over.map(|kind| Broker::start(kind, on.processors)).transpose()?;
        let (mut processes, mut addresses) = (Vec::new(), Vec::new());
        for node in 0..peer.nodes() {
            let over = broker.as_ref().map(|broker| (broker.address.as_str(), node));
            let (process, address) = Process::start(peer, over, on)?;
            processes.push(process);
            addresses.push(address);
        }
        let address = addresses.first().copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        Ok(Self { processes, broker, address, addresses })
    }

    /// The processor time that it has used, all nodes together.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cpu(&self) -> Result<Cpu, Failure> {
        let mut sum = Cpu::NONE;
        for process in &self.processes {
            sum = sum + Cpu::of(process.child.id())?;
        }
        Ok(sum)
    }

    /// The processor time that its broker has used, where it has one.
    ///
    /// # Errors
    ///
    /// When that has ended.
    pub fn broker_cpu(&self) -> Result<Option<Cpu>, Failure> {
        self.broker.as_ref().map(Broker::cpu).transpose()
    }

    /// The memory that it uses, all nodes together.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory(&self) -> Result<Memory, Failure> {
        let mut sum = Memory { private_dirty: 0, rss: 0 };
        for process in &self.processes {
            let Memory { private_dirty, rss } = Memory::of(process.child.id())?;
            sum = Memory { private_dirty: sum.private_dirty + private_dirty, rss: sum.rss + rss };
        }
        Ok(sum)
    }

    /// Its process; the first node's where there are several.
    pub fn pid(&self) -> u32 {
        self.processes.first().map_or(0, |process| process.child.id())
    }

    /// Kills the last node.
    ///
    /// # Errors
    ///
    /// When it has ended already.
    pub fn kill_last(&mut self) -> Result<(), Failure> {
        let killed = self.processes.last_mut().map(|process| process.child.kill()).transpose();
        self.processes.pop();
        killed.map(drop).map_err(Failure::io("killing a node"))
    }
}

impl Process {
    fn start(
        peer: &'static Peer,
        over: Option<(&str, usize)>,
        on: Placement<'_>,
    ) -> Result<(Self, SocketAddr), Failure> {
        let wanted = peer.command(on.repository, over)?;
        let failed = |why: String| Failure::Start { peer: peer.name, why };
        // It must not outlive this process, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "--cpu-list", on.processors]);
        command.arg(wanted.get_program()).args(wanted.get_args());
        // A server that asked something would wait for ever.
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed(format!("`setpriv` of util-linux: {error}")))?;
        let stdout = child.stdout.take().map(BufReader::new);
        // From here on the process ends with the value.
        let mut process = Self { child, stdout };
        let mut line = String::new();
        if let Some(stdout) = &mut process.stdout {
            stdout.read_line(&mut line).map_err(Failure::io(peer.name))?;
        }
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| failed(format!("it said {line:?}, and not where it listens")))?;
        Ok((process, address))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
