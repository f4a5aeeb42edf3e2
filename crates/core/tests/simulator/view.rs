//! What a client makes of the bytes that it is sent, and which of them it would call broken.

use std::borrow::Cow;

use roomful_core::Dialect;
use roomful_core::roster::Number;
use roomful_core::session::Token;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::client::Greeting;
use crate::fault::Fault;

/// A presence state as a client sees it: the JSON, or none.
pub(crate) type State = Option<String>;

/// One client's picture of the room, drawn from nothing but the frames.
pub(crate) struct View {
    dialect: Dialect,
    own: String,
    members: Vec<Known>,
}

/// A member as a client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) member: String,
    /// What names it in `updates`; v1 alone is told.
    pub(crate) number: Option<Number>,
    pub(crate) user: Option<String>,
    pub(crate) away: bool,
    /// What the server says of it; v1 alone is told.
    pub(crate) info: State,
    pub(crate) state: State,
}

/// What one frame told the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Snapshot {
        seq: Option<u64>,
        greeting: Option<Greeting>,
    },
    Joined {
        member: String,
        number: Option<Number>,
        user: Option<String>,
        info: State,
        state: State,
    },
    /// With its info, where that was told, too.
    Updated {
        member: String,
        info: Option<State>,
        state: State,
    },
    Away {
        member: String,
    },
    Left {
        member: String,
    },
    Message {
        from: String,
        msg: String,
        seq: Option<u64>,
    },
    /// Messages are missing.
    Gap,
    Reply {
        t: String,
        id: Option<u64>,
        seq: Option<u64>,
    },
}

impl View {
    pub(crate) fn new(dialect: Dialect, own: &str) -> Self {
        Self { dialect, own: own.to_owned(), members: Vec::new() }
    }

    /// Everybody in the room as far as this client knows, in the order it knows.
    pub(crate) fn members(&self) -> &[Known] {
        &self.members
    }

    pub(crate) fn knows(&self, member: &str) -> bool {
        self.members.iter().any(|known| known.member == member)
    }

    /// Reads one WebSocket message.
    pub(crate) fn read(&mut self, message: &[u8]) -> Result<Vec<Told>, Fault> {
        let is_batch = message.first() == Some(&b'[');
        ensure!(!is_batch || self.dialect == Dialect::V1, "a batch went to a plain client");
        let frames: Vec<Frame<'_>> = if is_batch { parse(message)? } else { vec![parse(message)?] };
        ensure!(!is_batch || frames.len() > 1, "a batch of {} frames", frames.len());
        let mut told = Vec::new();
        for frame in frames {
            told.extend(self.read_frame(frame)?);
        }
        Ok(told)
    }

    fn read_frame(&mut self, frame: Frame<'_>) -> Result<Vec<Told>, Fault> {
        if frame.t == "updates" {
            return self.read_updates(frame);
        }
        ensure!(frame.of.is_none(), "`of` outside `updates`: {frame:?}");
        self.read_one(frame).map(|told| vec![told])
    }

    fn read_one(&mut self, frame: Frame<'_>) -> Result<Told, Fault> {
        if self.dialect == Dialect::Plain {
            ensure!(!frame.has_v1_keys(), "a plain client was sent {frame:?}");
        }
        let first = self.members.is_empty();
        ensure!(first == (frame.t == "snapshot"), "the snapshot is the first frame and no other, not {frame:?}");
        let is_join = frame.op.as_deref() == Some("join");
        ensure!(frame.user.is_none() || is_join, "a user outside a join: {frame:?}");
        let is_update = frame.op.as_deref() == Some("update");
        ensure!(frame.info.is_none() || is_join || is_update, "an info outside a join and an update: {frame:?}");
        ensure!(frame.n.is_some() == (is_join && self.dialect == Dialect::V1), "a number, or none: {frame:?}");
        match (&*frame.t, frame.op.as_deref()) {
            ("snapshot", None) => self.read_snapshot(frame),
            ("presence", Some("join")) => self.read_join(frame),
            ("presence", Some("update")) => self.read_update(frame),
            ("presence", Some("away")) => self.read_away(&frame),
            ("presence", Some("leave")) => self.read_leave(&frame),
            ("msg", None) => self.read_message(frame),
            ("gap", None) => {
                ensure!(frame.seq.is_some() && frame.epoch.is_some(), "a gap in what? {frame:?}");
                Ok(Told::Gap)
            }
            ("ack" | "error" | "pong", None) => {
                ensure!(self.dialect == Dialect::V1, "a plain client was sent {frame:?}");
                Ok(Told::Reply { t: frame.t.into_owned(), id: frame.id, seq: frame.seq })
            }
            _ => Fault::new(format!("no client knows {frame:?}")),
        }
    }

    fn read_snapshot(&mut self, frame: Frame<'_>) -> Result<Told, Fault> {
        ensure!(frame.own.as_deref() == Some(&*self.own), "the snapshot names another as `self`: {frame:?}");
        let v1 = [frame.seq.is_some(), frame.epoch.is_some(), frame.heartbeat.is_some(), frame.limits.is_some()];
        ensure!(v1 == [self.dialect == Dialect::V1; 4], "the keys of the other dialect: {frame:?}");
        let greeting = read_greeting(&frame)?;
        for Listed { id, n: number, user, away, info, state } in frame.members.unwrap_or_default() {
            ensure!(!self.knows(&id), "{id} stands twice in the snapshot");
            self.check_number(number)?;
            ensure!(away != Some(false), "{id} is said not to be away, which is said by saying nothing");
            let (member, user, away) = (id.into_owned(), user.map(Cow::into_owned), away == Some(true));
            let (info, state) = (info.map(text), state.map(text));
            ensure!(
                info.as_deref() != Some("null"),
                "{member} is said to have no info, which is said by saying nothing"
            );
            self.members.push(Known { member, number, user, away, info, state });
        }
        let own = self.members.iter().find(|known| known.member == self.own);
        ensure!(own.is_some_and(|own| !own.away), "the snapshot says of its receiver: {own:?}");
        Ok(Told::Snapshot { seq: frame.seq, greeting })
    }

    fn read_join(&mut self, frame: Frame<'_>) -> Result<Told, Fault> {
        let member = sender(&frame)?;
        ensure!(member != self.own, "a client was sent its own join");
        ensure!(!self.knows(&member), "{member} joined twice");
        let (number, user) = (frame.n, frame.user.map(Cow::into_owned));
        let (info, state) = (frame.info.map(text), frame.state.map(text));
        self.check_number(number)?;
        ensure!(info.as_deref() != Some("null"), "{member} joined without an info, which is said by saying nothing");
        let (known, whose, said, shown) = (member.clone(), user.clone(), info.clone(), state.clone());
        self.members.push(Known { member: known, number, user: whose, away: false, info: said, state: shown });
        Ok(Told::Joined { member, number, user, info, state })
    }

    /// In v1 a member has a number, and nobody else whom this client knows has it.
    fn check_number(&self, number: Option<Number>) -> Result<(), Fault> {
        ensure!(number.is_some() == (self.dialect == Dialect::V1), "numbers are for v1 alone: {number:?}");
        let other = self.members.iter().find(|known| known.number.is_some() && known.number == number);
        ensure!(other.is_none(), "{number:?} names two: another is {other:?}");
        Ok(())
    }

    fn read_updates(&mut self, frame: Frame<'_>) -> Result<Vec<Told>, Fault> {
        ensure!(self.dialect == Dialect::V1, "a plain client was sent {frame:?}");
        ensure!(frame.is_bare(), "`updates` with other keys: {frame:?}");
        let entries = frame.of.unwrap_or_default();
        ensure!(!entries.is_empty(), "`updates` of nobody");
        entries.into_iter().map(|entry| self.read_entry(entry)).collect()
    }

    fn read_entry(&mut self, entry: &RawValue) -> Result<Told, Fault> {
        let (number, state): (u32, State) = match parse::<Vec<&RawValue>>(entry.get().as_bytes())?[..] {
            [number] => (parse(number.get().as_bytes())?, None),
            [number, state] => (parse(number.get().as_bytes())?, Some(text(state))),
            _ => return Fault::new(format!("what is {entry} in `updates`?")),
        };
        let Some(known) = self.members.iter_mut().find(|known| known.number == Some(Number(number))) else {
            return Fault::new(format!("an update of number {number}, which names nobody"));
        };
        known.state.clone_from(&state);
        known.away = false;
        Ok(Told::Updated { member: known.member.clone(), info: None, state })
    }

    fn read_update(&mut self, frame: Frame<'_>) -> Result<Told, Fault> {
        let member = sender(&frame)?;
        let state = frame.state.map(text);
        let info = frame.info.map(|info| Some(text(info)).filter(|info| info != "null"));
        let Some(known) = self.members.iter_mut().find(|known| known.member == member) else {
            return Fault::new(format!("an update of {member}, who is not in"));
        };
        info.iter().for_each(|info| known.info.clone_from(info));
        known.state.clone_from(&state);
        known.away = false;
        Ok(Told::Updated { member, info, state })
    }

    fn read_away(&mut self, frame: &Frame<'_>) -> Result<Told, Fault> {
        let member = sender(frame)?;
        ensure!(self.dialect == Dialect::V1, "a plain client was sent {frame:?}");
        ensure!(frame.state.is_none(), "an away with a state");
        ensure!(member != self.own, "a client was told that it is away itself");
        let Some(known) = self.members.iter_mut().find(|known| known.member == member) else {
            return Fault::new(format!("{member} is away, who is not in"));
        };
        known.away = true;
        Ok(Told::Away { member })
    }

    fn read_leave(&mut self, frame: &Frame<'_>) -> Result<Told, Fault> {
        let member = sender(frame)?;
        ensure!(frame.state.is_none(), "a leave with a state");
        ensure!(self.knows(&member), "{member} left, who is not in");
        ensure!(member != self.own, "a client was sent its own leave");
        self.members.retain(|known| known.member != member);
        Ok(Told::Left { member })
    }

    fn read_message(&self, frame: Frame<'_>) -> Result<Told, Fault> {
        ensure!(frame.seq.is_some() == (self.dialect == Dialect::V1), "`seq` is for v1 alone: {frame:?}");
        let from = sender(&frame)?;
        match frame.msg {
            Some(msg) => Ok(Told::Message { from, msg: text(msg), seq: frame.seq }),
            None => Fault::new("a message without `msg`"),
        }
    }
}

/// Every key that a server's frame may have; one that has another is not read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    op: Option<Cow<'a, str>>,
    n: Option<Number>,
    #[serde(borrow)]
    of: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    user: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    info: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    state: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    msg: Option<&'a RawValue>,
    #[serde(borrow, rename = "self")]
    own: Option<Cow<'a, str>>,
    #[serde(borrow)]
    members: Option<Vec<Listed<'a>>>,
    seq: Option<u64>,
    #[serde(borrow)]
    epoch: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session: Option<Cow<'a, str>>,
    resumed: Option<bool>,
    acked: Option<u64>,
    heartbeat: Option<u64>,
    #[serde(borrow)]
    limits: Option<&'a RawValue>,
    id: Option<u64>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
}

impl Frame<'_> {
    /// Whether it has nothing but what `updates` has.
    fn is_bare(&self) -> bool {
        let raw = [self.state.is_some(), self.msg.is_some(), self.members.is_some()];
        let texts = [&self.from, &self.op, &self.own].map(Option::is_some);
        !self.has_other_v1_keys() && raw.into_iter().chain(texts).all(|is_there| !is_there)
    }

    fn has_v1_keys(&self) -> bool {
        let is_v1 = |Listed { n, user, away, info, .. }: &Listed<'_>| {
            n.is_some() || user.is_some() || away.is_some() || info.is_some()
        };
        self.of.is_some() || self.has_other_v1_keys() || self.members.iter().flatten().any(is_v1)
    }

    /// Than `of`.
    fn has_other_v1_keys(&self) -> bool {
        let numbers = self.n.is_some() || self.seq.is_some() || self.heartbeat.is_some() || self.id.is_some();
        let texts = [&self.epoch, &self.code, &self.reason, &self.user].into_iter().any(Option::is_some);
        let session = self.session.is_some() || self.resumed.is_some() || self.acked.is_some();
        numbers || texts || session || self.limits.is_some() || self.info.is_some()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    n: Option<Number>,
    #[serde(borrow)]
    user: Option<Cow<'a, str>>,
    away: Option<bool>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    info: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    state: Option<&'a RawValue>,
}

/// What a snapshot says of a session, where there is one.
fn read_greeting(frame: &Frame<'_>) -> Result<Option<Greeting>, Fault> {
    let (Some(token), Some(resumed)) = (&frame.session, frame.resumed) else {
        let is_bare = frame.session.is_none() && frame.resumed.is_none() && frame.acked.is_none();
        ensure!(is_bare, "half a session: {frame:?}");
        return Ok(None);
    };
    let token = token.parse::<Token>().map_err(|error| Fault(format!("{error}: {token}")))?;
    Ok(Some(Greeting { token, resumed, acked: frame.acked }))
}

/// `null` is a value; only an absent key is none.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn parse<'a, T: Deserialize<'a>>(message: &'a [u8]) -> Result<T, Fault> {
    let broken = |error| Fault(format!("{error} in {}", String::from_utf8_lossy(message)));
    serde_json::from_slice(message).map_err(broken)
}

fn sender(frame: &Frame<'_>) -> Result<String, Fault> {
    frame.from.as_deref().map(str::to_owned).ok_or_else(|| Fault(format!("no `from` in {frame:?}")))
}

fn text(raw: &RawValue) -> String {
    raw.get().to_owned()
}
