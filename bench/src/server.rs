//! A server's process: started on its own processor, asked for its address, and ended whatever happens.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

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
    child: Child,
    /// Held so that a server that says more does not die of it.
    stdout: Option<BufReader<ChildStdout>>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts this peer and waits for the line in which it says its address.
    ///
    /// # Errors
    ///
    /// When it is not built, or ends before it says that.
    pub fn start(peer: &'static Peer, on: Placement<'_>) -> Result<Self, Failure> {
        let wanted = peer.command(on.repository)?;
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
        let mut server = Self { child, stdout, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        if let Some(stdout) = &mut server.stdout {
            stdout.read_line(&mut line).map_err(Failure::io(peer.name))?;
        }
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        server.address = address.ok_or_else(|| failed(format!("it said {line:?}, and not where it listens")))?;
        Ok(server)
    }

    /// The processor time that it has used.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cpu(&self) -> Result<Cpu, Failure> {
        Cpu::of(self.pid())
    }

    /// The memory that it uses.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory(&self) -> Result<Memory, Failure> {
        Memory::of(self.pid())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
