//! What a send costs the thread that makes it: `send(2)` in a loop against the ring.
//!
//! ```sh
//! cargo run --release -p roomful-uring --example compare              # everything
//! cargo run --release -p roomful-uring --example compare -- 500 66    # so many connections, so many bytes each
//! ```
//!
//! One thread has loopback connections, and sends one buffer to each of them; that is a round. Another process reads,
//! in one of two ways: as the bytes come, so that sends wake it, as they do where a server's bench has its clients on
//! the same machine; or only after the round, so that no send wakes anybody, as where clients are elsewhere. A round
//! begins when the one before has been read. The ways of sending take turns, round by round; what is printed is the
//! median of the rounds, and the median of each round's ratio to the one beside it.
//!
//! Only the sending thread's CPU time is counted (which over loopback holds what the kernel does to deliver). The same
//! binary on a busy machine differs by some 5 % from run to run.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, Command};

use roomful_uring::{Ring, Sent, SocketSend};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

/// How many sends a comparison makes in each way, about, and in how many rounds at least.
const SENDS: usize = 150_000;
const ROUNDS: usize = 31;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["read", when, port, connections] => readers::run(when, port.parse()?, connections.parse()?),
        [connections, bytes] => compare(&[connections.parse()?], &[bytes.parse()?]),
        [] => compare(&[500, 5_000], &[66, 1024, 30_000]),
        _ => Err("no arguments, or how many connections and how many bytes".into()),
    }
}

fn compare(connections: &[usize], bytes: &[usize]) -> Result<(), Failure> {
    println!("read       connections  bytes   send(2) µs  ring µs  ratio  sends that found no room");
    for when in ["at-once", "afterwards"] {
        for &connections in connections {
            let mut round = Round::start(when, connections)?;
            for &bytes in bytes {
                let Comparison { one_by_one, ring, ratio, refused } = round.compare(bytes)?;
                println!("{when:10} {connections:11} {bytes:6} {one_by_one:12.3} {ring:8.3} {ratio:6.2} {refused:6}");
            }
            round.end()?;
        }
    }
    Ok(())
}

/// Microseconds of CPU a send, medians.
struct Comparison {
    one_by_one: f64,
    ring: f64,
    ratio: f64,
    refused: usize,
}

/// The connections, and who reads from them.
struct Round {
    sockets: Vec<TcpStream>,
    control: TcpStream,
    reader: Child,
    ring: Ring,
    results: Vec<Sent>,
    refused: usize,
}

impl Round {
    fn start(when: &str, connections: usize) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port().to_string();
        let reader = Command::new(env::current_exe()?).args(["read", when, &port, &connections.to_string()]).spawn()?;
        let (control, _) = listener.accept()?;
        control.set_nodelay(true)?;
        let mut sockets = Vec::with_capacity(connections);
        for _ in 0..connections {
            let (socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        Ok(Self { sockets, control, reader, ring: Ring::probe()?, results: Vec::new(), refused: 0 })
    }

    fn compare(&mut self, bytes: usize) -> Result<Comparison, Failure> {
        let buffer = vec![b'x'; bytes];
        let rounds = (SENDS / self.sockets.len()).max(ROUNDS);
        self.refused = 0;
        let mut measured = Vec::with_capacity(rounds);
        // The first ones find the sockets' buffers too small, and the caches cold.
        for round in 0..rounds + 3 {
            let [one_by_one, ring] = if round % 2 == 0 {
                let one_by_one = self.measured(&buffer, Self::one_by_one)?;
                [one_by_one, self.measured(&buffer, Self::by_ring)?]
            } else {
                let ring = self.measured(&buffer, Self::by_ring)?;
                [self.measured(&buffer, Self::one_by_one)?, ring]
            };
            if round >= 3 {
                measured.push((one_by_one, ring));
            }
        }
        Ok(Comparison {
            one_by_one: median(measured.iter().map(|(one_by_one, _)| *one_by_one)),
            ring: median(measured.iter().map(|(_, ring)| *ring)),
            ratio: median(measured.iter().map(|(one_by_one, ring)| ring / one_by_one)),
            refused: self.refused,
        })
    }

    /// Sends the buffer to all and waits until it is read. Microseconds of this thread's CPU time a send.
    fn measured(
        &mut self,
        buffer: &[u8],
        send: impl FnOnce(&mut Self, &[u8]) -> Result<usize, Failure>,
    ) -> Result<f64, Failure> {
        let began = cpu_micros();
        let sent = send(self, buffer)?;
        let took = cpu_micros() - began;
        self.control.write_all(&(sent as u64).to_le_bytes())?;
        self.control.read_exact(&mut [0])?;
        Ok(took / self.sockets.len() as f64)
    }

    fn one_by_one(&mut self, buffer: &[u8]) -> Result<usize, Failure> {
        let mut sent = 0;
        for mut socket in &self.sockets {
            match socket.write(buffer) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    fn by_ring(&mut self, buffer: &[u8]) -> Result<usize, Failure> {
        let sends: Vec<_> = self.sockets.iter().map(|socket| SocketSend::new(socket.as_fd(), buffer)).collect();
        self.ring.send_many(&sends, &mut self.results)?;
        let mut sent = 0;
        for result in &self.results {
            match result {
                Sent::Bytes(bytes) => sent += bytes,
                Sent::WouldBlock => self.refused += 1,
                other => return Err(format!("{other:?}").into()),
            }
        }
        Ok(sent)
    }

    fn end(mut self) -> io::Result<()> {
        drop((self.sockets, self.control));
        self.reader.wait().map(drop)
    }
}

fn cpu_micros() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The other process. It is told how many bytes a round had, and answers when it has read them.
mod readers {
    use std::cell::Cell;
    use std::rc::Rc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::task::LocalSet;

    use super::*;

    const BUFFER: usize = 64 << 10;

    pub(super) fn run(when: &str, port: u16, connections: usize) -> Result<(), Failure> {
        let mut control = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        control.set_nodelay(true)?;
        let sockets: io::Result<Vec<_>> =
            (0..connections).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port))).collect();
        let sockets = sockets?;
        sockets.iter().try_for_each(|socket| socket.set_nonblocking(true))?;
        match when {
            "at-once" => at_once(control, sockets),
            _ => afterwards(&mut control, &sockets),
        }
    }

    fn afterwards(control: &mut TcpStream, sockets: &[TcpStream]) -> Result<(), Failure> {
        let mut buffer = vec![0; BUFFER];
        let mut bytes = [0; 8];
        while control.read_exact(&mut bytes).is_ok() {
            let mut missing = u64::from_le_bytes(bytes);
            while missing > 0 {
                for mut socket in sockets {
                    match socket.read(&mut buffer) {
                        Ok(read) => missing -= read as u64,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            control.write_all(&[0])?;
        }
        Ok(())
    }

    fn at_once(control: TcpStream, sockets: Vec<TcpStream>) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        LocalSet::new().block_on(&runtime, async move {
            let count = Rc::new((Cell::new(0), Notify::new()));
            for socket in sockets {
                tokio::task::spawn_local(count_what_comes(tokio::net::TcpStream::from_std(socket)?, Rc::clone(&count)));
            }
            control.set_nonblocking(true)?;
            let mut control = tokio::net::TcpStream::from_std(control)?;
            let (read, more) = &*count;
            let mut expected = 0;
            while let Ok(bytes) = control.read_u64_le().await {
                expected += bytes;
                while read.get() < expected {
                    more.notified().await;
                }
                control.write_all(&[0]).await?;
            }
            Ok(())
        })
    }

    async fn count_what_comes(socket: tokio::net::TcpStream, count: Rc<(Cell<u64>, Notify)>) {
        thread_local!(static BUFFERED: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; BUFFER]));
        let (total, more) = &*count;
        while socket.readable().await.is_ok() {
            match BUFFERED.with_borrow_mut(|buffer| socket.try_read(buffer)) {
                Ok(0) => return,
                Ok(read) => {
                    total.set(total.get() + read as u64);
                    more.notify_one();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return eprintln!("a reader ended: {error}"),
            }
        }
    }
}
