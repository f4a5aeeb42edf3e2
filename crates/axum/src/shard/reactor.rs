//! The thread of a shard: it waits for its sockets and its queue, reads, writes, and looks at the time.
//!
//! A turn takes a bounded slice of each kind of work, so that nothing that a socket or a room has to do keeps the others
//! waiting for longer than that.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token};
use roomful::{Close, Limits};
use roomful_core::{ConnectionId, Millis};
use roomful_runtime::{RoomId, SharedMemory, let_go};
use roomful_websocket::deflate::{Deflater, Inflater};
use slab::Slab;

use super::clock::Clock;
use super::closers::Closers;
use super::queue::{Command, Shard, WAKER};
use super::room::{ShardRoom, Troubles};
use super::sender::Sender;
use super::socket::{HangUp, Socket};
use super::tick::Tick;
use super::timers::Timers;
use super::writes;

/// The one buffer that all sockets are read into, one after the other, each once a turn.
const READ_BYTES: usize = 32 << 10;

/// What the reading of one turn comes to, in bytes: more than a hundred sockets that say something, or eight that send as much as
/// they can. Half a millisecond's worth.
const TURN_BYTES: usize = 256 << 10;

/// A read costs as much as so many bytes, whatever it brings.
const READ_COST: usize = 1 << 10;

/// Sockets that are written to before others are read from again: half a millisecond's worth.
pub(super) const SLICE: usize = 128;

/// Buffers of ticks that have landed are kept for the next ones, this many of them.
const SPARE_TICKS: usize = 4;

pub(super) const EVENTS: usize = 1_024;

/// The system counts a wait in a few bits: one that it cannot say would be none at all, and the thread would spin.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

pub(super) struct Reactor {
    poll: Poll,
    pub(super) shard: Arc<Shard>,
    pub(super) sockets: Slab<Socket>,
    pub(super) slots: HashMap<ConnectionId, usize>,
    /// Boxed, since a table keeps half of its places empty.
    pub(super) rooms: HashMap<RoomId, Box<ShardRoom>>,
    pub(super) timers: Timers,
    pub(super) closers: Closers,
    /// Sockets that have had what they may for now, by when they are read again.
    pub(super) pauses: Timers,
    /// Sockets with something to read, in the order of their turns.
    pub(super) to_read: VecDeque<usize>,
    /// Sockets with something of their own to write.
    pub(super) to_write: VecDeque<usize>,
    /// Rooms whose turn it is to write.
    pub(super) to_fly: VecDeque<RoomId>,
    /// Rooms that write when a time has come.
    pub(super) later: BTreeSet<(Millis, RoomId)>,
    pub(super) spare: Vec<Tick>,
    pub(super) deflater: Deflater,
    pub(super) inflater: Inflater,
    buffer: Vec<u8>,
    pub(super) clock: Clock,
    /// What it holds for its sockets together. There is none before the first socket.
    pub(super) memory: Option<SharedMemory>,
    /// When memory is to be looked at again, because there is too little.
    pub(super) look_at_memory_at: Option<Millis>,
}

impl Reactor {
    /// The one reactor of a process with these bounds, and what other threads see of it.
    #[cfg(any(test, feature = "bench"))]
    pub(super) fn new() -> io::Result<Self> {
        Self::one_of(&Limits::default(), 0, 1)
    }

    /// The `nth` of so many.
    pub(super) fn one_of(limits: &Limits, nth: usize, of: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let shard = Arc::new(Shard::new(poll.registry())?);
        Ok(Self {
            poll,
            shard,
            sockets: Slab::new(),
            slots: HashMap::new(),
            rooms: HashMap::new(),
            timers: Timers::default(),
            closers: Closers::share(limits, nth, of),
            pauses: Timers::default(),
            to_read: VecDeque::new(),
            to_write: VecDeque::new(),
            to_fly: VecDeque::new(),
            later: BTreeSet::new(),
            spare: Vec::new(),
            deflater: Deflater::new(),
            inflater: Inflater::new(),
            buffer: vec![0; READ_BYTES],
            clock: Clock::new(),
            memory: None,
            look_at_memory_at: None,
        })
    }

    /// Runs until there will be no more sockets. Where it cannot go on its sockets end, so that their members leave, and
    /// whoever comes next finds another thread in its place.
    pub(super) fn run(mut self, io_uring: bool) {
        let sockets = match catch_unwind(AssertUnwindSafe(|| self.run_on(io_uring))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::error!(%error, "a thread of sockets cannot wait for them: they end");
                std::mem::take(&mut self.sockets)
            }
            Err(panic) => {
                let_go(panic);
                tracing::error!("a thread of sockets panicked: its sockets end. This is a mistake in roomful");
                std::mem::take(&mut self.sockets)
            }
        };
        // Nobody is handed over to it any more, and one that cannot be dropped keeps no other.
        self.shard.end();
        sockets.into_iter().for_each(|(_, socket)| let_go(socket));
    }

    fn run_on(&mut self, io_uring: bool) -> io::Result<()> {
        let mut sender = Sender::new(io_uring);
        let mut events = Events::with_capacity(EVENTS);
        let mut commands = Vec::new();
        while !self.shard.has_ended() {
            self.turn(&mut sender, &mut events, &mut commands)?;
        }
        Ok(())
    }

    /// Waits until there is something to do, and does a slice of each kind of it. `commands` must be empty.
    pub(super) fn turn(
        &mut self,
        sender: &mut Sender,
        events: &mut Events,
        commands: &mut Vec<Command>,
    ) -> io::Result<()> {
        self.wait(events)?;
        self.note(events);
        self.carry_out_all(commands);
        self.read_some();
        // What was said meanwhile, by hooks that ran here above all, goes out with this turn and not after another wait.
        self.carry_out_all(commands);
        self.fly(sender);
        self.flush_some(sender);
        writes::tell();
        self.look_at_the_time();
        self.look_at_memory();
        Ok(())
    }

    fn carry_out_all(&mut self, commands: &mut Vec<Command>) {
        self.shard.take(commands);
        commands.drain(..).for_each(|command| self.carry_out(command));
    }

    pub(super) fn registry(&self) -> &mio::Registry {
        self.poll.registry()
    }

    /// When this turn began.
    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Whether there is more to do at once, whatever the sockets say.
    pub(super) fn is_busy(&self) -> bool {
        !(self.to_read.is_empty() && self.to_write.is_empty() && self.to_fly.is_empty())
    }

    /// Waits until there is something to do.
    pub(super) fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let may_sleep = !self.is_busy() && self.shard.fall_asleep();
        let meant = if may_sleep { self.next_due().unwrap_or(Millis::MAX) } else { self.now() };
        let waited = self.poll.poll(events, if may_sleep { self.until_due() } else { Some(Duration::ZERO) });
        if self.clock.begin_turn(meant) {
            self.after_absence();
        }
        match waited {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            waited => waited,
        }
    }

    /// How long it may sleep.
    pub(super) fn until_due(&self) -> Option<Duration> {
        self.next_due().map(|due| self.clock.until(due).min(LONGEST_WAIT))
    }

    fn next_due(&self) -> Option<Millis> {
        let room = self.later.first().map(|(at, _)| *at);
        let memory = self.look_at_memory_at;
        self.timers.next().into_iter().chain(self.pauses.next()).chain(room).chain(memory).min()
    }

    pub(super) fn note(&mut self, events: &Events) {
        for event in events.iter().filter(|event| event.token() != WAKER) {
            let Token(slot) = event.token();
            let Some(socket) = self.sockets.get_mut(slot) else { continue };
            let ended_reading = event.is_read_closed();
            if event.is_error() || (ended_reading && event.is_write_closed()) {
                self.hung_up(slot, HangUp::Lost);
            } else if ended_reading {
                self.hung_up(slot, HangUp::WritesNoMore);
            } else if event.is_readable() {
                socket.readable = true;
                self.want_to_read(slot);
            }
            if event.is_writable() && self.sockets.get(slot).is_some_and(Socket::is_blocked) {
                self.touch(slot);
            }
        }
    }

    /// Reads once from each socket that has something, as far as the turn goes. The others have theirs in the next.
    pub(super) fn read_some(&mut self) {
        let mut left = TURN_BYTES;
        for _ in 0..self.to_read.len() {
            if left == 0 {
                return;
            }
            left = left.saturating_sub(self.read_next());
        }
    }

    /// Returns what it cost.
    fn read_next(&mut self) -> usize {
        let now = self.now();
        let Some(slot) = self.to_read.pop_front() else { return 0 };
        let Some(socket) = self.sockets.get_mut(slot) else { return 0 };
        socket.to_be_read = false;
        if !socket.may_read() {
            return 0;
        }
        if !socket.is_allowed(now) {
            self.pause(slot);
            return 0;
        }
        let cost = match socket.take_unread() {
            Some(mut unread) => {
                let taken = self.take_in(slot, &mut unread);
                if taken.left > 0
                    && let Some(socket) = self.sockets.get_mut(slot)
                {
                    socket.keep_unread(unread.split_at(unread.len() - taken.left).1);
                }
                taken.cost
            }
            None => READ_COST + self.read(slot),
        };
        self.read_on(slot);
        cost
    }

    /// Reads what has come, and returns what it cost to take it in.
    fn read(&mut self, slot: usize) -> usize {
        let Some(socket) = self.sockets.get_mut(slot).filter(|socket| socket.readable) else { return 0 };
        match socket.stream.read(&mut self.buffer) {
            Ok(0) => self.read_all(slot, None),
            Ok(read) => {
                // A short read has emptied the socket, and the next byte makes an event. The end of all bytes does not
                // where it came with them.
                socket.readable = read == self.buffer.len() || socket.has_hung_up();
                let mut buffer = std::mem::take(&mut self.buffer);
                let read = buffer.get_mut(..read).unwrap_or_default();
                let taken = self.take_in(slot, read);
                if taken.left > 0
                    && let Some(socket) = self.sockets.get_mut(slot)
                {
                    socket.keep_unread(read.split_at(read.len() - taken.left).1);
                }
                self.buffer = buffer;
                return taken.cost;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.read_all(slot, Some(error)),
        }
        0
    }

    /// Once a turn, however often it is asked for: a socket that always has more must not get more turns than the others.
    pub(super) fn want_to_read(&mut self, slot: usize) {
        if let Some(socket) = self.sockets.get_mut(slot)
            && !std::mem::replace(&mut socket.to_be_read, true)
        {
            self.to_read.push_back(slot);
        }
    }

    /// Gives the socket its turn, if there is something that may be read: after its last turn, or when what kept it from
    /// being read is over.
    pub(super) fn read_on(&mut self, slot: usize) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        socket.note(now);
        if socket.has_more() && socket.may_read() {
            self.want_to_read(slot);
        }
    }

    /// Writes what is the sockets' own, a slice.
    pub(super) fn flush_some(&mut self, sender: &mut Sender) {
        let slice = self.to_write.len().min(SLICE);
        if slice > 0 {
            let mut slots: Vec<usize> = self.to_write.drain(..slice).collect();
            // A slot stands here twice where its socket went and another came in its place, which would write all it has twice.
            slots.sort_unstable();
            slots.dedup();
            self.flush_all(&slots, sender);
        }
    }

    /// Writes what the rooms have gathered, a slice.
    fn fly(&mut self, sender: &mut Sender) {
        let now = self.now();
        let mut troubles = Troubles::default();
        let mut left = SLICE;
        while left > 0
            && let Some(id) = self.to_fly.pop_front()
        {
            let Some(room) = self.rooms.get_mut(&id) else { continue };
            if !room.is_waiting() {
                // The turn was asked for before all its members left and others came. A window must not open for nothing.
                room.has_turn = false;
                continue;
            }
            left = left.saturating_sub(room.members());
            match room.fly((now, SLICE), &mut self.sockets, sender, &mut troubles) {
                None => self.to_fly.push_back(id),
                Some(landed) => {
                    room.has_turn = false;
                    self.shard.handed_over(landed.weight());
                    if self.spare.len() < SPARE_TICKS {
                        self.spare.push(landed.into_spare());
                    }
                    self.schedule(id);
                }
            }
        }
        for slot in troubles.blocked {
            self.touch(slot);
        }
        for (slot, error) in troubles.failed {
            self.cannot_write(slot, error);
        }
    }

    /// Gives a room that has something to write its turn, now or when its window opens.
    pub(super) fn schedule(&mut self, id: RoomId) {
        let now = self.now();
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if room.has_turn || !room.is_waiting() {
            return;
        }
        room.has_turn = true;
        if room.open_at > now {
            self.later.insert((room.open_at, id));
        } else {
            self.to_fly.push_back(id);
        }
    }

    /// The socket has something to write that is its own.
    pub(super) fn touch(&mut self, slot: usize) {
        if let Some(socket) = self.sockets.get_mut(slot)
            && socket.touch()
        {
            self.to_write.push_back(slot);
        }
    }

    fn look_at_the_time(&mut self) {
        let now = self.now();
        while let Some((at, id)) = self.later.first().copied()
            && at <= now
        {
            self.later.pop_first();
            self.to_fly.push_back(id);
        }
        while let Some((at, slots)) = self.pauses.take(now) {
            for slot in slots {
                if self.sockets.get_mut(slot).is_some_and(|socket| socket.end_pause(at)) {
                    self.read_on(slot);
                }
            }
        }
        while let Some((at, slots)) = self.timers.take(now) {
            for slot in slots {
                if self.sockets.get(slot).is_some_and(|socket| socket.due == at) {
                    self.look_at(slot, now);
                }
            }
        }
    }

    /// The socket is gone: whatever waited for it is dropped, and its member leaves.
    pub(super) fn gone(&mut self, slot: usize, error: Option<io::Error>) {
        if let Some(socket) = self.sockets.get(slot) {
            tracing::debug!(error = error.as_ref().map(tracing::field::display), "a socket ended");
            socket.connection.end(&Close::LOST, error.map(|error| Box::new(error) as _));
        }
        self.drop_socket(slot);
    }

    pub(super) fn drop_socket(&mut self, slot: usize) {
        self.take_out(slot);
    }

    /// The peer has had its time, or its place is needed: nothing of the socket stays.
    pub(super) fn cut_off(&mut self, slot: usize) {
        if let Some(socket) = self.take_out(slot) {
            socket.connection.end(&Close::LOST, None);
            socket.stream.cut_off();
        }
    }

    fn take_out(&mut self, slot: usize) -> Option<Socket> {
        self.leave_room(slot);
        let socket = self.sockets.try_remove(slot)?;
        if let Some(ticket) = socket.ticket() {
            self.closers.exit(ticket);
        }
        self.slots.remove(&socket.connection.id());
        self.shard.socket_gone();
        Some(socket)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.shard.end();
    }
}
