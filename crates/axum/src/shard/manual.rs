//! A shard without a thread: it turns when it is told to, on the caller's thread. For benchmarks.

use std::io;
use std::os::unix::net::UnixStream;

use bytes::Bytes;
use mio::Events;
use roomful_core::Millis;
use roomful_runtime::Admission;
use roomful_runtime::Transport as _;

use super::queue::{Command, Newcomer};
use super::reactor::{EVENTS, Reactor};
use super::sender::Sender;
use super::stream::Stream;

/// What a shard's thread does, one turn after the other. It writes to its sockets one by one.
pub struct ManualShard {
    reactor: Reactor,
    sender: Sender,
    events: Events,
    commands: Vec<Command>,
}

impl ManualShard {
    /// A shard with no socket.
    ///
    /// # Errors
    ///
    /// When the system gives nothing to wait for sockets with.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            reactor: Reactor::new()?,
            sender: Sender::new(false),
            events: Events::with_capacity(EVENTS),
            commands: Vec::new(),
        })
    }

    /// Hands over a socket whose handshake is done: the next turn takes it up.
    ///
    /// # Errors
    ///
    /// When it cannot be made not to block.
    pub fn serve(&self, stream: UnixStream, admission: Admission, deflate: bool) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let nobody_to_tell = tokio::sync::oneshot::channel().0;
        let stream = Stream::Pair(mio::net::UnixStream::from_std(stream), nobody_to_tell);
        self.reactor.shard.serve(Newcomer { stream, read: Bytes::new(), admission, deflate });
        Ok(())
    }

    /// Turns until nothing is left to do.
    ///
    /// # Errors
    ///
    /// When the sockets cannot be waited for.
    pub fn turn(&mut self) -> io::Result<()> {
        // A shard that was rung waits for nothing.
        self.reactor.shard.ring();
        // And nobody expected it to turn before.
        self.reactor.clock.begin_turn(Millis::MAX);
        loop {
            self.reactor.turn(&mut self.sender, &mut self.events, &mut self.commands)?;
            if !self.reactor.is_busy() {
                return Ok(());
            }
        }
    }
}
