//! A live value that is woken more often than it can be loaded.

use std::time::{Duration, Instant};

use super::{PATIENCE, Trial};
use crate::content::Content;
use crate::failure::Failure;
use crate::figures::{Figures, Latency};
use crate::schedule::Schedule;

impl Trial {
    /// Changes the value `per_second` times a second, for this long, and waits until everybody who listens has the last of it.
    ///
    /// # Errors
    ///
    /// When somebody hears an older value after a newer one, or not the last.
    pub fn wakes(&mut self, content: Content, per_second: f64, length: Duration) -> Result<Figures, Failure> {
        let reading = self.begin_slot()?;
        let mut schedule = Schedule::new(self.clock, per_second, length);
        while let Some(pause) = schedule.pause() {
            self.fleet.poll(&mut self.tally, pause)?;
            while let Some((_, due)) = schedule.next_due() {
                let mut message = Vec::new();
                let member = self.next_message(0, content, due, &mut message);
                self.fleet.send(member, &message)?;
            }
        }
        let at_the_end = self.end_slot(&reading, schedule.sent, 0)?;
        let (began, listeners) = (Instant::now(), self.receivers_each());
        let last = self.senders.first().map_or(0, |sender| sender.seq);
        while self.tally.have_heard(0, last) < listeners {
            self.fleet.poll(&mut self.tally, Duration::from_millis(1))?;
            if began.elapsed() > PATIENCE {
                let right = self.tally.have_heard(0, last);
                return Err(Failure::Violation(format!("{right} of {listeners} have the last value")));
            }
        }
        let ready_seconds = Some(began.elapsed().as_secs_f64());
        let (latency, connections) = (Latency::of(&self.tally.latency), Some(listeners));
        Ok(Figures { ready_seconds, latency, connections, ..at_the_end })
    }
}
