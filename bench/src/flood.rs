//! Strangers who send a server what costs it more than them.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;

use crate::client::frame;
use crate::client::handshake::{self, Answer};
use crate::client::inflate::TAIL;
use crate::dialect::Dialect;
use crate::failure::Failure;

/// What they send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Flood {
    /// Empty pings; the pongs are read.
    Pings,
    /// Pongs that nobody asked for.
    Pongs,
    /// A message that never ends, in fragments without content.
    Continuations,
    /// Messages, each into a room of its sender's own.
    Talkers,
    /// Messages of a hundred bytes that inflate to 60 KB.
    Deflate,
}

/// Bytes that all of them together offer in a second, at most: more than any server takes, and little enough that the load
/// generator still has time for those whom they disturb.
const BYTES_A_SECOND: f64 = 64e6;
/// What a flooder sends again and again is about this long, in whole frames.
const CHUNK: usize = 16 << 10;
/// What a message says that is made small by compression.
const INFLATED: usize = 60_000;
/// How long a server may take to upgrade one.
const PATIENCE: Duration = Duration::from_secs(20);

impl Flood {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Pings, Self::Pongs, Self::Continuations, Self::Talkers, Self::Deflate];

    /// What it is called in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pings => "pings",
            Self::Pongs => "pongs",
            Self::Continuations => "fragments",
            Self::Talkers => "messages",
            Self::Deflate => "deflate",
        }
    }

    fn flooders(self) -> usize {
        match self {
            Self::Pings | Self::Pongs | Self::Continuations => 200,
            Self::Talkers => 50,
            Self::Deflate => 10,
        }
    }

    /// A room with the limits that an app has which says nothing of them.
    fn kind(self) -> &'static str {
        if self == Self::Deflate { "echoDeflate" } else { "echo" }
    }

    /// What comes once, before all else.
    fn opening(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self == Self::Continuations {
            frame::write(&mut bytes, frame::TEXT & !frame::FIN, b"");
        }
        bytes
    }

    /// What comes again and again.
    fn chunk(self, dialect: Dialect) -> Vec<u8> {
        let mut one = Vec::new();
        match self {
            Self::Pings => frame::write(&mut one, frame::PING, b""),
            Self::Pongs => frame::write(&mut one, frame::PONG, b""),
            Self::Continuations => frame::write(&mut one, frame::CONTINUATION, b""),
            Self::Talkers => frame::write_text(&mut one, dialect.message("\"over and over\"").as_bytes()),
            Self::Deflate => {
                let message = dialect.message(&format!("\"{}\"", "x".repeat(INFLATED)));
                frame::write(&mut one, frame::TEXT | frame::COMPRESSED, &deflate(message.as_bytes()));
            }
        }
        one.repeat(CHUNK.div_ceil(one.len()))
    }
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 64);
    let mut stream = Compress::new(Compression::best(), false);
    // There is room for all of it, so this does not fail.
    let _ = stream.compress_vec(text, &mut bytes, FlushCompress::Sync);
    bytes.truncate(bytes.len() - TAIL.len());
    bytes
}

/// A flood that goes on in a thread of its own, until it is ended or dropped.
#[derive(Debug)]
pub struct Flooders {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Flooded, Failure>>>,
}

/// What became of a flood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flooded {
    /// Bytes that the server's sockets took.
    pub bytes: u64,
    /// How many of them the server put out.
    pub closed: usize,
}

impl Flooders {
    /// Connects them, and lets them begin. `None`: the server does not compress, so it cannot be flooded so.
    ///
    /// # Errors
    ///
    /// When the server does not let one in.
    pub fn begin(flood: Flood, address: SocketAddr, dialect: Dialect) -> Result<Option<Self>, Failure> {
        let poll = Poll::new().map_err(Failure::io("a poll"))?;
        let mut flooders = Vec::new();
        for at in 0..flood.flooders() {
            let Some(stream) = connect(flood, address, dialect, at)? else { return Ok(None) };
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(at), interest).map_err(Failure::io("a flooder"))?;
            flooders.push(Some(Flooder { stream, opening: flood.opening(), sent: 0, is_blocked: false }));
        }
        let ended = Arc::new(AtomicBool::new(false));
        let flow = Flow { poll, flooders, chunk: flood.chunk(dialect), flooded: Flooded::default() };
        let until = Arc::clone(&ended);
        let thread = std::thread::spawn(move || flow.run(&until));
        Ok(Some(Self { ended, thread: Some(thread) }))
    }

    /// All of them leave at once, as if they had crashed.
    ///
    /// # Errors
    ///
    /// When the system would not let them go on.
    pub fn end(mut self) -> Result<Flooded, Failure> {
        self.ended.store(true, Ordering::Relaxed);
        let ended = self.thread.take().and_then(|thread| thread.join().ok());
        ended.unwrap_or_else(|| Err(Failure::Violation("the flood's thread panicked".to_owned())))
    }
}

impl Drop for Flooders {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

struct Flooder {
    stream: TcpStream,
    /// What is left of what comes once.
    opening: Vec<u8>,
    /// Where it is in the chunk.
    sent: usize,
    is_blocked: bool,
}

struct Flow {
    poll: Poll,
    /// `None`: the server put it out.
    flooders: Vec<Option<Flooder>>,
    chunk: Vec<u8>,
    flooded: Flooded,
}

impl Flow {
    fn run(mut self, ended: &AtomicBool) -> Result<Flooded, Failure> {
        let mut events = Events::with_capacity(1024);
        let mut waste = vec![0; 64 << 10];
        let began = Instant::now();
        while !ended.load(Ordering::Relaxed) {
            let may_send = self.flooded.bytes as f64 <= began.elapsed().as_secs_f64() * BYTES_A_SECOND;
            let is_idle = !(may_send && self.send_all());
            let wait = if is_idle { Duration::from_millis(1) } else { Duration::ZERO };
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(Failure::io("the flood's poll"))?,
            }
            for event in &events {
                let Token(at) = event.token();
                self.note(at, &mut waste);
            }
        }
        Ok(self.flooded)
    }

    /// A chunk of each whose socket takes it; whether there was one.
    fn send_all(&mut self) -> bool {
        let mut sent = false;
        for at in 0..self.flooders.len() {
            let Some(Some(flooder)) = self.flooders.get_mut(at) else { continue };
            if flooder.is_blocked {
                continue;
            }
            match flooder.send(&self.chunk) {
                Ok(bytes) => {
                    sent = true;
                    self.flooded.bytes += bytes as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => flooder.is_blocked = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.put_out(at),
            }
        }
        sent
    }

    /// Whatever a server says is read and thrown away: one that is not read from may stop reading.
    fn note(&mut self, at: usize, waste: &mut [u8]) {
        let Some(Some(flooder)) = self.flooders.get_mut(at) else { return };
        flooder.is_blocked = false;
        loop {
            match flooder.stream.read(waste) {
                Ok(0) => return self.put_out(at),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.put_out(at),
            }
        }
    }

    fn put_out(&mut self, at: usize) {
        if self.flooders.get_mut(at).is_some_and(|flooder| flooder.take().is_some()) {
            self.flooded.closed += 1;
        }
    }
}

impl Flooder {
    fn send(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if !self.opening.is_empty() {
            let sent = self.stream.write(&self.opening)?;
            self.opening.drain(..sent);
            return Ok(sent);
        }
        let sent = self.stream.write(chunk.get(self.sent..).unwrap_or_default())?;
        self.sent = (self.sent + sent) % chunk.len();
        Ok(sent)
    }
}

/// `None`: it was upgraded, and the server does not compress although this flood wants it.
fn connect(
    flood: Flood,
    address: SocketAddr,
    dialect: Dialect,
    at: usize,
) -> Result<Option<std::net::TcpStream>, Failure> {
    let doing = || format!("a flooder to {address}");
    let wants_deflate = flood == Flood::Deflate;
    let request =
        handshake::request(&dialect.path(flood.kind(), &format!("flood{at}")), &dialect.headers(wants_deflate));
    let mut stream = std::net::TcpStream::connect(address).map_err(Failure::io(doing()))?;
    stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(PATIENCE))).map_err(Failure::io(doing()))?;
    stream.write_all(request.as_bytes()).map_err(Failure::io(doing()))?;
    let (mut head, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut part).map_err(Failure::io(doing()))?;
        head.extend_from_slice(part.get(..read).unwrap_or_default());
        match handshake::answer(&head) {
            Answer::Upgraded { deflate, .. } if deflate || !wants_deflate => break,
            Answer::Upgraded { .. } => return Ok(None),
            Answer::Partial if read > 0 => {}
            Answer::Partial => return Err(Failure::Ended { member: at, why: "the socket ended".to_owned() }),
            Answer::Refused(status) => return Err(Failure::Ended { member: at, why: status }),
            Answer::Streams { .. } => {
                return Err(Failure::Ended { member: at, why: "it was answered with a stream".to_owned() });
            }
        }
    }
    stream.set_nonblocking(true).map_err(Failure::io(doing()))?;
    Ok(Some(stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::inflate::Inflater;

    #[test]
    fn a_chunk_is_whole_frames() {
        for flood in Flood::ALL {
            let mut unmasked = flood.chunk(Dialect::Roomful);
            let len = unmasked.len();
            assert!((CHUNK..CHUNK * 2).contains(&len), "{flood:?}: {len}");
            // A server's frames have no mask: without its bit the four bytes of it would be the payload's first.
            let mut at = 0;
            while at < len {
                assert_eq!(unmasked[at + 1] & 0x80, 0x80, "{flood:?} masks");
                unmasked[at + 1] &= 0x7f;
                let frame::Parsed::Whole(found) = frame::parse(&unmasked[at..]) else { panic!("{flood:?}: cut") };
                at += found.len + 4;
            }
            assert_eq!(at, len, "{flood:?}");
        }
    }

    #[test]
    fn what_is_sent_compressed_is_short_and_says_a_message() {
        let compressed = deflate(Dialect::Relay.message(&"x".repeat(INFLATED)).as_bytes());
        assert!(compressed.len() < 200, "{} B", compressed.len());
        assert_eq!(
            Inflater::default().inflate(&compressed).expect("it was compressed"),
            "x".repeat(INFLATED).as_bytes()
        );
    }
}
