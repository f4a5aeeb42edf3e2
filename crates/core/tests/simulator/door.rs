//! Who waits to be let in, whose leave waits to be told, who is away, and what a room may say of them when.

use std::collections::BTreeSet;

use roomful_core::room::{Change, Effect, Input, Newcomer};
use roomful_core::{Limits, MemberId, Millis};

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::seen::Seen;

/// What the others are told now, in this order.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Who showed something while it is away, and is away still.
    pub(crate) still_away: Vec<MemberId>,
    pub(crate) left: Vec<MemberId>,
    pub(crate) joined: Vec<Newcomer>,
    /// Who hears the room already when the others are told, and is not told of itself.
    own: Option<MemberId>,
    pub(crate) away: Option<MemberId>,
    pub(crate) is_away_told: bool,
    /// Who has a socket again, or another, and hears the room; whether it was away.
    pub(crate) back: Vec<(MemberId, bool)>,
}

/// The room as it was before an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    pub(crate) now: Millis,
    /// How many members there were.
    pub(crate) members: usize,
    /// How many of them could hear something.
    pub(crate) listeners: usize,
}

/// Watches who comes, goes and returns in one room.
#[derive(Debug, Default)]
pub(crate) struct DoorWatch {
    pub(crate) may_be_put_away: bool,
    waiting: Vec<Newcomer>,
    returning: BTreeSet<MemberId>,
    left: Vec<MemberId>,
    open_at: Millis,
    draining: bool,
}

impl DoorWatch {
    pub(crate) fn new(may_be_put_away: bool) -> Self {
        Self { may_be_put_away, ..Self::default() }
    }

    /// The room was put away: it holds nobody at its door, or it could not be.
    pub(crate) fn restart(&mut self) {
        self.open_at = 0;
        self.draining = false;
    }

    pub(crate) fn waits(&self, member: &MemberId) -> bool {
        self.waiting.iter().any(|newcomer| newcomer.member == *member)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When something that waits is to be told.
    pub(crate) fn wakes_at(&self) -> Option<Millis> {
        let holds = !self.waiting.is_empty() || !self.left.is_empty() || !self.returning.is_empty();
        holds.then_some(self.open_at)
    }

    /// Whether it is back, and is sent its snapshot later.
    pub(crate) fn returns(&self, member: &MemberId) -> bool {
        self.returning.contains(member)
    }

    /// The effects of one input that was taken; `ledger` does not know of it yet.
    pub(crate) fn watch(
        &mut self,
        input: &Input,
        effects: &[Effect],
        before: Before,
        ledger: &Ledger,
        limits: &Limits,
    ) -> Result<(News, Vec<Seen>), Fault> {
        let mut seen = Vec::new();
        let mut news = self.expect(input, effects, before, ledger, limits, &mut seen)?;
        news.still_away = still_away(effects, ledger);
        seen.extend((!news.still_away.is_empty()).then_some(Seen::StateWhileAway));
        let told = effects.iter().filter_map(|effect| match effect {
            Effect::Membership { changes, except } => Some((changes.clone(), except.clone())),
            _ => None,
        });
        let (told, due) = (told.collect::<Vec<_>>(), due(&news, before, ledger));
        ensure!(told == due, "{told:?} was told of {input:?}, where {due:?} was due");
        check_snapshots(input, &news, effects, limits)?;
        Ok((news, seen))
    }

    fn expect(
        &mut self,
        input: &Input,
        effects: &[Effect],
        before: Before,
        ledger: &Ledger,
        limits: &Limits,
        seen: &mut Vec<Seen>,
    ) -> Result<News, Fault> {
        let mut news = News::default();
        match input {
            Input::Join(newcomer) if self.tells_at_once(before, limits) => {
                news.joined.push(newcomer.clone());
                news.own = Some(newcomer.member.clone());
            }
            Input::Join(newcomer) => {
                seen.push(Seen::JoinWaited);
                self.waiting.push(newcomer.clone());
            }
            Input::Leave { member } if self.waits(member) => {
                self.waiting.retain(|newcomer| newcomer.member != *member);
                seen.push(Seen::LeftTheLobby);
            }
            Input::Leave { member } => {
                self.leave(member, before, limits, &mut news, seen);
                self.forget_unless_heard(before.listeners - usize::from(!ledger.is_away(member.as_str())), seen);
            }
            Input::Away { member } if self.returning.remove(member) && ledger.is_away(member.as_str()) => {
                seen.push(Seen::AwayBeforeItWasBack);
            }
            Input::Away { member } => {
                self.forget_unless_heard(before.listeners - 1, seen);
                news.away = Some(member.clone());
                news.is_away_told = !self.draining;
                seen.extend(self.draining.then_some(Seen::AwayWhileDraining));
            }
            Input::Return { member } if self.tells_at_once(before, limits) => {
                news.back.push((member.clone(), ledger.is_away(member.as_str())));
                news.own = Some(member.clone());
            }
            Input::Return { member } => {
                let is_first = self.returning.insert(member.clone());
                seen.push(if is_first { Seen::ReturnWaited } else { Seen::ReturnedAgainWaiting });
            }
            Input::LastWords { from, .. } => {
                if let Some(at) = self.left.iter().position(|left| left == from) {
                    seen.push(Seen::LastWords);
                    news.left.push(self.left.remove(at));
                }
            }
            Input::Drain => {
                self.draining = true;
                seen.extend((!self.left.is_empty()).then_some(Seen::DrainForgotLeaves));
                self.left.clear();
            }
            Input::Wake | Input::TellAll if self.wakes_at().is_some_and(|at| at <= before.now) => {
                self.next_turn(before.now, limits);
                news.left = std::mem::take(&mut self.left);
                let (entered, returned) = (entered(effects).count(), returned(effects).count());
                let waits = !self.waiting.is_empty() || !self.returning.is_empty();
                ensure!(entered + returned > 0 || !waits, "nobody of {self:?} was let in");
                ensure!(entered <= self.waiting.len(), "{entered} were let in of {:?}", self.waiting);
                news.joined = self.waiting.drain(..entered).collect();
                news.back = self.first_returning(returned, ledger)?;
                seen.extend((returned > 1).then_some(Seen::ReturnedTogether));
                seen.extend((returned > 0 && entered > 0).then_some(Seen::ReturnedWithNewcomers));
                seen.extend((!self.waiting.is_empty()).then_some(Seen::AdmissionBounded));
                seen.extend((!self.returning.is_empty()).then_some(Seen::ReturnsBounded));
            }
            _ => {}
        }
        Ok(news)
    }

    /// So many of those who are back, in join order, and whether they were away.
    fn first_returning(&mut self, count: usize, ledger: &Ledger) -> Result<Vec<(MemberId, bool)>, Fault> {
        let mut first = Vec::new();
        for member in ledger.present() {
            let known = self.returning.iter().find(|known| known.as_str() == member).cloned();
            let Some(member) = known.filter(|_| first.len() < count) else { continue };
            self.returning.remove(&member);
            let was_away = ledger.is_away(member.as_str());
            first.push((member, was_away));
        }
        ensure!(first.len() == count, "{count} were back of {first:?}");
        Ok(first)
    }

    fn leave(&mut self, member: &MemberId, before: Before, limits: &Limits, news: &mut News, seen: &mut Vec<Seen>) {
        let at_once = self.tells_at_once(before, limits);
        seen.extend(self.returning.remove(member).then_some(Seen::LeftBeforeItWasBack));
        if self.draining {
            seen.push(Seen::LeftWhileDraining);
        } else if at_once {
            news.left.push(member.clone());
        } else {
            seen.push(Seen::LeaveWaited);
            self.left.push(member.clone());
        }
    }

    /// Leaves that nobody can hear are told to nobody.
    fn forget_unless_heard(&mut self, listeners: usize, seen: &mut Vec<Seen>) {
        if listeners == 0 {
            seen.extend((!self.left.is_empty()).then_some(Seen::LeavesUnheard));
            self.left.clear();
        }
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

/// A state that is told of somebody who is away does not bring it back.
fn still_away(effects: &[Effect], ledger: &Ledger) -> Vec<MemberId> {
    let updates = effects.iter().filter_map(|effect| match effect {
        Effect::Presence { updates } => Some(updates),
        _ => None,
    });
    let members = updates.flatten().map(|update| &update.member);
    members.filter(|member| ledger.is_away(member.as_str())).cloned().collect()
}

/// What the effects must say, and to whom.
fn due(news: &News, before: Before, ledger: &Ledger) -> Vec<(Vec<Change>, Option<MemberId>)> {
    let mut due = Vec::new();
    let away = |member: &MemberId| Change::Away { member: member.clone() };
    let listening = |lost: usize| before.listeners > lost;
    let mut tell = |changes: Vec<Change>, except: Option<MemberId>, is_heard: bool| {
        if !changes.is_empty() && is_heard {
            due.push((changes, except));
        }
    };
    tell(news.still_away.iter().map(away).collect(), None, true);
    // Whoever leaves hears nothing any more, nor does whoever was away already.
    let is_gone = |member: &MemberId| ledger.is_present(member.as_str()) && !ledger.is_away(member.as_str());
    let lost = news.left.iter().filter(|member| is_gone(member)).count();
    let mut changes: Vec<_> = news.left.iter().map(|member| Change::Left { member: member.clone() }).collect();
    changes.extend(news.joined.iter().zip(ledger.free_numbers(&news.left)).map(|(newcomer, number)| {
        let Newcomer { member, user, info, state, .. } = newcomer.clone();
        Change::Joined { member, number, user, info, state }
    }));
    changes.extend(news.back.iter().filter(|(_, was_away)| *was_away).map(|(member, _)| {
        let state = ledger.state(member.as_str()).and_then(|state| crate::say::json(state).ok());
        Change::Back { member: member.clone(), state }
    }));
    // Whoever is back at once is there itself.
    let is_own_return = news.own.is_some() && !news.back.is_empty();
    tell(changes, news.own.clone(), is_own_return || listening(lost));
    tell(news.away.iter().filter(|_| news.is_away_told).map(away).collect(), None, listening(1));
    due
}

fn entered(effects: &[Effect]) -> impl Iterator<Item = &MemberId> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Entered { member } => Some(member),
        _ => None,
    })
}

fn returned(effects: &[Effect]) -> impl Iterator<Item = &MemberId> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Returned { member } => Some(member),
        _ => None,
    })
}

/// Who is let in or returns is sent its snapshot, and before it nothing is for it.
fn check_snapshots(input: &Input, news: &News, effects: &[Effect], limits: &Limits) -> Result<(), Fault> {
    let joined = || news.joined.iter().map(|newcomer| &newcomer.member);
    let is_tick = matches!(input, Input::Wake | Input::TellAll);
    ensure!(!is_tick || entered(effects).eq(joined()), "{news:?} is not who was let in: {effects:?}");
    let back = || news.back.iter().map(|(member, _)| member);
    ensure!(!is_tick || returned(effects).eq(back()), "{news:?} is not who was back: {effects:?}");
    let waited = entered(effects).chain(returned(effects)).next();
    ensure!(is_tick || waited.is_none(), "let in without a tick: {effects:?}");
    let snapshots = || {
        effects.iter().filter_map(|effect| match effect {
            Effect::Snapshot { to, listing, .. } => Some((to, listing)),
            _ => None,
        })
    };
    let due = back().chain(joined());
    ensure!(snapshots().map(|(to, _)| to).eq(due), "not the snapshots of {news:?}: {effects:?}");
    let let_in = effects.windows(2).filter(|pair| match pair {
        [Effect::Entered { member } | Effect::Returned { member }, Effect::Snapshot { to, .. }] => member == to,
        _ => false,
    });
    let waited = entered(effects).chain(returned(effects)).count();
    ensure!(let_in.count() == waited, "somebody is in, and its snapshot is not next: {effects:?}");
    let mut listings = snapshots().map(|(_, listing)| listing);
    let shared = listings.next().is_none_or(|first| listings.all(|other| std::sync::Arc::ptr_eq(first, other)));
    ensure!(shared, "those who come together do not share what they are sent");
    let bytes: usize = snapshots().map(|(_, listing)| listing.v1.len()).sum();
    let is_bounded = news.joined.len() + news.back.len() <= 1 || bytes <= limits.admission_bytes;
    ensure!(is_bounded, "{bytes} bytes of snapshots in one tick");
    Ok(())
}
