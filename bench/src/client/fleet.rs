//! All connections to one server, on one thread.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use super::alarm::Alarm;
use super::connection::{Connection, Ear, Phase, Traffic};
use super::handshake;
use super::inflate::Inflater;
use crate::dialect::{Dialect, TALKER};
use crate::failure::Failure;
use crate::tally::Tally;

/// A message may be this long: the snapshot of a room of 10,000.
const BUFFER: usize = 4 << 20;
/// Connections that may be between their first packet and their upgrade at once: as many as the shortest queue of a listener
/// takes that is usual (Rust's standard library's). One more would wait a second for its packet to be sent again.
pub const OPENING: usize = 128;
/// Connections that are made before what came is looked at.
const PART: usize = OPENING / 2;
/// How long what has arrived may take to be read.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a server may take to let in those that come at once.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a connection offers beyond the plain protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Nothing.
    Plain,
    /// `permessage-deflate`, with no context takeover.
    Deflate,
}

/// Connections to one server, numbered in the order in which they were made.
#[derive(Debug)]
pub struct Fleet {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    inflater: Inflater,
    stalled: usize,
    dialect: Dialect,
    kind: &'static str,
    /// What came in.
    pub traffic: Traffic,
}

impl Fleet {
    /// No connection yet, for servers of this dialect, into rooms of this kind (which relays do not have).
    ///
    /// # Errors
    ///
    /// When the system has no more readiness queues.
    pub fn new(dialect: Dialect, kind: &'static str) -> Result<Self, Failure> {
        let poll = Poll::new().map_err(Failure::io("a poll"))?;
        Ok(Self {
            alarm: Alarm::new(poll.registry())?,
            poll,
            events: Events::with_capacity(4096),
            connections: Vec::new(),
            buffer: vec![0; BUFFER],
            inflater: Inflater::default(),
            stalled: 0,
            dialect,
            kind,
            traffic: Traffic::default(),
        })
    }

    /// Opens a connection into each of these rooms, a part of them at a time, and waits until all are in. Where a server has several
    /// addresses they go round.
    ///
    /// # Errors
    ///
    /// When a server refuses one, or takes longer than three minutes for a part of them.
    pub fn open(
        &mut self,
        addresses: &[SocketAddr],
        rooms: &[String],
        offer: Offer,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        for part in rooms.chunks(OPENING) {
            self.open_at_once(addresses, part, offer, tally)?;
        }
        Ok(())
    }

    /// Opens a connection into each of these rooms as fast as the server upgrades them, whoever is in a room already, and
    /// waits until all are in.
    ///
    /// # Errors
    ///
    /// When a server refuses one, or takes longer than three minutes for all of them.
    pub fn open_at_once(
        &mut self,
        addresses: &[SocketAddr],
        rooms: &[String],
        offer: Offer,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        self.request(addresses, rooms, offer, tally, until)?;
        self.await_fewer(Phase::Open, 0, tally, until)
    }

    /// Makes a connection for each of these rooms and asks for its upgrade at once: a server gives a connection that says
    /// nothing only a few seconds, and where the machine is busy, thousands of handshakes take longer than that.
    fn request(
        &mut self,
        addresses: &[SocketAddr],
        rooms: &[String],
        offer: Offer,
        tally: &mut Tally,
        until: Instant,
    ) -> Result<(), Failure> {
        let headers = self.dialect.headers(offer == Offer::Deflate);
        for part in rooms.chunks(PART) {
            self.await_fewer(Phase::Greeting, OPENING - PART, tally, until)?;
            for room in part {
                let path = self.dialect.path(self.kind, room);
                let request = if self.dialect.upgrades() || room.starts_with(TALKER) {
                    handshake::request(&path, &headers)
                } else {
                    handshake::events(&path)
                };
                let connection = self.connect(self.len(), home(self.len(), addresses), &request)?;
                self.connections.push(connection);
            }
        }
        Ok(())
    }

    fn connect(&self, member: usize, address: SocketAddr, request: &str) -> Result<Connection, Failure> {
        let doing = || format!("connection {member} to {address}");
        let stream = std::net::TcpStream::connect(address).map_err(Failure::io(doing()))?;
        stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)).map_err(Failure::io(doing()))?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let token = Token(member);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, interest).map_err(Failure::io(doing()))?;
        let mut connection = Connection::new(stream);
        connection.write(request.as_bytes())?;
        Ok(connection)
    }

    /// These lose their sockets without a word. What was on its way to them is lost, too.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn cut(&mut self, members: Range<usize>) -> Result<(), Failure> {
        for connection in self.connections.get_mut(members).into_iter().flatten() {
            self.poll.registry().deregister(&mut connection.stream).map_err(Failure::io("a socket to be cut"))?;
            // One that is lost already cannot be shut down.
            let _gone = connection.stream.shutdown(Shutdown::Both);
            connection.phase = Phase::Lost;
        }
        Ok(())
    }

    /// Asks for the upgrade of a new socket in place of one that was lost.
    ///
    /// # Errors
    ///
    /// When the server takes no connection.
    pub fn open_again(&mut self, member: usize, address: SocketAddr, request: &str) -> Result<(), Failure> {
        let connection = self.connect(member, address, request)?;
        if let Some(lost) = self.connections.get_mut(member) {
            *lost = connection;
        }
        Ok(())
    }

    /// How many wait for their upgrade.
    pub fn opening(&self) -> usize {
        self.connections.iter().filter(|connection| connection.phase == Phase::Upgrading).count()
    }

    /// How many are not in their room, those without a socket too.
    pub fn away(&self) -> usize {
        self.connections.iter().filter(|connection| connection.phase < Phase::Open).count()
    }

    /// Waits until at most so many connections have not come as far as `phase`.
    fn await_fewer(&mut self, phase: Phase, most: usize, tally: &mut Tally, until: Instant) -> Result<(), Failure> {
        let behind = |fleet: &Self| fleet.connections.iter().filter(|connection| connection.phase < phase).count();
        while behind(self) > most {
            self.poll(tally, Duration::from_millis(100))?;
            if Instant::now() > until {
                return Err(Failure::Timeout {
                    what: if phase == Phase::Open { "the room" } else { "the upgrade" },
                    seconds: PATIENCE.as_secs(),
                    state: format!("{} of {} wait for it", behind(self), self.len()),
                });
            }
        }
        Ok(())
    }

    /// Waits for what comes within `timeout`, and takes it in.
    ///
    /// # Errors
    ///
    /// When a connection ends, or something comes that must not.
    pub fn poll(&mut self, tally: &mut Tally, timeout: Duration) -> Result<(), Failure> {
        // Whole milliseconds the poll can count by itself.
        if !timeout.subsec_nanos().is_multiple_of(1_000_000) {
            self.alarm.set(timeout)?;
        }
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.map_err(Failure::io("the poll"))?,
        }
        for event in &self.events {
            let Token(member) = event.token();
            // Nothing has the number of the alarm, which has done its work by ending the wait.
            let Some(connection) = self.connections.get_mut(member) else { continue };
            if event.is_writable() {
                connection.flush()?;
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                connection.read(&mut Ear {
                    member,
                    dialect: self.dialect,
                    buffer: &mut self.buffer,
                    inflater: &mut self.inflater,
                    tally,
                    traffic: &mut self.traffic,
                })?;
            }
        }
        Ok(())
    }

    /// Takes in all that has arrived, and waits for nothing. A server that goes on and on is not heard for longer than a second.
    ///
    /// # Errors
    ///
    /// As [`Fleet::poll`].
    pub fn settle(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let until = Instant::now() + SETTLE;
        loop {
            self.poll(tally, Duration::ZERO)?;
            if self.events.is_empty() || Instant::now() > until {
                return Ok(());
            }
        }
    }

    /// Sends bytes that are whole frames already.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub fn send(&mut self, member: usize, frames: &[u8]) -> Result<(), Failure> {
        self.connections.get_mut(member).map_or(Ok(()), |connection| connection.write(frames))
    }

    /// Whether this connection's socket would not take all that was sent.
    pub fn is_blocked(&self, member: usize) -> bool {
        self.connections.get(member).is_some_and(Connection::is_blocked)
    }

    /// Reads nothing more from this connection, and leaves the kernel little room to read for it.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn stall(&mut self, member: usize) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(member) else { return Ok(()) };
        self.stalled += 1;
        SockRef::from(&connection.stream).set_recv_buffer_size(4096).map_err(Failure::io("a small receive buffer"))?;
        self.poll.registry().deregister(&mut connection.stream).map_err(Failure::io("reading no more"))
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// How many are not read any more.
    pub fn stalled(&self) -> usize {
        self.stalled
    }

    /// How many compress.
    pub fn deflating(&self) -> usize {
        self.connections.iter().filter(|connection| connection.deflate).count()
    }
}

/// Where this member is connected.
fn home(member: usize, addresses: &[SocketAddr]) -> SocketAddr {
    let at = member % addresses.len().max(1);
    addresses.get(at).copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
}
