//! How each action is carried out on the real engine, outbox and intake.

use bytes::Bytes;
use roomful_core::frame::{Body, ClientFrame, decode, encode};
use roomful_core::intake::{Dropped, Verdict};
use roomful_core::room::{Audience, Input, Refused};
use roomful_core::{ConnectionId, Dialect, ErrorCode, Json, MemberId, Millis};
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::peer::{Due, Pace, Peer};
use crate::plan::{Action, Answer, ClientSays, StateKind, Timers};
use crate::tally::Seen;
use crate::world::World;

/// Numbers everything that is made, so that no two members, states or messages of a run are alike.
#[derive(Default)]
pub(crate) struct Made {
    connections: u64,
    payloads: u64,
}

/// What is left of a [`Verdict`] without the message that it borrows from.
enum Judged {
    Message(Json),
    Presence(Option<Json>),
    Reply(Bytes, Dropped),
    Drop(Dropped),
    Bye,
    Close,
}

impl World {
    pub(crate) fn act(&mut self, action: &Action) -> Result<(), Fault> {
        match *action {
            Action::Join { dialect, seed, pace } => self.join(dialect, seed, pace),
            Action::Stampede(ref joins) => {
                joins.iter().try_for_each(|(dialect, seed, pace)| self.join(*dialect, *seed, *pace))
            }
            Action::JoinAgain { who, same_connection } => self.join_again(who, same_connection),
            Action::Say { who, frame, id } => self.say(who, frame, id),
            Action::Set { who, state } => {
                let state = self.state(state);
                self.feed(Input::SetPresence { connection: who, state }).map(drop)
            }
            Action::Drop { who } => self.end(who),
            Action::Announce { except, too_large } => self.announce(except, too_large),
            Action::LeaveSaying { who } => self.leave_saying(who),
            Action::Stranger => self.stranger(),
            Action::Pass { ms, timers } => self.pass(ms, timers),
            Action::WakeEarly => self.wakes.soonest().map_or(Ok(()), |_| self.wake()),
            Action::Pace { who, pace } => {
                self.peers.entry(who).and_modify(|peer| peer.pace = pace);
                Ok(())
            }
            Action::Restore if self.door.may_be_put_away => self.restore(),
            Action::Restore => Ok(()),
        }
    }

    /// Time passes until nothing is on its way any more; everybody reads everything.
    pub(crate) fn quiet_down(&mut self) -> Result<(), Fault> {
        self.peers.values_mut().for_each(|peer| peer.pace = Pace::Prompt);
        self.read()?;
        while let Some(at) = self.next_due(Millis::MAX) {
            self.pass(at.saturating_sub(self.now), Timers::Punctual)?;
            self.settle()?;
            self.read()?;
        }
        let forgotten = self.peers.values().find(|peer| peer.held.is_some());
        ensure!(forgotten.is_none(), "the intake forgot a state that it held");
        ensure!(self.door.wakes_at().is_none(), "somebody waits for ever");
        self.check_connections()?;
        self.check()
    }

    fn join(&mut self, dialect: Dialect, seed: StateKind, pace: Pace) -> Result<(), Fault> {
        self.made.connections += 1;
        let connection = ConnectionId(self.made.connections);
        let member = member(connection)?;
        let mut peer = Peer::new(connection, member.clone(), dialect, &self.limits, self.now);
        peer.pace = pace;
        self.peers.insert(connection, peer);
        let state = self.state(seed);
        if self.feed(Input::Join { connection, dialect, member, state })?.is_err() {
            self.peers.remove(&connection);
        }
        Ok(())
    }

    fn join_again(&mut self, who: ConnectionId, same_connection: bool) -> Result<(), Fault> {
        let stranger = ConnectionId(u64::MAX);
        let (connection, member) = if same_connection { (who, member(stranger)?) } else { (stranger, member(who)?) };
        let refused = self.feed(Input::Join { connection, dialect: Dialect::V1, member, state: None })?;
        ensure!(refused.is_err(), "{who:?} joined twice");
        Ok(())
    }

    fn announce(&mut self, except: Option<ConnectionId>, too_large: bool) -> Result<(), Fault> {
        let msg = self.payload(if too_large { self.limits.message_bytes } else { 0 })?;
        let to = except.map_or(Audience::Everybody, Audience::AllBut);
        self.feed(Input::Broadcast { from: None, to, msg }).map(drop)
    }

    fn leave_saying(&mut self, who: ConnectionId) -> Result<(), Fault> {
        let from = Some(member(who)?);
        self.end(who)?;
        let msg = self.payload(0)?;
        self.feed(Input::Broadcast { from, to: Audience::Everybody, msg }).map(drop)
    }

    fn stranger(&mut self) -> Result<(), Fault> {
        let connection = ConnectionId(u64::MAX);
        let msg = self.payload(0)?;
        for input in [
            Input::Leave { connection },
            Input::SetPresence { connection, state: None },
            Input::Send { to: connection, msg },
        ] {
            ensure!(self.feed(input)? == Err(Refused::NotIn), "a stranger was taken for a member");
        }
        Ok(())
    }

    fn pass(&mut self, ms: Millis, timers: Timers) -> Result<(), Fault> {
        let until = self.now + ms;
        loop {
            self.now = match timers {
                Timers::Punctual => self.next_due(until).unwrap_or(until).max(self.now),
                Timers::Late | Timers::Overtaken => until,
            };
            let (wake, releases) = self.all_due();
            if timers == Timers::Overtaken || (!wake && releases.is_empty()) {
                return Ok(());
            }
            if wake {
                self.wake()?;
            }
            for connection in releases {
                self.release(connection)?;
            }
        }
    }

    fn next_due(&self, until: Millis) -> Option<Millis> {
        let releases = self.peers.values().filter_map(|peer| peer.intake.release_at());
        releases.chain(self.wakes.soonest()).filter(|at| *at <= until).min()
    }

    fn all_due(&self) -> (bool, Vec<ConnectionId>) {
        let is_due = |at: &Millis| *at <= self.now;
        let releases = self.peers.values().filter(|peer| peer.intake.release_at().as_ref().is_some_and(is_due));
        (self.wakes.soonest().as_ref().is_some_and(is_due), releases.map(|peer| peer.connection).collect())
    }

    fn release(&mut self, who: ConnectionId) -> Result<(), Fault> {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(&who) else { return Ok(()) };
        let (released, held) = (peer.intake.release(now), peer.held.take());
        ensure!(
            released.is_some() && released.as_deref() == held.as_deref(),
            "{released:?} was released where {held:?} was held"
        );
        match released.as_ref().map(|frame| decode(frame, peer.dialect)) {
            Some(Ok(ClientFrame { body: Body::Presence(state), id: None })) => {
                self.tally.count(Seen::Released);
                self.set(who, state.map(Json::from), None)
            }
            other => Fault::new(format!("{other:?} was held, which is no state")),
        }
    }

    fn say(&mut self, who: ConnectionId, says: ClientSays, id: Option<u64>) -> Result<(), Fault> {
        if self.door.waits(who) {
            return self.speak_too_soon(who);
        }
        let frame = self.client_frame(says, id)?;
        let now = self.now;
        let Some(peer) = self.peers.get_mut(&who) else { return Ok(()) };
        let dialect = peer.dialect;
        let id = id.filter(|_| dialect == Dialect::V1);
        let judged = match peer.intake.judge(&frame, now) {
            Verdict::Handle(ClientFrame { body: Body::Message(Some(msg)), .. }) => Judged::Message(msg.into()),
            Verdict::Handle(ClientFrame { body: Body::Presence(state), .. }) => Judged::Presence(state.map(Json::from)),
            Verdict::Handle(frame) => return Fault::new(format!("{frame:?} is not for a handler")),
            Verdict::Reply(frame, why) => Judged::Reply(frame, why),
            Verdict::Drop(why) => Judged::Drop(why),
            Verdict::Bye => Judged::Bye,
            Verdict::Close(_) => Judged::Close,
        };
        self.tally_verdict(&judged);
        match (judged, says, dialect) {
            (Judged::Message(msg), ClientSays::Message(answer), _) => self.answer(who, msg, answer, id),
            (Judged::Message(msg), ClientSays::LargeMessage, _) => self.answer(who, msg, Answer::Broadcast, id),
            (Judged::Presence(state), ClientSays::Presence(_), _) => {
                self.hold(who, None);
                self.set(who, state, id)
            }
            (Judged::Drop(Dropped::Conflated), ClientSays::Presence(_), _) if id.is_none() => {
                self.hold(who, Some(frame));
                Ok(())
            }
            (Judged::Drop(Dropped::RateLimited), ClientSays::Message(_) | ClientSays::LargeMessage, Dialect::Plain) => {
                Ok(())
            }
            (
                Judged::Drop(Dropped::BadFrame),
                ClientSays::Junk | ClientSays::Ping | ClientSays::Bye,
                Dialect::Plain,
            ) => Ok(()),
            (Judged::Reply(pong, Dropped::Not), ClientSays::Ping, Dialect::V1) => self.reply(who, "pong", pong),
            (Judged::Reply(error, Dropped::BadFrame), ClientSays::Junk, Dialect::V1)
            | (Judged::Reply(error, Dropped::RateLimited), _, Dialect::V1) => self.reply(who, "error", error),
            (Judged::Bye, ClientSays::Bye, Dialect::V1) | (Judged::Close, ClientSays::Junk, Dialect::V1) => {
                self.end(who)
            }
            _ => Fault::new(format!("{says:?} of a {dialect:?} client was judged wrongly")),
        }
    }

    /// The runtime keeps what a client sends until it is let in; the room itself must not take it either.
    fn speak_too_soon(&mut self, who: ConnectionId) -> Result<(), Fault> {
        let (from, msg) = (Some(member(who)?), self.payload(0)?);
        let refused = self.feed(Input::Broadcast { from, to: Audience::AllBut(who), msg })?;
        ensure!(refused == Err(Refused::NotIn), "{who:?} spoke before it was let in");
        Ok(())
    }

    fn hold(&mut self, who: ConnectionId, held: Option<Bytes>) {
        self.peers.entry(who).and_modify(|peer| peer.held = held);
    }

    fn tally_verdict(&mut self, judged: &Judged) {
        match judged {
            Judged::Reply(_, Dropped::RateLimited) | Judged::Drop(Dropped::RateLimited) => {
                self.tally.count(Seen::RateLimited);
            }
            Judged::Close => self.tally.count(Seen::TooManyBadFrames),
            Judged::Bye => self.tally.count(Seen::Bye),
            _ => {}
        }
    }

    /// What the room's handler does.
    fn answer(&mut self, who: ConnectionId, msg: Json, answer: Answer, id: Option<u64>) -> Result<(), Fault> {
        let from = Some(member(who)?);
        let taken = match answer {
            Answer::Broadcast => self.feed(Input::Broadcast { from, to: Audience::AllBut(who), msg })?,
            Answer::BroadcastAll => self.feed(Input::Broadcast { from, to: Audience::Everybody, msg })?,
            Answer::SendBack => self.feed(Input::Send { to: who, msg })?,
            Answer::Nothing => Ok(()),
        };
        self.acknowledge(who, id, taken)
    }

    fn set(&mut self, who: ConnectionId, state: Option<Json>, id: Option<u64>) -> Result<(), Fault> {
        let taken = self.feed(Input::SetPresence { connection: who, state })?;
        self.acknowledge(who, id, taken)
    }

    fn acknowledge(&mut self, who: ConnectionId, id: Option<u64>, taken: Result<(), Refused>) -> Result<(), Fault> {
        match (id, taken) {
            (None, _) => Ok(()),
            (Some(id), Ok(())) => self.reply(who, "ack", encode::ack(id)),
            (id, Err(refused)) => {
                self.reply(who, "error", encode::error(id, ErrorCode::TooLarge, &refused.to_string()))
            }
        }
    }

    fn reply(&mut self, who: ConnectionId, t: &'static str, frame: Bytes) -> Result<(), Fault> {
        self.peers.entry(who).and_modify(|peer| peer.expect(Due::Reply(t)));
        self.push(who, frame)
    }

    fn client_frame(&mut self, says: ClientSays, id: Option<u64>) -> Result<Bytes, Fault> {
        let id = id.map(|id| format!(r#","id":{id}"#)).unwrap_or_default();
        Ok(match says {
            ClientSays::Message(_) => format!(r#"{{"t":"msg","msg":{}{id}}}"#, self.payload(0)?.as_str()),
            ClientSays::LargeMessage => {
                format!(r#"{{"t":"msg","msg":{}{id}}}"#, self.payload(self.limits.message_bytes)?.as_str())
            }
            ClientSays::Presence(kind) => {
                let state = self.state(kind);
                let state = state.map(|state| format!(r#","state":{}"#, state.as_str())).unwrap_or_default();
                format!(r#"{{"t":"presence"{state}{id}}}"#)
            }
            ClientSays::Ping => r#"{"t":"ping"}"#.to_owned(),
            ClientSays::Bye => r#"{"t":"bye"}"#.to_owned(),
            ClientSays::Junk => r#"{"t":"junk"}"#.to_owned(),
        }
        .into())
    }

    /// A message that was never said before.
    fn payload(&mut self, padding: usize) -> Result<Json, Fault> {
        self.made.payloads += 1;
        json(format!(r#"{{"k":{}, "pad":"{}"}}"#, self.made.payloads, "x".repeat(padding)))
    }

    /// A state that nobody had before, save for none and `null`.
    fn state(&mut self, kind: StateKind) -> Option<Json> {
        self.made.payloads += 1;
        let version = self.made.payloads;
        let padding = match kind {
            StateKind::None => return None,
            StateKind::Null => return json("null".to_owned()).ok(),
            StateKind::Small => 0,
            StateKind::Large => self.limits.presence_bytes - 40,
            StateKind::TooLarge => self.limits.presence_bytes,
        };
        json(format!(r#"{{"v":{version}, "pad":"{}"}}"#, "x".repeat(padding))).ok()
    }
}

fn member(connection: ConnectionId) -> Result<MemberId, Fault> {
    MemberId::parse(&format!("m{}", connection.0)).map_err(|error| Fault(error.to_string()))
}

fn json(text: String) -> Result<Json, Fault> {
    RawValue::from_string(text).map(|raw| Json::from(&*raw)).map_err(|error| Fault(error.to_string()))
}
