//! One member: says what is due, answers for what it said, and checks what comes.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::asked::Pattern;
use super::deliveries::{Deliveries, News};
use super::frames::{Frame, Told};
use super::mark::Said;
use super::plan::Plan;
use super::tally::Tally;
use crate::client::{Client, Closing, Happening};

/// What all members are told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Join,
    /// From then on.
    Speak(Instant),
    Listen,
    Leave,
}

pub(super) struct Member {
    pub(super) number: u32,
    pub(super) plan: Arc<Plan>,
    pub(super) tally: Arc<Tally>,
    /// What it got, where everything that it gets is checked.
    pub(super) deliveries: Option<Arc<Mutex<Deliveries>>>,
    pub(super) client: Client,
    /// In its room, over the present connection.
    pub(super) is_in: bool,
    pub(super) was_in: bool,
    pub(super) out: Out,
}

/// What was said in a session and is not answered: said again where it did not get there.
#[derive(Debug, Default)]
pub(super) struct Out {
    last: u64,
    frames: VecDeque<(u64, String)>,
    /// The server answers; a plain one does not.
    answers: bool,
}

/// What a server lets one client have out without an answer.
const MOST_OUT: usize = 64;

impl Member {
    pub(super) async fn run(mut self, mut stage: watch::Receiver<Stage>) {
        let mut next = None;
        loop {
            tokio::select! {
                happening = self.client.next() => self.happened(happening).await,
                () = due(next.map(|(at, _)| at)) => {
                    if let Some((at, period)) = next {
                        self.speak(at).await;
                        next = Some((at + period, period));
                    }
                }
                // Whoever tells has gone: it is over.
                changed = stage.changed() => {
                    let stage = changed.map_or(Stage::Leave, |()| *stage.borrow_and_update());
                    match stage {
                        Stage::Join => {}
                        Stage::Speak(from) => next = self.plan.schedule(self.number).map(|(offset, period)| (from + offset, period)),
                        Stage::Listen => next = None,
                        Stage::Leave => break,
                    }
                }
            }
        }
        self.left();
        self.client.leave().await;
    }

    async fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Opened { .. } => {}
            Happening::Frame(text) => {
                self.tally.frames.fetch_add(1, Ordering::Relaxed);
                self.tally.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
                self.hear(&text).await;
            }
            Happening::NotOpened(error, _) => self.tally.error(&error.kind()),
            Happening::Lost(closing, _) => self.ended(&closing),
            Happening::Closed(closing) => {
                self.ended(&closing);
                self.tally.over.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn ended(&mut self, closing: &Closing) {
        self.tally.error(&format!("closed {}", closing.code));
        self.left();
    }

    fn left(&mut self) {
        if std::mem::take(&mut self.is_in) {
            self.tally.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    async fn hear(&mut self, text: &str) {
        // Most of what comes is what others say; whoever does not check it need not read it.
        if self.deliveries.is_none() && self.is_in && text.contains(r#""t":"updates""#) {
            return;
        }
        let Some(frame) = Frame::read(text) else {
            self.tally.error("unreadable frame");
            return;
        };
        match frame.told() {
            Told::Greeting { resumed, acked, is_remembered } => {
                self.greeted(resumed);
                self.check(frame.roster().collect(), |deliveries, said| deliveries.state(said, true));
                self.say_again(acked, is_remembered).await;
            }
            Told::Message(msg) => self.check(vec![msg], Deliveries::message),
            Told::States(states) => self.check(states, |deliveries, said| deliveries.state(said, false)),
            Told::Ack(id) => self.out.answered(id),
            Told::Error { id, code } => {
                self.tally.error(code);
                if id.is_some() {
                    self.tally.refused(self.number);
                }
            }
            Told::Gap => {
                self.tally.told_of_gap.fetch_add(1, Ordering::Relaxed);
            }
            Told::Other => {}
        }
    }

    fn greeted(&mut self, resumed: Option<bool>) {
        self.is_in = true;
        self.tally.open.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut self.was_in, true) {
            self.tally.joined.fetch_add(1, Ordering::Relaxed);
        } else if resumed == Some(true) {
            self.tally.resumed.fetch_add(1, Ordering::Relaxed);
        } else {
            self.tally.told_of_gap.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What others of this run said.
    fn check(&self, came: Vec<&str>, take: impl Fn(&mut Deliveries, Said) -> News) {
        let Some(deliveries) = &self.deliveries else { return };
        let mut deliveries = deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        let said = came.into_iter().filter_map(|text| self.plan.mark.read(text));
        let said = said.filter(|said| said.sender != self.number && self.tally.is_known(*said));
        let said: Vec<_> = said.map(|said| (said, take(&mut deliveries, said))).collect();
        if !said.is_empty() {
            self.tally.read(self.number, &said);
        }
    }

    async fn speak(&mut self, due: Instant) {
        let is_full = self.plan.pattern != Pattern::Cursors && self.out.frames.len() >= MOST_OUT;
        if !self.is_in || is_full {
            self.tally.held_back.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(said) = self.tally.say(self.number, due) else { return };
        let what = self.plan.mark.write(said);
        let frame = match self.plan.pattern {
            // The next one says all that this one does.
            Pattern::Cursors => format!(r#"{{"t":"presence","state":{what}}}"#),
            Pattern::Chat | Pattern::Broadcast => self.out.frame(&what),
        };
        self.client.send(frame).await;
    }

    async fn say_again(&mut self, acked: Option<u64>, is_remembered: bool) {
        self.out.answers = !self.plan.is_plain;
        for frame in self.out.not_there(acked, is_remembered) {
            self.client.send(frame).await;
        }
    }
}

impl Out {
    fn frame(&mut self, msg: &str) -> String {
        if !self.answers {
            return format!(r#"{{"t":"msg","msg":{msg}}}"#);
        }
        self.last += 1;
        let frame = format!(r#"{{"id":{},"t":"msg","msg":{msg}}}"#, self.last);
        self.frames.push_back((self.last, frame.clone()));
        frame
    }

    fn answered(&mut self, id: u64) {
        while self.frames.front().is_some_and(|(first, _)| *first <= id) {
            self.frames.pop_front();
        }
    }

    /// What to say again to a server that knows what it has of this session; what nobody knows of is let go of.
    fn not_there(&mut self, acked: Option<u64>, is_remembered: bool) -> Vec<String> {
        match acked {
            Some(acked) if is_remembered => self.answered(acked),
            _ => self.frames.clear(),
        }
        self.frames.iter().map(|(_, frame)| frame.clone()).collect()
    }
}

/// Never, where nothing is due.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_has_not_is_said_again_and_what_nobody_knows_of_is_not() {
        let mut out = Out { answers: true, ..Out::default() };
        let frames: Vec<_> = ["1", "2", "3"].map(|msg| out.frame(msg)).into();
        assert_eq!(frames[0], r#"{"id":1,"t":"msg","msg":1}"#);
        out.answered(1);
        assert_eq!(out.not_there(Some(2), true), frames[2..]);
        assert_eq!(out.not_there(None, true), [""; 0]);
        assert_eq!(out.frame("4"), r#"{"id":4,"t":"msg","msg":4}"#, "ids go on growing");
        assert_eq!(Out::default().frame("1"), r#"{"t":"msg","msg":1}"#);
    }
}
