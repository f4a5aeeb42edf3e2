//! One server under load.

mod nodes;
mod storm;
mod wakes;

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::client::{Fleet, Offer, frame};
use crate::clock::Clock;
use crate::content::Content;
use crate::dialect::{BENCH_FEED, BENCH_LIVE, Dialect, TALKER};
use crate::failure::Failure;
use crate::figures::{Figures, Latency};
use crate::mark::Mark;
use crate::peer::Peer;
use crate::reading::Reading;
use crate::schedule::Schedule;
use crate::server::{Placement, Server};
use crate::session::Sessions;
use crate::tally::{Promise, Tally};

/// Who is in which room, and who talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How many rooms.
    pub rooms: usize,
    /// Members of each, those who talk too.
    pub members: usize,
    /// Members of one more room beside those, its sender too, whose messages are not timed; none where it is 0.
    pub neighbours: usize,
    /// In so many of the rooms the second member sets its state again and again.
    pub cursors: usize,
    /// Who talks.
    pub talkers: Talkers,
    /// What is offered in the handshake.
    pub offer: Offer,
    /// The kind of room, as Roomful's fixture names it.
    pub kind: &'static str,
}

/// Who talks in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talkers {
    /// Nobody.
    None,
    /// The first member of each room; each of its messages reaches all others, once.
    First,
    /// Everybody; states may be left out when newer ones are there.
    All,
}

impl Layout {
    /// Connections altogether.
    pub fn connections(&self) -> usize {
        self.rooms * self.members + self.neighbours
    }

    /// The room of each connection.
    pub fn room_names(&self) -> Vec<String> {
        let talks = |member| self.others_listen() && member == 0;
        let name = |room, member| if talks(member) { format!("{TALKER}r{room}") } else { format!("r{room}") };
        let rooms = self.members_of_rooms().enumerate();
        rooms.flat_map(|(room, members)| (0..members.len()).map(move |member| name(room, member))).collect()
    }

    /// The connections of each room; the neighbours' is the last.
    fn members_of_rooms(self) -> impl Iterator<Item = Range<usize>> {
        let timed = self.rooms * self.members;
        let rooms = (0..self.rooms).map(move |room| room * self.members..(room + 1) * self.members);
        rooms.chain((self.neighbours > 0).then(|| timed..timed + self.neighbours))
    }

    fn senders(&self) -> Vec<Sender> {
        let members: Vec<usize> = match self.talkers {
            Talkers::None => Vec::new(),
            Talkers::First => self.members_of_rooms().map(|members| members.start).collect(),
            Talkers::All => (0..self.connections()).collect(),
        };
        let cursors = self.members_of_rooms().take(self.cursors).map(|members| members.start + 1);
        members.into_iter().chain(cursors).map(|member| Sender { member, seq: 0 }).collect()
    }

    /// Whether who talks is in a room of its own, and the others only listen.
    fn others_listen(&self) -> bool {
        self.talkers == Talkers::First && matches!(self.kind, BENCH_FEED | BENCH_LIVE)
    }

    fn promise(&self) -> Promise {
        // Of a live value only the latest matters.
        if self.talkers == Talkers::All || self.kind == BENCH_LIVE { Promise::Newer } else { Promise::Every }
    }
}

/// Messages at a rate.
struct Stream {
    schedule: Schedule,
    /// Who sends them, in turn.
    senders: Range<usize>,
    /// How many get each.
    receivers: usize,
    says: Says,
}

impl Stream {
    /// How many deliveries its messages are.
    fn owed(&self) -> u64 {
        self.schedule.sent * self.receivers as u64
    }
}

fn owed(streams: &[Stream]) -> u64 {
    streams.iter().map(Stream::owed).sum()
}

/// What a stream is made of.
#[derive(Debug, Clone, Copy)]
enum Says {
    Messages(Content),
    States,
}

#[derive(Debug, Clone, Copy)]
struct Sender {
    member: usize,
    /// Of its newest message.
    seq: u32,
}

/// A running server, the connections to it, and what they got.
#[derive(Debug)]
pub struct Trial {
    /// The server's process.
    pub server: Server,
    /// The connections.
    pub fleet: Fleet,
    /// What they got.
    pub tally: Tally,
    /// Who is where.
    pub layout: Layout,
    peer: &'static Peer,
    senders: Vec<Sender>,
    clock: Clock,
}

/// How long all deliveries of what was sent may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How late a state may be at the end of a slot and still count.
const STALE: Duration = Duration::from_millis(200);
/// How long rosters may take to be right when nobody comes or goes any more.
const ROSTER_PATIENCE: Duration = Duration::from_secs(120);

impl Trial {
    /// Starts the server; nobody is connected yet.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(peer: &'static Peer, on: Placement<'_>, layout: Layout, clock: Clock) -> Result<Self, Failure> {
        let senders = layout.senders();
        let messages = senders.len() - layout.cursors;
        let timed = messages - usize::from(layout.neighbours > 0);
        let tally = Tally::new(peer.dialect, layout.connections(), senders.len(), layout.promise(), clock);
        Ok(Self {
            server: Server::start(peer, on)?,
            fleet: Fleet::new(peer.dialect, layout.kind)?,
            tally: tally
                .timing(timed)
                .with_states_from(messages)
                .at_nodes(peer.nodes(), senders.iter().map(|sender| sender.member).collect()),
            layout,
            peer,
            senders,
            clock,
        })
    }

    /// Brings everybody into their rooms, and waits until each knows the others.
    ///
    /// # Errors
    ///
    /// When the server does not let them in, or rosters stay wrong.
    pub fn fill(&mut self) -> Result<(), Failure> {
        self.fleet.open(&self.server.addresses, &self.layout.room_names(), self.layout.offer, &mut self.tally)?;
        self.await_rosters()
    }

    /// Begins a slot: what came before it does not count.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn begin_slot(&mut self) -> Result<Reading, Failure> {
        Reading::begin(&self.server, &mut self.fleet, &mut self.tally)
    }

    /// Ends it, with so many messages sent and so many deliveries owed for them.
    ///
    /// # Errors
    ///
    /// When the server has ended.
    pub fn end_slot(&self, reading: &Reading, messages: u64, owed: u64) -> Result<Figures, Failure> {
        reading.end(&self.server, &self.fleet, &self.tally, messages, owed)
    }

    /// Waits until every receiver's roster is right. A server that keeps none has nothing to get wrong.
    ///
    /// # Errors
    ///
    /// When they stay wrong.
    pub fn await_rosters(&mut self) -> Result<(), Failure> {
        self.await_rosters_within(ROSTER_PATIENCE)
    }

    fn await_rosters_within(&mut self, patience: Duration) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        loop {
            let right = self.right_rosters();
            if right == self.layout.connections() {
                return Ok(());
            }
            if Instant::now() > until {
                let of = self.layout.connections();
                return Err(Failure::Violation(format!("{right} of {of} rosters are right, and nobody comes or goes")));
            }
            self.fleet.poll(&mut self.tally, Duration::from_millis(5))?;
        }
    }

    /// Follows the session of each connection that is opened from here on.
    #[must_use]
    pub fn with_sessions(mut self) -> Self {
        self.tally.sessions = Some(Sessions::new(self.layout.connections()));
        self
    }

    /// How the server is talked to.
    pub fn dialect(&self) -> Dialect {
        self.peer.dialect
    }

    fn right_rosters(&self) -> usize {
        match &self.tally.rosters {
            None => self.layout.connections(),
            Some(rosters) => self.layout.members_of_rooms().map(|members| rosters.right(members)).sum(),
        }
    }

    /// Sends bursts of `in_flight` messages, each when all receivers have the one before, for this long.
    ///
    /// # Errors
    ///
    /// When a delivery is missing, doubled or out of order.
    pub fn bursts(&mut self, content: Content, in_flight: usize, length: Duration) -> Result<Figures, Failure> {
        let reading = self.begin_slot()?;
        let receivers = self.receivers_each() as u64;
        let mut owed = 0;
        while reading.began.elapsed() < length {
            let mut burst = Vec::new();
            let now = self.clock.micros();
            for _ in 0..in_flight {
                self.next_message(0, content, now, &mut burst);
            }
            self.fleet.send(self.senders.first().map_or(0, |sender| sender.member), &burst)?;
            owed += receivers * in_flight as u64;
            self.await_deliveries(owed)?;
        }
        self.end_slot(&reading, owed / receivers.max(1), owed)
    }

    /// As [`Trial::paced_beside`], while the neighbours, if there are any, say nothing.
    ///
    /// # Errors
    ///
    /// When a delivery is missing, doubled or out of order.
    pub fn paced(&mut self, content: Content, per_second: f64, length: Duration) -> Result<Figures, Failure> {
        self.paced_beside(content, per_second, None, length)
    }

    /// Sends `per_second` messages a second, by all senders in turn but the neighbours', who sends `neighbours` a second, for
    /// this long, and waits for their deliveries.
    ///
    /// A message counts as sent when it was due, so a load generator that was late makes latencies longer, never shorter.
    ///
    /// # Errors
    ///
    /// When a delivery is missing, doubled or out of order.
    pub fn paced_beside(
        &mut self,
        content: Content,
        per_second: f64,
        neighbours: Option<f64>,
        length: Duration,
    ) -> Result<Figures, Failure> {
        let reading = self.begin_slot()?;
        let streams = self.streams(content, per_second, neighbours, length);
        self.flow(&reading, streams, |trial, streams| trial.await_deliveries(owed(streams)))
    }

    /// Sends `per_second` messages a second, by all senders in turn, while each of the layout's cursors sets its state `hz`
    /// times a second, for this long, and waits for the messages. States may be left out.
    ///
    /// # Errors
    ///
    /// When a message is missing, doubled or out of order, or a state comes after a newer one.
    pub fn paced_with_cursors(
        &mut self,
        content: Content,
        per_second: f64,
        hz: f64,
        length: Duration,
    ) -> Result<Figures, Failure> {
        let reading = self.begin_slot()?;
        let (rooms, cursors) = (self.layout.rooms, self.layout.cursors);
        let mut streams = self.streams(content, per_second, None, length);
        streams.push(Stream {
            schedule: Schedule::new(self.clock, hz * cursors as f64, length),
            senders: rooms..rooms + cursors,
            receivers: self.hear_a_state(),
            says: Says::States,
        });
        let arrived = |trial: &mut Self, streams: &[Stream]| match streams {
            [messages, ..] => trial.await_timed(messages.owed()),
            [] => Ok(()),
        };
        self.flow(&reading, streams, arrived)
    }

    fn flow(
        &mut self,
        reading: &Reading,
        mut streams: Vec<Stream>,
        arrived: impl FnOnce(&mut Self, &[Stream]) -> Result<(), Failure>,
    ) -> Result<Figures, Failure> {
        while let Some(pause) = streams.iter().filter_map(|stream| stream.schedule.pause()).min() {
            self.fleet.poll(&mut self.tally, pause)?;
            for stream in &mut streams {
                self.send_due(stream)?;
            }
        }
        arrived(self, &streams)?;
        self.end_slot(reading, streams.iter().map(|stream| stream.schedule.sent).sum(), owed(&streams))
    }

    fn streams(&self, content: Content, per_second: f64, neighbours: Option<f64>, length: Duration) -> Vec<Stream> {
        let rooms = self.layout.rooms;
        let stream = |senders, receivers, per_second| Stream {
            schedule: Schedule::new(self.clock, per_second, length),
            senders,
            receivers,
            says: Says::Messages(content),
        };
        let mut streams = vec![stream(0..rooms, self.receivers_each(), per_second)];
        let neighbour = |per_second| stream(rooms..rooms + 1, self.layout.neighbours.saturating_sub(1), per_second);
        streams.extend(neighbours.map(neighbour));
        streams
    }

    fn send_due(&mut self, stream: &mut Stream) -> Result<(), Failure> {
        while let Some((index, due)) = stream.schedule.next_due() {
            let sender = stream.senders.start + index as usize % stream.senders.len().max(1);
            let mut message = Vec::new();
            let member = match stream.says {
                Says::Messages(content) => self.next_message(sender, content, due, &mut message),
                Says::States => self.next_state(sender, due, &mut message),
            };
            self.fleet.send(member, &message)?;
        }
        Ok(())
    }

    /// Has every member set its state `hz` times a second, for this long. What has not arrived [`STALE`] after the last was
    /// not delivered: a server that cannot keep up would deliver everything in the end, to nobody's use.
    ///
    /// A member whose socket takes nothing more leaves its update out, as a browser would; it is owed all the same.
    ///
    /// # Errors
    ///
    /// When a state comes after a newer one.
    pub fn states(&mut self, hz: f64, length: Duration) -> Result<Figures, Failure> {
        let reading = self.begin_slot()?;
        let mut schedule = Schedule::new(self.clock, hz * self.senders.len() as f64, length);
        while let Some(pause) = schedule.pause() {
            self.fleet.poll(&mut self.tally, pause)?;
            while let Some((index, due)) = schedule.next_due() {
                let sender = index as usize % self.senders.len().max(1);
                if !self.fleet.is_blocked(self.senders.get(sender).map_or(0, |sender| sender.member)) {
                    let mut message = Vec::new();
                    let member = self.next_state(sender, due, &mut message);
                    self.fleet.send(member, &message)?;
                }
            }
        }
        let at_the_end = self.end_slot(&reading, schedule.sent, 0)?;
        let until = Instant::now() + STALE;
        while Instant::now() < until {
            self.fleet.poll(&mut self.tally, Duration::from_millis(10))?;
        }
        Ok(Figures {
            deliveries: self.tally.deliveries,
            owed: schedule.sent * self.hear_a_state() as u64,
            latency: Latency::of(&self.tally.latency),
            ..at_the_end
        })
    }

    /// Appends a sender's next message; the member that has to send it.
    fn next_message(&mut self, sender: usize, content: Content, sent: u64, out: &mut Vec<u8>) -> usize {
        let Some((member, mark)) = self.next_mark(sender, sent) else { return 0 };
        frame::write_text(out, self.peer.dialect.message(&content.with(mark)).as_bytes());
        member
    }

    fn next_state(&mut self, sender: usize, sent: u64, out: &mut Vec<u8>) -> usize {
        let Some((member, mark)) = self.next_mark(sender, sent) else { return 0 };
        frame::write_text(out, self.peer.dialect.presence(&Content::Cursor.with(mark)).as_bytes());
        member
    }

    fn next_mark(&mut self, sender: usize, sent: u64) -> Option<(usize, Mark)> {
        let entry = self.senders.get_mut(sender)?;
        entry.seq += 1;
        Some((entry.member, Mark { sender: sender as u32, seq: entry.seq, sent }))
    }

    fn await_deliveries(&mut self, owed: u64) -> Result<(), Failure> {
        self.await_count(owed, |tally| tally.deliveries)
    }

    /// The same of those alone that are timed.
    fn await_timed(&mut self, owed: u64) -> Result<(), Failure> {
        self.await_count(owed, Tally::timed)
    }

    fn await_count(&mut self, owed: u64, count: impl Fn(&Tally) -> u64) -> Result<(), Failure> {
        self.await_count_for(owed, PATIENCE, count)
    }

    fn await_count_for(&mut self, owed: u64, patience: Duration, count: impl Fn(&Tally) -> u64) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        while count(&self.tally) < owed {
            self.fleet.poll(&mut self.tally, Duration::from_millis(100))?;
            if Instant::now() > until {
                return Err(Failure::Violation(format!(
                    "only {} of {owed} deliveries came within {} s",
                    count(&self.tally),
                    patience.as_secs()
                )));
            }
        }
        Ok(())
    }

    /// How many hear a state of a member's: a relay tells all but the sender, presence tells the sender too.
    fn hear_a_state(&self) -> usize {
        self.layout.members - usize::from(!self.peer.dialect.has_roster())
    }

    /// How many get each message that is timed.
    fn receivers_each(&self) -> usize {
        self.layout.members - 1 - self.fleet.stalled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_ROOMS: Layout = Layout {
        rooms: 2,
        members: 3,
        neighbours: 0,
        cursors: 0,
        talkers: Talkers::First,
        offer: Offer::Plain,
        kind: "bench",
    };

    fn talkers(layout: Layout) -> Vec<usize> {
        layout.senders().iter().map(|sender| sender.member).collect()
    }

    #[test]
    fn everybody_has_a_room_and_the_first_of_each_talks() {
        assert_eq!(TWO_ROOMS.room_names(), ["r0", "r0", "r0", "r1", "r1", "r1"]);
        assert_eq!(talkers(TWO_ROOMS), [0, 3]);
    }

    #[test]
    fn who_talks_to_listeners_is_in_a_room_of_its_own() {
        let listening = Layout { kind: BENCH_FEED, ..TWO_ROOMS };
        assert_eq!(listening.room_names(), ["talker:r0", "r0", "r0", "talker:r1", "r1", "r1"]);
        assert_eq!(Layout { talkers: Talkers::None, ..listening }.room_names()[0], "r0", "nobody talks");
    }

    #[test]
    fn cursors_are_second_members_and_come_after_those_who_talk() {
        assert_eq!(talkers(Layout { cursors: 1, ..TWO_ROOMS }), [0, 3, 1]);
        assert_eq!(talkers(Layout { cursors: 2, ..TWO_ROOMS }), [0, 3, 1, 4]);
    }

    #[test]
    fn neighbours_have_the_last_room_and_the_last_sender() {
        let layout = Layout { rooms: 1, neighbours: 2, ..TWO_ROOMS };
        assert_eq!(layout.room_names(), ["r0", "r0", "r0", "r1", "r1"]);
        assert_eq!((layout.connections(), talkers(layout)), (5, vec![0, 3]));
    }
}
