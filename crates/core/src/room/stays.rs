//! Which node tells the app of a user who is in a room of several nodes.
//!
//! A user stays in a room from its first member to its last, whatever nodes those are on, and the app is told of the stay by one
//! of them: that it began and that it ended. Each node that has a member of the user takes part.
//!
//! ```text
//!           none does        its last one left, nobody has one         its moment is over: the user has gone
//!  asking ────────────▶ telling ──────────────────────────▶ lingering ─────────────────────────────────────▶ (none)
//!    │ another tells    ▲ ▲   │ its last one left, another    │ somebody asks:                                ▲
//!    ▼                  │ │   │ has one: hands it over        │ hands it over                                 │
//!  guest ───────────────┘ │   ▼                               │            all have answered                  │
//!    └──────────────────▶ releasing ◀─────────────────────────┘ ──────────────────────────────────────────────┘
//!      its last one left      (handed over to it, a guest tells, and so does who releases)
//! ```
//!
//! A question is in a node's stream behind what it is about, and so is its answer: so whoever has all answers knows of all members
//! of the user that any node let in before it knew of this node's. Of two who ask at once the older tells. Who releases waits for
//! answers, too, because a stay may be on its way to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Incarnation, StayAnswer, StayWord};
use crate::{MemberId, Millis, NodeId, UserId};

/// For so long others may take to answer, in milliseconds: a lease, after which those who are gone are not waited for. Where somebody
/// has not answered then, the app may be told twice.
const ANSWERED_WITHIN_MS: Millis = 10_000;

/// After so long it is asked again, where some say that another tells, and that one does not: the stay is on its way to it.
const ASKED_AGAIN_MS: Millis = 100;

/// Where a broker cannot say how many nodes hear a question, one that opened a room within a heartbeat may not be known. For so long
/// after a room was opened here a question waits for the answer of such a one, in milliseconds.
const MAY_BE_UNKNOWN_MS: Millis = 5_000;

/// And it waits so long for it, in milliseconds: as long as those who join a room that is opened.
const UNKNOWN_ANSWERS_WITHIN_MS: Millis = 250;

/// The users who stay here.
#[derive(Debug, Default)]
pub(super) struct Stays {
    of: BTreeMap<UserId, Stay>,
    /// When time alone changes something for whom.
    timers: BTreeSet<(Millis, UserId)>,
    /// The nodes on which the room is open, as far as is known.
    open: BTreeSet<NodeId>,
    /// Whether any other node has said anything of the room.
    has_others: bool,
    /// The number of the last question.
    asked: u64,
    /// When the room was opened here.
    ready_at: Millis,
}

#[derive(Debug)]
struct Stay {
    /// The user's first member here.
    member: MemberId,
    /// Whether it has a member here still.
    is_here: bool,
    /// The app has removed it: nobody is waited for who may not come back.
    is_forgone: bool,
    role: Role,
}

#[derive(Debug)]
enum Role {
    Asking(Question),
    Telling,
    /// That node tells, and has told the app that the user came, or may not have.
    Guest {
        by: NodeId,
        is_told: bool,
    },
    Lingering {
        until: Millis,
    },
    Releasing(Question),
}

#[derive(Debug)]
struct Question {
    number: u64,
    /// Whose answers are to come.
    waits: BTreeSet<NodeId>,
    until: Millis,
    /// It is not settled before.
    least: Millis,
    /// Who said that which other node tells.
    guests: BTreeMap<NodeId, NodeId>,
    /// When it was asked for the first time.
    since: Millis,
    /// Whether the app was told that the user came.
    is_told: bool,
    /// Releasing: which node tells.
    by: Option<NodeId>,
}

/// What a stay depends on.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) me: Incarnation,
    pub(super) now: Millis,
    pub(super) linger_ms: Millis,
    /// Another node that lives and has a member of the user.
    pub(super) elsewhere: Option<NodeId>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Tell the other nodes.
    Say(UserId, StayWord),
    /// Tell the app that the user has come, by this member.
    Came(UserId, MemberId),
    /// Tell the app that it has gone.
    Went(UserId),
    /// It does not stay here any more.
    Moved(UserId),
}

impl Stays {
    /// A user's first member of this node is in.
    pub(super) fn enter(&mut self, user: &UserId, member: &MemberId, facts: Facts, acts: &mut Vec<Act>) {
        let Some(stay) = self.of.get_mut(user) else {
            let stay = Stay { member: member.clone(), is_here: true, is_forgone: false, role: Role::Telling };
            self.of.insert(user.clone(), stay);
            return self.ask(user, (false, facts.now), facts, acts);
        };
        (stay.member, stay.is_here, stay.is_forgone) = (member.clone(), true, false);
        match &stay.role {
            Role::Lingering { .. } => self.turn_into(user, Role::Telling),
            // Who answers does not matter any more, and who tells is asked anew.
            Role::Releasing(question) => {
                let is_told = question.is_told;
                self.ask(user, (is_told, facts.now), facts, acts);
            }
            Role::Asking(_) | Role::Telling | Role::Guest { .. } => {}
        }
    }

    /// A user's last member of this node is out.
    pub(super) fn leave(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        if let Some(stay) = self.of.get_mut(user) {
            stay.is_here = false;
            self.go_on_without(user, facts, acts);
        }
    }

    /// The app removes a user: it has gone as soon as its last member has.
    pub(super) fn forgo(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        let Some(stay) = self.of.get_mut(user) else { return };
        stay.is_forgone = true;
        if matches!(stay.role, Role::Lingering { .. }) {
            self.run_out(user, facts, acts);
        }
    }

    /// Whether anything is to be said of it still.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.of.contains_key(user)
    }

    /// Those who have nobody here, and wait for somebody to come back.
    pub(super) fn lingering(&self) -> Vec<UserId> {
        let lingers = |stay: &Stay| matches!(stay.role, Role::Lingering { .. });
        self.of.iter().filter(|(_, stay)| lingers(stay)).map(|(user, _)| user.clone()).collect()
    }

    /// Another node says something of a user.
    pub(super) fn hear(
        &mut self,
        from: &Incarnation,
        (user, word): (&UserId, StayWord),
        facts: Facts,
        acts: &mut Vec<Act>,
    ) {
        let (me, node) = (facts.me.node(), from.node());
        match word {
            StayWord::Asks { number } => self.answer((from, number), user, facts, acts),
            StayWord::Releases { number } => {
                let answer = StayWord::Answers { to: node, number, answer: StayAnswer::Nothing };
                acts.push(Act::Say(user.clone(), answer));
            }
            StayWord::Answers { to, number, answer } if to == me => {
                self.hear_answer((node, number, answer), user, facts, acts);
            }
            StayWord::Hands { to } if to == me => self.take_over(user, facts, acts),
            StayWord::Hands { to } => match self.of.get_mut(user).map(|stay| &mut stay.role) {
                Some(Role::Guest { by, is_told }) => (*by, *is_told) = (to, true),
                Some(Role::Releasing(question)) => (question.by, question.is_told) = (Some(to), true),
                Some(Role::Asking(_)) => {
                    self.turn_into(user, Role::Guest { by: to, is_told: true });
                    self.go_on_without(user, facts, acts);
                }
                Some(Role::Telling | Role::Lingering { .. }) | None => {}
            },
            StayWord::Answers { .. } | StayWord::Unknown => {}
        }
    }

    /// All that there are, and are known, have said that they are open.
    pub(super) fn ready(&mut self, now: Millis) {
        self.ready_at = now;
    }

    /// The room is open at that node.
    pub(super) fn open(&mut self, node: NodeId) {
        self.has_others = true;
        self.open.insert(node);
    }

    /// It is not, or the node is lost: nothing is waited for that it might say.
    pub(super) fn close(&mut self, node: NodeId, facts: impl Fn(&UserId) -> Facts, acts: &mut Vec<Act>) {
        self.has_others = true;
        if !self.open.remove(&node) {
            return;
        }
        let users: Vec<_> = self.timers.iter().map(|(_, user)| user.clone()).collect();
        for user in users {
            if let Some(question) = self.question(&user) {
                question.waits.remove(&node);
                self.settle_if_answered(&user, facts(&user), acts);
            }
        }
    }

    /// That node is gone for good, with all the stays that it told of.
    pub(super) fn orphan(&mut self, node: NodeId, facts: impl Fn(&UserId) -> Facts, acts: &mut Vec<Act>) {
        let its = |(user, stay): (&UserId, &Stay)| match stay.role {
            Role::Guest { by, is_told } if by == node => Some((user.clone(), is_told)),
            _ => None,
        };
        for (user, is_told) in self.of.iter().filter_map(its).collect::<Vec<_>>() {
            let facts = facts(&user);
            self.ask(&user, (is_told, facts.now), facts, acts);
        }
    }

    /// Time has come to `now`.
    pub(super) fn wake(&mut self, now: Millis, facts: impl Fn(&UserId) -> Facts, acts: &mut Vec<Act>) {
        while let Some((_, user)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            self.run_out(&user, facts(&user), acts);
        }
    }

    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Whether nothing is to be said or waited for of a user who has no member here.
    pub(super) fn is_settled(&self) -> bool {
        // Who is here keeps the room, and who is not waits for something.
        self.of.values().all(|stay| stay.is_here)
    }

    fn ask(&mut self, user: &UserId, (is_told, since): (bool, Millis), facts: Facts, acts: &mut Vec<Act>) {
        let may_be_unknown = self.has_others && facts.now < self.ready_at + MAY_BE_UNKNOWN_MS;
        let least = if may_be_unknown { since + UNKNOWN_ANSWERS_WITHIN_MS } else { since };
        let question = Question { is_told, since, least, ..self.question_of(facts.now) };
        let number = question.number;
        if may_be_unknown || !question.waits.is_empty() {
            acts.push(Act::Say(user.clone(), StayWord::Asks { number }));
        }
        self.turn_into(user, Role::Asking(question));
        self.settle_if_answered(user, facts, acts);
    }

    fn answer(&mut self, (from, number): (&Incarnation, u64), user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        let to = from.node();
        let answer = match self.of.get(user).map(|stay| &stay.role) {
            Some(Role::Lingering { .. }) => return self.hand_to(to, user, facts, acts),
            Some(Role::Telling) => StayAnswer::Tells,
            Some(Role::Asking(_)) if facts.me < *from => StayAnswer::Asks,
            Some(Role::Guest { by, .. } | Role::Releasing(Question { by: Some(by), .. })) => {
                StayAnswer::Guest { by: *by }
            }
            Some(Role::Asking(_) | Role::Releasing(_)) | None => StayAnswer::Nothing,
        };
        acts.push(Act::Say(user.clone(), StayWord::Answers { to, number, answer }));
        if let Some(Stay { role: Role::Asking(question), .. }) = self.of.get(user)
            && *from < facts.me
        {
            // It may have answered before it asked.
            let is_told = question.is_told;
            self.turn_into(user, Role::Guest { by: to, is_told });
            self.go_on_without(user, facts, acts);
        }
    }

    fn hear_answer(
        &mut self,
        (node, number, answer): (NodeId, u64, StayAnswer),
        user: &UserId,
        facts: Facts,
        acts: &mut Vec<Act>,
    ) {
        let Some(question) = self.question(user).filter(|question| question.number == number) else { return };
        question.waits.remove(&node);
        if let StayAnswer::Guest { by } = answer {
            question.guests.insert(node, by);
        }
        let is_told = question.is_told || answer == StayAnswer::Tells;
        let is_asking = matches!(self.of.get(user), Some(Stay { role: Role::Asking(_), .. }));
        if matches!(answer, StayAnswer::Tells | StayAnswer::Asks) && is_asking {
            self.turn_into(user, Role::Guest { by: node, is_told });
            return self.go_on_without(user, facts, acts);
        }
        self.settle_if_answered(user, facts, acts);
    }

    fn settle_if_answered(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        let Some(question) = self.question(user).filter(|question| question.waits.is_empty()) else { return };
        let is_on_its_way = question.is_on_its_way(&facts);
        if is_on_its_way || facts.now < question.least {
            let until = if is_on_its_way { facts.now + ASKED_AGAIN_MS } else { question.least };
            let before = std::mem::replace(&mut question.until, until);
            self.timers.remove(&(before, user.clone()));
            self.timers.insert((until, user.clone()));
            return;
        }
        self.settle(user, facts, acts);
    }

    /// Nobody else tells, or nobody else is waited for.
    fn settle(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        match self.of.get(user) {
            Some(Stay { role: Role::Releasing(_), .. }) => self.end(user, Act::Moved(user.clone()), acts),
            Some(Stay { role: Role::Asking(question), member, .. }) => {
                if !question.is_told {
                    acts.push(Act::Came(user.clone(), member.clone()));
                }
                self.turn_into(user, Role::Telling);
                self.go_on_without(user, facts, acts);
            }
            _ => {}
        }
    }

    fn run_out(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        match self.of.get(user).map(|stay| &stay.role) {
            Some(Role::Lingering { .. }) => match facts.elsewhere {
                Some(to) => self.hand_to(to, user, facts, acts),
                None => self.end(user, Act::Went(user.clone()), acts),
            },
            Some(Role::Asking(question)) if question.waits.is_empty() && question.is_on_its_way(&facts) => {
                let before = (question.is_told, question.since);
                self.ask(user, before, facts, acts);
            }
            _ => self.settle(user, facts, acts),
        }
    }

    /// A stay is handed over to this node.
    fn take_over(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        if self.of.contains_key(user) {
            self.turn_into(user, Role::Telling);
            self.go_on_without(user, facts, acts);
        } else if let Some(to) = facts.elsewhere {
            acts.push(Act::Say(user.clone(), StayWord::Hands { to }));
        }
    }

    /// Where the user has no member here any more, its stay is somebody else's, or ends.
    fn go_on_without(&mut self, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        let Some(stay) = self.of.get(user).filter(|stay| !stay.is_here) else { return };
        match (&stay.role, facts.elsewhere) {
            (Role::Telling, Some(to)) => self.hand_to(to, user, facts, acts),
            (Role::Telling, None) if facts.linger_ms == 0 || stay.is_forgone => {
                self.end(user, Act::Went(user.clone()), acts)
            }
            (Role::Telling, None) => {
                self.turn_into(user, Role::Lingering { until: facts.now.saturating_add(facts.linger_ms) });
            }
            (Role::Guest { by, is_told }, _) => self.release((*by, *is_told), user, facts, acts),
            (Role::Asking(_) | Role::Lingering { .. } | Role::Releasing(_), _) => {}
        }
    }

    /// Who does not know yet that the user has left here may hand it back.
    fn hand_to(&mut self, to: NodeId, user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        acts.push(Act::Say(user.clone(), StayWord::Hands { to }));
        self.release((to, true), user, facts, acts);
    }

    fn release(&mut self, (by, is_told): (NodeId, bool), user: &UserId, facts: Facts, acts: &mut Vec<Act>) {
        let question = Question { by: Some(by), is_told, ..self.question_of(facts.now) };
        acts.push(Act::Say(user.clone(), StayWord::Releases { number: question.number }));
        self.turn_into(user, Role::Releasing(question));
        self.settle_if_answered(user, facts, acts);
    }

    fn end(&mut self, user: &UserId, act: Act, acts: &mut Vec<Act>) {
        if let Some(stay) = self.of.remove(user) {
            self.forget_timer(stay.role.until(), user);
        }
        acts.push(act);
    }

    fn turn_into(&mut self, user: &UserId, role: Role) {
        let Some(stay) = self.of.get_mut(user) else { return };
        let (before, after) = (stay.role.until(), role.until());
        stay.role = role;
        self.forget_timer(before, user);
        if let Some(at) = after {
            self.timers.insert((at, user.clone()));
        }
    }

    fn forget_timer(&mut self, at: Option<Millis>, user: &UserId) {
        if let Some(at) = at {
            self.timers.remove(&(at, user.clone()));
        }
    }

    /// A new one, to all who may answer.
    fn question_of(&mut self, now: Millis) -> Question {
        self.asked += 1;
        Question {
            number: self.asked,
            waits: self.open.clone(),
            until: now + ANSWERED_WITHIN_MS,
            guests: BTreeMap::new(),
            since: now,
            least: now,
            is_told: false,
            by: None,
        }
    }

    fn question(&mut self, user: &UserId) -> Option<&mut Question> {
        match &mut self.of.get_mut(user)?.role {
            Role::Asking(question) | Role::Releasing(question) => Some(question),
            Role::Telling | Role::Guest { .. } | Role::Lingering { .. } => None,
        }
    }
}

impl Question {
    /// Whether it must be: somebody knows of another that tells, and that one does not, or not any more.
    fn is_on_its_way(&self, facts: &Facts) -> bool {
        let is_late = facts.now >= self.since + ANSWERED_WITHIN_MS;
        !is_late && !self.is_told_by(facts.me.node())
    }

    /// Whether whoever says that another tells means that node, or one that says so itself of that node.
    fn is_told_by(&self, me: NodeId) -> bool {
        let leads_to_me = |first: &NodeId| {
            let mut by = *first;
            // It is no longer than they are many, unless it goes in a circle.
            for _ in 0..self.guests.len() {
                if by == me {
                    return true;
                }
                by = self.guests.get(&by).copied().unwrap_or(by);
            }
            by == me
        };
        self.guests.values().all(leads_to_me)
    }
}

impl Role {
    fn until(&self) -> Option<Millis> {
        match self {
            Self::Asking(question) | Self::Releasing(question) => Some(question.until),
            Self::Lingering { until } => Some(*until),
            Self::Telling | Self::Guest { .. } => None,
        }
    }
}
