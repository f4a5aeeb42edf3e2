//! Everybody of a room loses the socket in one moment, and is back soon.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;

use super::{Trial, owed};
use crate::client::{OPENING, frame, handshake};
use crate::content::Content;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::roster::Roster;
use crate::schedule::Schedule;

/// Over so long they come back, as browsers do that wait for a moment which chance decides.
const SPREAD: Duration = Duration::from_secs(8);
/// How long the last of them may take.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long rosters may be wrong after the last is back.
const RIGHT_WITHIN: Duration = Duration::from_secs(2);
/// How long a message that was missed may be on its way after that.
const PATIENCE: Duration = Duration::from_secs(20);

impl Trial {
    /// All but the first, who goes on to say `per_second` messages a second, lose their sockets and come back.
    ///
    /// # Errors
    ///
    /// When one is not back in time, is another member than before, misses a message or gets it twice; when a roster is wrong
    /// for too long after the last of them, or somebody who is back is shown as away.
    pub fn storm(&mut self, content: Content, per_second: f64) -> Result<Figures, Failure> {
        let everybody = 1..self.layout.connections();
        let reading = self.begin_slot()?;
        let before = self.ids(everybody.clone());
        let mut streams = self.streams(content, per_second, None, BACK_WITHIN);
        self.fleet.cut(everybody.clone())?;
        let cut = Instant::now();
        let mut returns = Schedule::new(self.clock, everybody.len() as f64 / SPREAD.as_secs_f64(), SPREAD);
        while let Some(pause) = streams.iter().filter_map(|stream| stream.schedule.pause()).min() {
            self.fleet.poll(&mut self.tally, pause.min(Duration::from_millis(5)))?;
            for stream in &mut streams {
                self.send_due(stream)?;
            }
            while self.fleet.opening() < OPENING
                && let Some((at, _)) = returns.next_due()
            {
                self.bring_back(everybody.start + at as usize)?;
            }
            if self.fleet.away() == 0 && returns.pause().is_none() {
                break;
            }
        }
        let (away, of) = (self.fleet.away(), everybody.len());
        if away > 0 || cut.elapsed() > BACK_WITHIN {
            let seconds = cut.elapsed().as_secs_f64();
            let Figures { cpu_seconds, generator_cpu_seconds, waited_seconds: [waited, _], .. } =
                self.end_slot(&reading, 0, 0)?;
            return Err(Failure::Violation(format!(
                "{away} of {of} are not back after {seconds:.1} s, of which the server used {cpu_seconds:.1} s of processors and \
                 waited {waited:.1} s for them, and the load generator used {generator_cpu_seconds:.1} s"
            )));
        }
        self.await_rosters_within(RIGHT_WITHIN)?;
        let ready_seconds = Some(cut.elapsed().as_secs_f64());
        self.await_all(owed(&streams))?;
        self.check_who_they_are(everybody, &before)?;
        let sent = streams.iter().map(|stream| stream.schedule.sent).sum();
        let figures = self.end_slot(&reading, sent, owed(&streams))?;
        self.check_nobody_is_away()?;
        Ok(Figures { ready_seconds, ..figures })
    }

    fn bring_back(&mut self, member: usize) -> Result<(), Failure> {
        let sessions = self.tally.sessions.as_ref();
        let offer = sessions.map(|sessions| sessions.offer(member)).unwrap_or_default();
        let headers = format!("{}Sec-WebSocket-Protocol: {offer}\r\n", self.peer.dialect.headers(false));
        let request = handshake::request(&self.path(member), &headers);
        let home = self.server.addresses.get(member % self.server.addresses.len().max(1));
        self.fleet.open_again(member, home.copied().unwrap_or(self.server.address), &request)
    }

    fn path(&self, member: usize) -> String {
        let room = member / self.layout.members;
        self.peer.dialect.path(self.layout.kind, &format!("r{room}"))
    }

    fn ids(&self, members: Range<usize>) -> Vec<Roster> {
        let rosters = self.tally.rosters.as_ref();
        members.filter_map(|member| Some(rosters?.own(member))).collect()
    }

    fn await_all(&mut self, owed: u64) -> Result<(), Failure> {
        self.await_count_for(owed, PATIENCE, |tally| tally.deliveries)
    }

    /// Each is who it was, and was told that nothing was missed.
    fn check_who_they_are(&self, members: Range<usize>, before: &[Roster]) -> Result<(), Failure> {
        let after = self.ids(members.clone());
        let others = after.iter().zip(before).filter(|(after, before)| after != before).count();
        let resumed = self.tally.sessions.as_ref().map_or(0, |sessions| sessions.resumed(members.clone()));
        if others > 0 || resumed < members.len() {
            let of = members.len();
            let why =
                format!("of {of} that came back {others} are other members, and {} missed something", of - resumed);
            return Err(Failure::Violation(why));
        }
        Ok(())
    }

    /// What a newcomer is told of them.
    fn check_nobody_is_away(&mut self) -> Result<(), Failure> {
        let doing = Failure::io("a newcomer after the storm");
        let snapshot = self.newcomers_snapshot().map_err(doing)?;
        let away = Finder::new(br#","away":true"#).find_iter(&snapshot).count();
        let members = Finder::new(br#"{"id":""#).find_iter(&snapshot).count();
        if away > 0 || members != self.layout.connections() + 1 {
            let there = self.layout.connections() + 1;
            let why =
                format!("a newcomer is told of {members} members where there are {there}, and that {away} are away");
            return Err(Failure::Violation(why));
        }
        Ok(())
    }

    fn newcomers_snapshot(&self) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.server.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = handshake::request(&self.path(0), &self.peer.dialect.headers(false));
        stream.write_all(request.as_bytes())?;
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            if let handshake::Answer::Upgraded { len, .. } = handshake::answer(&bytes)
                && let frame::Parsed::Whole(frame) = frame::parse(&bytes[len..])
            {
                return Ok(frame.payload.to_vec());
            }
            match stream.read(&mut buffer)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
