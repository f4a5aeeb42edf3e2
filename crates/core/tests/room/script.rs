//! A room that is told what happens and says, line by line, what is to be done.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use roomful_core::cluster::{self, Incarnation};
use roomful_core::frame::encode::{self, SnapshotFacts};
use roomful_core::frame::fanout::{self, PerDialect, Spoken};
use roomful_core::room::{Audience, Change, Effect, Input, Kept, Newcomer, RoomConfig, RoomEngine};
use roomful_core::roster::{Listing, Place};
use roomful_core::{Dialect, Generation, Json, Limits, MemberId, Millis, NodeId, UserId};
use serde_json::value::RawValue;

/// What an input leads to when it leads to nothing.
pub(crate) const NOTHING: [&str; 0] = [];

pub(crate) struct Script {
    room: RoomEngine,
    config: RoomConfig,
    now: Millis,
    kept: Vec<Kept>,
    /// Who has a socket, and what is spoken on it.
    sockets: BTreeMap<MemberId, Dialect>,
    /// When the driver is to wake the room, as it was last told.
    timer: Option<Millis>,
}

impl Script {
    /// An empty room at 1,000 ms.
    pub(crate) fn new(limits: Limits) -> Self {
        Self::of(limits, false)
    }

    /// An empty room at 1,000 ms that may be put away.
    pub(crate) fn that_may_be_put_away(limits: Limits) -> Self {
        Self::of(limits, true)
    }

    /// An empty room at 1,000 ms that other nodes may have, too. Nobody is waited for any more.
    pub(crate) fn in_cluster(limits: Limits, me: Incarnation) -> Self {
        let mut script = Self::awaiting(limits, me);
        script.tell(Input::Ready);
        script
    }

    /// The same, where others are still waited for.
    pub(crate) fn awaiting(limits: Limits, me: Incarnation) -> Self {
        let mut script = Self::of(limits, false);
        script.config.cluster = Some(me);
        script.room = RoomEngine::restore(script.config.clone(), []);
        script
    }

    fn of(limits: Limits, may_be_put_away: bool) -> Self {
        let limits = Arc::new(limits);
        let config = RoomConfig {
            node: NodeId(1),
            cluster: None,
            epoch: "e".into(),
            last_seq: 0,
            may_be_put_away,
            first_place: Place(0),
            limits,
        };
        let room = RoomEngine::restore(config.clone(), []);
        Self { room, config, now: 1_000, kept: Vec::new(), sockets: BTreeMap::new(), timer: None }
    }

    /// A room with these members, none with a state.
    pub(crate) fn with(limits: Limits, members: &[(&str, Dialect)]) -> Self {
        Self::new(limits).joined_by(members)
    }

    /// The same, of a room that may be put away.
    pub(crate) fn kept_with(limits: Limits, members: &[(&str, Dialect)]) -> Self {
        Self::that_may_be_put_away(limits).joined_by(members)
    }

    fn joined_by(mut self, members: &[(&str, Dialect)]) -> Self {
        for (member, dialect) in members {
            self.join(member, *dialect, None);
        }
        self
    }

    /// Goes on in a room where nobody new stands before this place.
    pub(crate) fn begin_at(&mut self, first_place: Place) {
        self.config.first_place = first_place;
        self.restore();
    }

    pub(crate) fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    pub(crate) fn join(&mut self, member: &str, dialect: Dialect, state: Option<&str>) -> Vec<String> {
        self.join_as(Newcomer { state: state.map(json), ..Newcomer::new(id(member)) }, dialect)
    }

    pub(crate) fn join_of(&mut self, member: &str, user: &str, dialect: Dialect) -> Vec<String> {
        let user = UserId::new(user).expect("the tests name users by letters");
        self.join_as(Newcomer { user: Some(user), ..Newcomer::new(id(member)) }, dialect)
    }

    pub(crate) fn join_said(&mut self, member: &str, info: &str, dialect: Dialect) -> Vec<String> {
        self.join_as(Newcomer { info: Some(json(info)), ..Newcomer::new(id(member)) }, dialect)
    }

    pub(crate) fn join_as(&mut self, newcomer: Newcomer, dialect: Dialect) -> Vec<String> {
        let (member, effects) = (newcomer.member.clone(), self.give(Input::Join(newcomer)));
        let (effects, refused) = effects;
        if refused.is_none() {
            self.sockets.insert(member, dialect);
        }
        self.lines(&effects, refused)
    }

    pub(crate) fn leave(&mut self, member: &str) -> Vec<String> {
        let member = id(member);
        self.kept.retain(|kept| kept.member != member);
        self.sockets.remove(&member);
        self.tell(Input::Leave { member })
    }

    /// It loses its socket.
    pub(crate) fn away(&mut self, member: &str) -> Vec<String> {
        let member = id(member);
        self.sockets.remove(&member);
        self.tell(Input::Away { member })
    }

    /// It has another socket.
    pub(crate) fn back(&mut self, member: &str, dialect: Dialect) -> Vec<String> {
        let member = id(member);
        self.sockets.insert(member.clone(), dialect);
        self.tell(Input::Return { member })
    }

    pub(crate) fn set(&mut self, member: &str, state: Option<&str>) -> Vec<String> {
        self.tell(Input::SetPresence { member: id(member), state: state.map(json) })
    }

    /// What the server says of a member.
    pub(crate) fn inform(&mut self, member: &str, info: Option<&str>) -> Vec<String> {
        self.tell(Input::SetInfo { member: id(member), info: info.map(json) })
    }

    /// To all but the member that says it, as `conn.broadcast` does.
    pub(crate) fn broadcast(&mut self, from: &str, msg: &str) -> Vec<String> {
        self.tell(Input::Broadcast { from: Some(id(from)), to: Audience::AllBut(id(from)), msg: json(msg) })
    }

    /// To everybody, as the hook of a leave does.
    pub(crate) fn last_words(&mut self, from: &str, msg: &str) -> Vec<String> {
        self.tell(Input::LastWords { from: id(from), msg: json(msg) })
    }

    pub(crate) fn broadcast_all(&mut self, from: Option<&str>, msg: &str) -> Vec<String> {
        self.tell(Input::Broadcast { from: from.map(id), to: Audience::Everybody, msg: json(msg) })
    }

    pub(crate) fn send(&mut self, to: &str, msg: &str) -> Vec<String> {
        self.tell(Input::Send { to: id(to), msg: json(msg) })
    }

    pub(crate) fn wake(&mut self) -> Vec<String> {
        self.timer = None;
        self.tell(Input::Wake)
    }

    pub(crate) fn tell(&mut self, input: Input) -> Vec<String> {
        let (effects, refused) = self.give(input);
        self.lines(&effects, refused)
    }

    /// Builds the room again, from what it asked to keep, the last first.
    pub(crate) fn restore(&mut self) {
        self.restore_from(self.kept.iter().rev().cloned().collect());
    }

    /// Builds the room again, from this and what it asked to keep.
    pub(crate) fn restore_with(&mut self, kept: Kept) {
        self.restore_from(self.kept.iter().cloned().chain([kept]).collect());
    }

    fn restore_from(&mut self, kept: Vec<Kept>) {
        self.room = RoomEngine::restore(RoomConfig { last_seq: 1_000, ..self.config.clone() }, kept);
        self.timer = None;
    }

    /// Who is in and in what state, as the room knows it.
    pub(crate) fn roster(&self) -> Vec<String> {
        let entries = self.room.roster().iter();
        entries.map(|entry| format!("{}{}", entry.member, optional(" ", entry.state().as_ref()))).collect()
    }

    /// What an input that is not refused leads to.
    pub(crate) fn effects(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.room.handle(input, self.now, &mut effects).expect("nothing here is refused");
        effects
    }

    pub(crate) fn room(&self) -> &RoomEngine {
        &self.room
    }

    /// Whether that member's join is still to come.
    pub(crate) fn is_waiting(&self, member: &str) -> bool {
        self.room.is_waiting(&id(member))
    }

    /// Whether nobody is in or waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    fn give(&mut self, input: Input) -> (Vec<Effect>, Option<String>) {
        let mut effects = Vec::new();
        let result = self.room.handle(input, self.now, &mut effects);
        for effect in &effects {
            if let Effect::Keep(kept) = effect {
                self.kept.retain(|older| older.member != kept.member);
                self.kept.push(kept.clone());
            }
        }
        (effects, result.err().map(|refused| format!("refused: {refused}")))
    }

    /// What the effects say, why there are none, and whether the driver sets its timer anew.
    fn lines(&mut self, effects: &[Effect], refused: Option<String>) -> Vec<String> {
        let mut lines: Vec<_> = effects.iter().flat_map(|effect| self.effect_lines(effect)).chain(refused).collect();
        let wake = self.room.next_wake();
        if wake != self.timer {
            lines.extend(wake.map(|at| format!("wake at {at}")));
        }
        self.timer = wake;
        lines
    }

    fn effect_lines(&self, effect: &Effect) -> Vec<String> {
        let all_but = |except: Option<&MemberId>| except.map_or("all".to_owned(), |but| format!("all but {but}"));
        match effect {
            Effect::Entered { member } => vec![format!("in is {member}")],
            Effect::Returned { member } => vec![format!("back is {member}")],
            Effect::Snapshot { to, listing, seq } => {
                self.to_one(to, |dialect| self.snapshot(to, listing, *seq, dialect))
            }
            Effect::Membership { changes, except } => self.change_lines(changes, &all_but(except.as_ref())),
            Effect::Presence { updates } => {
                let updates = fanout::updates(updates, self.spoken());
                let plain = updates.plain.iter().flatten().map(|frame| format!("plain: update <- {}", text(frame)));
                plain.chain(updates.v1.iter().map(|frame| format!("v1: update <- {}", text(frame)))).collect()
            }
            Effect::Said { seq, from, to, msg } => {
                let except = match to {
                    Audience::Everybody => None,
                    Audience::AllBut(member) => Some(member),
                };
                by_dialect(&fanout::said(from.as_ref(), msg, *seq, self.spoken()), &all_but(except))
            }
            Effect::Told { seq, to, msg } => self.to_one(to, |dialect| {
                let frames = fanout::said(Some(to), msg, *seq, Spoken::one(dialect));
                frames.get(dialect).cloned().unwrap_or_default()
            }),
            Effect::Keep(kept) => vec![keep_line(kept)],
            Effect::UserCame { user, member } => vec![format!("user {user} came by {member}")],
            Effect::UserWent { user } => vec![format!("user {user} went")],
            Effect::UserHere { user, member } => vec![format!("user {user} is here by {member}")],
            Effect::UserMoved { user } => vec![format!("user {user} is elsewhere")],
            Effect::Publish { changes } => vec![format!("publish {}", published(changes))],
            Effect::Gap { seq } => vec![format!("v1: all <- {}", text(&encode::gap(self.room.epoch(), *seq)))],
            Effect::TakenOver { member } => vec![format!("taken over is {member}")],
            Effect::LostMembers { members } => {
                let members: Vec<_> = members.iter().map(|present| present.member.as_str()).collect();
                vec![format!("lost are {}", members.join(", "))]
            }
            other => vec![format!("{other:?}")],
        }
    }

    fn change_lines(&self, changes: &[Change], to: &str) -> Vec<String> {
        let frames = fanout::membership(changes, self.spoken());
        let [change] = changes else { return frames.iter().flat_map(|frames| by_dialect(frames, to)).collect() };
        let is_alike = encode::change(change, Dialect::Plain) == encode::change(change, Dialect::V1);
        match &*frames {
            [PerDialect { plain, v1 }] if is_alike => {
                v1.iter().chain(plain).take(1).map(|frame| format!("{to} <- {}", text(frame))).collect()
            }
            _ => frames.iter().flat_map(|frames| by_dialect(frames, to)).collect(),
        }
    }

    fn snapshot(&self, to: &MemberId, listing: &Listing, seq: u64, dialect: Dialect) -> Bytes {
        let facts = SnapshotFacts { seq, epoch: self.room.epoch(), limits: &self.config.limits, session: None };
        let list = match dialect {
            Dialect::Plain => &listing.plain,
            Dialect::V1 => &listing.v1,
        };
        encode::snapshot(dialect, to, list, facts)
    }

    /// Whoever has no socket hears nothing.
    fn to_one(&self, to: &MemberId, frame: impl FnOnce(Dialect) -> Bytes) -> Vec<String> {
        let dialect = self.sockets.get(to).copied();
        dialect.map(|dialect| format!("{to} <- {}", text(&frame(dialect)))).into_iter().collect()
    }

    /// What is spoken by those who are in.
    fn spoken(&self) -> Spoken {
        let mut spoken = Spoken::default();
        for (_, dialect) in self.sockets.iter().filter(|(member, _)| !self.room.is_waiting(member)) {
            match dialect {
                Dialect::Plain => spoken.plain = true,
                Dialect::V1 => spoken.v1 = true,
            }
        }
        spoken
    }
}

/// What the other nodes are told.
fn published(changes: &[cluster::Change]) -> String {
    let changes: Vec<_> = changes
        .iter()
        .map(|change| match change {
            cluster::Change::Joined(present) => {
                let away = if present.away { ", away" } else { "" };
                format!("+{}{}{away}", present.member, optional(" ", present.state.as_ref()))
            }
            cluster::Change::Left { member } => format!("-{member}"),
            cluster::Change::Away { member } => format!("{member} is away"),
            cluster::Change::Back { member } => format!("{member} is back"),
            cluster::Change::State { member, state } => format!("{member} shows{}", optional(" ", state.as_ref())),
            cluster::Change::Info { member, info } => format!("{member} is{}", optional(" ", info.as_ref())),
            cluster::Change::Said { from, msg, .. } => {
                format!("{}says {}", from.iter().map(|from| format!("{from} ")).collect::<String>(), msg.as_str())
            }
            other => format!("{other:?}"),
        })
        .collect();
    changes.join("; ")
}

fn by_dialect(frames: &PerDialect, to: &str) -> Vec<String> {
    let plain = frames.plain.iter().map(|frame| format!("plain: {to} <- {}", text(frame)));
    plain.chain(frames.v1.iter().map(|frame| format!("v1: {to} <- {}", text(frame)))).collect()
}

fn keep_line(kept: &Kept) -> String {
    let Kept { member, place, number, generation, user, away, info, state } = kept;
    // They are the same for as long as nobody left.
    let number = if u64::from(number.0) == place.0 { String::new() } else { format!(", number {}", number.0) };
    let generation =
        if *generation == Generation(0) { String::new() } else { format!(", taken over {}", generation.0) };
    let user = user.as_ref().map(|user| format!(", of {user}")).unwrap_or_default();
    let away = if *away { ", away" } else { "" };
    let (info, state) = (optional(", who is ", info.as_ref()), optional(", ", state.as_ref()));
    format!("keep {member}: place {}{number}{generation}{user}{away}{info}{state}", place.0)
}

fn optional(before: &str, json: Option<&Json>) -> String {
    json.map(|json| format!("{before}{}", json.as_str())).unwrap_or_default()
}

fn text(frame: &Bytes) -> &str {
    std::str::from_utf8(frame).expect("every frame is UTF-8")
}

pub(crate) fn id(member: &str) -> MemberId {
    MemberId::parse(member).expect("the tests name members by letters")
}

pub(crate) fn json(text: &str) -> Json {
    let raw: &RawValue = serde_json::from_str(text).expect("the tests write JSON");
    raw.into()
}
