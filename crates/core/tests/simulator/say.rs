//! What a client says: through its intake, to its handler, and what that answers.

use bytes::Bytes;
use roomful_core::frame::{Body, ClientFrame, encode};
use roomful_core::intake::{Dropped, Refusal, Verdict};
use roomful_core::room::{Audience, Input, Refused};
use roomful_core::{Close, Dialect, ErrorCode, Json};
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::member::{Handled, Who};
use crate::plan::{Answer, ClientSays, StateKind};
use crate::seen::Seen;
use crate::socket::Due;
use crate::world::World;

/// What is left of a [`Verdict`] without the message that it borrows from.
enum Judged {
    Message(Json),
    Presence(Option<Json>),
    Reply(Bytes),
    Refuse(Refusal),
    Drop(Dropped),
    Bye,
    Close,
}

impl World {
    pub(crate) fn say(&mut self, who: Who, says: ClientSays, id: Option<u64>) -> Result<(), Fault> {
        if self.socket(who).is_some_and(|socket| !socket.attached) {
            return self.speak_too_soon(who, says);
        }
        if self.socket(who).is_none() {
            return Ok(());
        }
        let has_sessions = self.has_sessions(who);
        if has_sessions && id.is_some() && self.members.get(&who).is_some_and(|member| !member.client.may_say()) {
            self.tally.count(Seen::KeptToItself);
            return Ok(());
        }
        let id = if has_sessions { self.number(who, id) } else { id };
        let frame = self.client_frame(says, id)?;
        match id.filter(|_| has_sessions && says.is_numbered()) {
            Some(id) if !self.says(who, id, says, &frame) => Ok(()),
            _ => self.take_in(who, says, frame, id),
        }
    }

    /// A client's frame comes in.
    fn take_in(&mut self, who: Who, says: ClientSays, frame: Bytes, id: Option<u64>) -> Result<(), Fault> {
        let now = self.now;
        let Some(socket) = self.socket_mut(who).filter(|socket| socket.attached) else { return Ok(()) };
        let dialect = socket.dialect;
        let id = id.filter(|_| dialect == Dialect::V1);
        let judged = match socket.intake.judge(&frame, now) {
            Verdict::Handle(ClientFrame { body: Body::Message(Some(msg)), .. }) => Judged::Message(msg.into()),
            Verdict::Handle(ClientFrame { body: Body::Presence(state), .. }) => Judged::Presence(state.map(Json::from)),
            Verdict::Handle(frame) => return Fault::new(format!("{frame:?} is not for a handler")),
            Verdict::Reply(frame) => Judged::Reply(frame),
            Verdict::Refuse(refusal) => Judged::Refuse(refusal),
            Verdict::Drop(why) => Judged::Drop(why),
            Verdict::Bye => Judged::Bye,
            Verdict::Close(_) => Judged::Close,
        };
        self.tally_verdict(&judged);
        if matches!(judged, Judged::Message(_) | Judged::Presence(_)) && !self.receive(who, id)? {
            if let Judged::Presence(_) = judged {
                // It was within the rate, so the intake has let go of an older one.
                self.hold(who, None);
            }
            return Ok(());
        }
        match (judged, says, dialect) {
            (Judged::Message(msg), ClientSays::Message(answer), _) => {
                self.queue(who, Handled::Message(msg, answer, id))
            }
            (Judged::Message(msg), ClientSays::LargeMessage, _) => {
                self.queue(who, Handled::Message(msg, Answer::Broadcast, id))
            }
            (Judged::Presence(state), ClientSays::Presence(_), _) => {
                self.hold(who, None);
                self.queue(who, Handled::State(state, id))
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
            (Judged::Reply(pong), ClientSays::Ping, Dialect::V1) => self.reply(who, "pong", pong),
            (
                Judged::Refuse(Refusal { code: ErrorCode::RateLimited, .. }),
                ClientSays::Message(_) | ClientSays::LargeMessage | ClientSays::Presence(_),
                _,
            ) if id.is_some() && self.has_sessions(who) => {
                id.map_or(Ok(()), |id| self.refuse(who, id, ErrorCode::RateLimited))
            }
            (Judged::Refuse(refusal), says, Dialect::V1)
                if matches!(says, ClientSays::Junk) || refusal.code == ErrorCode::RateLimited =>
            {
                self.reply(who, "error", refusal.frame())
            }
            (Judged::Bye, ClientSays::Bye, Dialect::V1) | (Judged::Close, ClientSays::Junk, Dialect::V1) => {
                self.end(who, Close::DONE)
            }
            _ => Fault::new(format!("{says:?} of a {dialect:?} client was judged wrongly")),
        }
    }

    /// What a client sends before it is let in is kept for its handler; the room itself must not take it yet.
    fn speak_too_soon(&mut self, who: Who, says: ClientSays) -> Result<(), Fault> {
        let (member, msg) = (who.id()?, self.payload(0)?);
        if self.door.waits(&member) {
            let (from, to) = (Some(member.clone()), Audience::AllBut(member));
            let refused = self.feed(Input::Broadcast { from, to, msg: msg.clone() })?;
            ensure!(refused == Err(Refused::NotIn), "{who} spoke before it was let in");
        }
        match says {
            ClientSays::Message(answer) => self.queue(who, Handled::Message(msg, answer, None)),
            _ => Ok(()),
        }
    }

    /// A client sends something, and loses its socket before that comes in.
    pub(crate) fn cut(&mut self, who: Who, says: ClientSays) -> Result<(), Fault> {
        let may_say = self.members.get(&who).is_some_and(|member| member.client.may_say());
        if says.is_numbered() && may_say && self.has_sessions(who) && self.attached(who).is_some() {
            let id = self.number(who, Some(1));
            let frame = self.client_frame(says, id)?;
            if let Some(id) = id {
                let _is_lost_either_way = self.says(who, id, says, &frame);
            }
            self.tally.count(Seen::LostOnItsWay);
        }
        self.lose(who, Close::LOST)
    }

    /// Clients that were greeted say again what did not come in. `false`: nobody has anything to say.
    pub(crate) fn say_again(&mut self) -> Result<bool, Fault> {
        let mut anything = false;
        for who in self.members.keys().copied().collect::<Vec<_>>() {
            while let Some((id, says, frame)) =
                self.members.get_mut(&who).and_then(|member| member.client.next_outgoing())
            {
                anything = true;
                self.tally.count(Seen::SaidAgain);
                self.take_in(who, says, frame, Some(id))?;
            }
        }
        Ok(anything)
    }

    /// Which number a client gives to what it says: mostly a new one, and now and then one that came in before.
    fn number(&mut self, who: Who, id: Option<u64>) -> Option<u64> {
        let (draw, member) = (id?, self.members.get_mut(&who)?);
        match member.said.received() {
            received if received > 0 && draw % 10 == 0 => Some(1 + draw % received),
            _ => Some(member.client.next_id(draw % 3)),
        }
    }

    /// A client says something with a number. `false`: it keeps that to itself until it has read its snapshot.
    fn says(&mut self, who: Who, id: u64, says: ClientSays, frame: &Bytes) -> bool {
        let Some(member) = self.members.get_mut(&who) else { return false };
        if id > member.said.received() {
            member.client.says(id, says, frame.clone());
        }
        member.client.is_greeted
    }

    fn hold(&mut self, who: Who, held: Option<Bytes>) {
        self.socket_mut(who).into_iter().for_each(|socket| socket.held.clone_from(&held));
    }

    /// It waits until its handler comes to it.
    pub(crate) fn queue(&mut self, who: Who, said: Handled) -> Result<(), Fault> {
        if let Some(member) = self.members.get_mut(&who) {
            ensure!(member.life.is_heard(), "{said:?} came from {who}, whose life is {:?}", member.life);
            member.queue.push_back(said);
        }
        self.go_on(who)
    }

    fn tally_verdict(&mut self, judged: &Judged) {
        match judged {
            Judged::Refuse(Refusal { code: ErrorCode::RateLimited, .. }) | Judged::Drop(Dropped::RateLimited) => {
                self.tally.count(Seen::RateLimited);
            }
            Judged::Close => self.tally.count(Seen::TooManyBadFrames),
            Judged::Bye => self.tally.count(Seen::Bye),
            _ => {}
        }
    }

    /// What the room's handler does with a message.
    pub(crate) fn answer(&mut self, who: Who, msg: Json, answer: Answer, id: Option<u64>) -> Result<(), Fault> {
        let member = who.id()?;
        let from = Some(member.clone());
        let taken = match answer {
            Answer::Broadcast => self.feed(Input::Broadcast { from, to: Audience::AllBut(member), msg })?,
            Answer::BroadcastAll => self.feed(Input::Broadcast { from, to: Audience::Everybody, msg })?,
            Answer::SendBack => self.feed(Input::Send { to: member, msg })?,
            Answer::Nothing => Ok(()),
        };
        self.acknowledge(who, id, taken)
    }

    pub(crate) fn set(&mut self, who: Who, state: Option<Json>, id: Option<u64>) -> Result<(), Fault> {
        let taken = self.feed(Input::SetPresence { member: who.id()?, state })?;
        self.acknowledge(who, id, taken)
    }

    fn acknowledge(&mut self, who: Who, id: Option<u64>, taken: Result<(), Refused>) -> Result<(), Fault> {
        if let Some(id) = id.filter(|_| self.has_sessions(who)) {
            return self.settle_word(who, id, taken.err().map(|_| ErrorCode::TooLarge));
        }
        let is_v1 = self.attached(who).is_some_and(|socket| socket.dialect == Dialect::V1);
        match (id, taken) {
            _ if !is_v1 => Ok(()),
            (None, Ok(())) => Ok(()),
            (Some(id), Ok(())) => self.reply(who, "ack", encode::ack(id, None)),
            (id, Err(refused)) => {
                self.reply(who, "error", encode::error(id, ErrorCode::TooLarge, &refused.to_string()))
            }
        }
    }

    pub(crate) fn reply(&mut self, who: Who, t: &'static str, frame: Bytes) -> Result<(), Fault> {
        self.socket_mut(who).into_iter().for_each(|socket| socket.expect(Due::Reply(t)));
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
    pub(crate) fn payload(&mut self, padding: usize) -> Result<Json, Fault> {
        self.made.payloads += 1;
        json(format!(r#"{{"k":{}, "pad":"{}"}}"#, self.made.payloads, "x".repeat(padding)))
    }

    /// An info that nobody had before, save for none.
    pub(crate) fn info(&mut self, kind: StateKind) -> Option<Json> {
        self.state(kind).filter(|info| info.as_str() != "null")
    }

    /// A state that nobody had before, save for none and `null`.
    pub(crate) fn state(&mut self, kind: StateKind) -> Option<Json> {
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

pub(crate) fn json(text: String) -> Result<Json, Fault> {
    RawValue::from_string(text).map(|raw| Json::from(&*raw)).map_err(|error| Fault(error.to_string()))
}
