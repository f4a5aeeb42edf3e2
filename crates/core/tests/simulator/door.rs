//! Who waits to be let in, whose leave waits to be told, and what a room may say of either when.

use roomful_core::room::{Effect, Input};
use roomful_core::{ConnectionId, Dialect, Json, Limits, MemberId, Millis};

use crate::fault::Fault;
use crate::tally::Seen;

/// A connection whose join was taken.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    pub(crate) connection: ConnectionId,
    pub(crate) member: MemberId,
    pub(crate) state: Option<Json>,
}

/// What the others are told now of who came and went, in this order.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) left: Vec<String>,
    pub(crate) joined: Vec<Newcomer>,
}

/// The room as it was before an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    pub(crate) now: Millis,
    /// How many members there were.
    pub(crate) members: usize,
    /// How many of each dialect were connected, but for one that leaves.
    pub(crate) plain: usize,
    pub(crate) v1: usize,
}

/// Watches the joins and the leaves of one room.
#[derive(Default)]
pub(crate) struct DoorWatch {
    pub(crate) may_be_put_away: bool,
    waiting: Vec<Newcomer>,
    left: Vec<String>,
    open_at: Millis,
}

impl DoorWatch {
    pub(crate) fn new(may_be_put_away: bool) -> Self {
        Self { may_be_put_away, ..Self::default() }
    }

    pub(crate) fn waits(&self, connection: ConnectionId) -> bool {
        self.waiting.iter().any(|newcomer| newcomer.connection == connection)
    }

    pub(crate) fn waits_as(&self, member: &MemberId) -> bool {
        self.waiting.iter().any(|newcomer| newcomer.member == *member)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When something that waits is to be told.
    pub(crate) fn wakes_at(&self) -> Option<Millis> {
        (!self.waiting.is_empty() || !self.left.is_empty()).then_some(self.open_at)
    }

    /// The effects of one input that was taken. `member` is who the connection of a leave is, where it is in.
    pub(crate) fn watch(
        &mut self,
        input: &Input,
        member: Option<&MemberId>,
        effects: &[Effect],
        before: Before,
        limits: &Limits,
    ) -> Result<(News, Vec<Seen>), Fault> {
        let mut seen = Vec::new();
        let news = self.expect(input, member, effects, before, limits, &mut seen)?;
        check_admitted(input, &news, effects, limits)?;
        let receivers = before.plain + before.v1;
        let told = news.left.len() + news.joined.len();
        let mut together = effects.iter().filter_map(|effect| match effect {
            Effect::Membership { each, batch } => Some((each, batch)),
            _ => None,
        });
        if let Some((each, batch)) = together.next() {
            ensure!(told > 1 && receivers > 0, "{told} news for {receivers} members went out as several");
            ensure!(each.len() == if before.plain > 0 { told } else { 0 }, "{} frames for {news:?}", each.len());
            ensure!(batch.is_some() == (before.v1 > 0), "a batch for {} v1 connections: {batch:?}", before.v1);
            seen.extend(batch.is_some().then_some(Seen::MembershipBatch));
            ensure!(together.next().is_none(), "one tick's news went out twice");
        } else {
            ensure!(told < 2 || receivers == 0, "{news:?} is not one effect");
        }
        Ok((news, seen))
    }

    fn expect(
        &mut self,
        input: &Input,
        member: Option<&MemberId>,
        effects: &[Effect],
        before: Before,
        limits: &Limits,
        seen: &mut Vec<Seen>,
    ) -> Result<News, Fault> {
        let mut news = News::default();
        match input {
            Input::Join { connection, member, state, .. } => {
                let newcomer = Newcomer { connection: *connection, member: member.clone(), state: state.clone() };
                if self.tells_at_once(before, limits) {
                    news.joined.push(newcomer);
                } else {
                    seen.push(Seen::JoinWaited);
                    self.waiting.push(newcomer);
                }
            }
            Input::Leave { connection } => {
                let Some(member) = member else {
                    self.waiting.retain(|newcomer| newcomer.connection != *connection);
                    seen.push(Seen::LeftTheLobby);
                    return Ok(news);
                };
                if self.tells_at_once(before, limits) {
                    news.left.push(member.to_string());
                } else {
                    seen.push(Seen::LeaveWaited);
                    self.left.push(member.to_string());
                }
                if before.members == 1 {
                    self.left.clear();
                }
            }
            Input::Broadcast { from: Some(from), .. } => {
                if let Some(at) = self.left.iter().position(|left| left == from.as_str()) {
                    seen.push(Seen::LastWords);
                    news.left.push(self.left.remove(at));
                }
            }
            Input::Wake if self.wakes_at().is_some_and(|at| at <= before.now) => {
                self.next_turn(before.now, limits);
                news.left = std::mem::take(&mut self.left);
                let admitted = admitted(effects).count();
                ensure!(admitted > 0 || self.waiting.is_empty(), "nobody of {:?} was let in", self.waiting);
                ensure!(admitted <= self.waiting.len(), "{admitted} were let in of {:?}", self.waiting);
                news.joined = self.waiting.drain(..admitted).collect();
                seen.extend((!self.waiting.is_empty()).then_some(Seen::AdmissionBounded));
            }
            _ => {}
        }
        Ok(news)
    }

    fn tells_at_once(&mut self, before: Before, limits: &Limits) -> bool {
        if self.wakes_at().is_some() {
            return false;
        }
        if self.may_be_put_away || before.members < limits.announce_at_once {
            return true;
        }
        let is_open = before.now >= self.open_at;
        if is_open {
            self.next_turn(before.now, limits);
        }
        is_open
    }

    fn next_turn(&mut self, now: Millis, limits: &Limits) {
        let from = if now - self.open_at < limits.presence_tick_ms { self.open_at } else { now };
        self.open_at = from + limits.presence_tick_ms;
    }
}

fn admitted(effects: &[Effect]) -> impl Iterator<Item = ConnectionId> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Admitted { connection } => Some(*connection),
        _ => None,
    })
}

/// Who is let in is sent its snapshot before anything else, and that is all that anybody is sent by itself.
fn check_admitted(input: &Input, news: &News, effects: &[Effect], limits: &Limits) -> Result<(), Fault> {
    let is_wake = matches!(input, Input::Wake);
    let joined = || news.joined.iter().map(|newcomer| newcomer.connection);
    ensure!(!is_wake || admitted(effects).eq(joined()), "{news:?} is not who was let in: {effects:?}");
    ensure!(is_wake || admitted(effects).next().is_none(), "let in without a tick: {effects:?}");
    if !is_wake && !matches!(input, Input::Join { .. }) {
        return Ok(());
    }
    let snapshots = || {
        effects.iter().filter_map(|effect| match effect {
            Effect::Send { to, frame } => Some((*to, frame.len())),
            _ => None,
        })
    };
    ensure!(snapshots().map(|(to, _)| to).eq(joined()), "not the snapshots of {news:?}: {effects:?}");
    let bytes: usize = snapshots().map(|(_, bytes)| bytes).sum();
    let around = 150 * news.joined.len();
    let is_bounded = news.joined.len() <= 1 || bytes <= limits.admission_bytes.saturating_add(around);
    ensure!(is_bounded, "{bytes} bytes of snapshots in one tick");
    Ok(())
}

impl Before {
    pub(crate) fn new(now: Millis, members: usize, connected: impl Iterator<Item = Dialect>) -> Self {
        let mut before = Self { now, members, plain: 0, v1: 0 };
        connected.for_each(|dialect| match dialect {
            Dialect::Plain => before.plain += 1,
            Dialect::V1 => before.v1 += 1,
        });
        before
    }
}
