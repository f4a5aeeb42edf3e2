//! `cursors nodes`: what it starts goes on when a node dies, and ends when it does.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Far more than anything takes on a busy machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

struct Demo {
    program: Child,
    front: SocketAddr,
    /// Of the nodes, and then of the broker.
    behind: Vec<SocketAddr>,
    _stdout: BufReader<ChildStdout>,
}

impl Demo {
    fn start(broker: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cursors"));
        command
            .args(["nodes", "--port", "0", "--broker", broker])
            .env("CURSORS_SECRET", "a secret of this test alone, long enough to be one");
        let mut program = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(program.stdout.take().unwrap());
        let mut addresses = Vec::new();
        while addresses.len() < 5 {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it ended: {addresses:?}");
            let address = line.trim_end().rsplit_once("://").and_then(|(_, address)| address.parse().ok());
            addresses.push(address.unwrap_or_else(|| panic!("no address: {line:?}")));
        }
        Self { program, front: addresses.remove(0), behind: addresses, _stdout: stdout }
    }

    fn signal(&self, signal: &str) {
        let pid = self.program.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    fn status(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.front).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.front).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

fn until_nobody_listens(address: SocketAddr) {
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < PATIENCE, "somebody still listens at {address}");
        yield_now();
    }
}

#[test]
fn a_node_that_is_killed_is_gone_and_the_others_are_asked_in_its_place() {
    let demo = Demo::start("nats");
    assert_eq!(demo.status("DELETE /demo/nodes/node-2"), "204");
    until_nobody_listens(demo.behind[1]);
    for _ in 0..3 {
        assert_eq!(demo.status("GET /api/boards/main"), "200");
    }
    assert_eq!(demo.status("DELETE /demo/nodes/node-2"), "204", "it is gone already");
    assert_eq!(demo.status("DELETE /demo/nodes/node-4"), "404");
}

#[test]
fn nothing_is_left_of_it_whether_it_is_asked_to_stop_or_killed() {
    for (broker, signal, code) in [("nats", "INT", Some(0)), ("redis", "TERM", Some(0)), ("nats", "KILL", None)] {
        let mut demo = Demo::start(broker);
        demo.signal(signal);
        assert_eq!(demo.program.wait().unwrap().code(), code, "{signal}");
        demo.behind.iter().copied().for_each(until_nobody_listens);
    }
}
