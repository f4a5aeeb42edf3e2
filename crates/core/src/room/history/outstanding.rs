//! What this node has given to the broker and has not heard back, and what its speakers do next.

use std::collections::{BTreeMap, VecDeque};

use super::super::Input;
use crate::cluster::Word;
use crate::{MemberId, Millis};

/// The words that are on their way. What a member does next that others must see behind its words waits for them in a lane of its own.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    words: VecDeque<Pending>,
    lanes: BTreeMap<MemberId, VecDeque<Next>>,
}

#[derive(Debug)]
struct Pending {
    /// What whoever says it knows it by.
    number: u64,
    by: Option<MemberId>,
    /// The number that it went to the broker with. `None`: it waits in a lane.
    sent: Option<u64>,
    /// Whether the broker has said that it has it.
    is_taken: bool,
    /// When it is not waited for any more.
    until: Millis,
}

/// What comes next in a member's lane.
#[derive(Debug)]
pub(super) enum Next {
    Say { word: Word, until: Millis },
    Do(Box<Input>),
}

impl Outstanding {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.lanes.is_empty()
    }

    /// Whether what this member does next is to wait.
    pub(super) fn has(&self, member: &MemberId) -> bool {
        self.lanes.contains_key(member) || self.words.iter().any(|word| word.by.as_ref() == Some(member))
    }

    /// Whether its leave waits for its words.
    pub(super) fn is_leaving(&self, member: &MemberId) -> bool {
        self.lanes.get(member).is_some_and(|lane| lane.iter().any(Next::is_leave))
    }

    /// One more word, which may be said until then. It is given back where nothing of its speaker's is to be waited for.
    pub(super) fn begin(&mut self, word: Word, by: Option<MemberId>, until: (Millis, Millis)) -> Option<Word> {
        let (said_until, until) = until;
        let number = word.number;
        let lane = by.as_ref().and_then(|by| self.lanes.get_mut(by));
        self.words.push_back(Pending { number, by, sent: None, is_taken: false, until });
        match lane {
            Some(lane) => {
                lane.push_back(Next::Say { word, until: said_until });
                None
            }
            None => Some(word),
        }
    }

    /// Something that a member does behind its words. Of two states without a word between them nobody would see the first.
    pub(super) fn hold(&mut self, member: &MemberId, input: Input) {
        let lane = self.lanes.entry(member.clone()).or_default();
        let shows = |next: &Next| matches!(next, Next::Do(held) if matches!(**held, Input::SetPresence { .. }));
        if matches!(input, Input::SetPresence { .. }) && lane.back().is_some_and(shows) {
            lane.pop_back();
        }
        lane.push_back(Next::Do(Box::new(input)));
    }

    /// A word goes to the broker, as one that is behind all that went before: what waited in a lane does not go in the order in which
    /// it was said.
    pub(super) fn send(&mut self, word: &mut Word, number: u64) {
        let its = self.words.iter_mut().find(|pending| pending.number == word.number);
        its.into_iter().for_each(|pending| pending.sent = Some(number));
        word.number = number;
    }

    /// What whoever said it knows a word by that went with this number.
    pub(super) fn sent_as(&self, number: u64) -> Option<u64> {
        self.words.iter().find(|word| word.sent == Some(number)).map(|word| word.number)
    }

    /// A word is not waited for any more. `None`: it was not; inside, who said it.
    pub(super) fn settle(&mut self, number: u64) -> Option<Option<MemberId>> {
        let at = self.words.iter().position(|word| word.number == number)?;
        let by = self.words.remove(at)?.by;
        if let Some(lane) = by.as_ref().and_then(|by| self.lanes.get_mut(by)) {
            lane.retain(|next| !matches!(next, Next::Say { word, .. } if word.number == number));
        }
        Some(by)
    }

    /// What comes next of a member that nothing is waited for of.
    pub(super) fn next_of(&mut self, member: &MemberId) -> Option<Next> {
        if self.words.iter().any(|word| word.sent.is_some() && word.by.as_ref() == Some(member)) {
            return None;
        }
        let next = self.lanes.get_mut(member).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.lanes.remove(member);
        }
        next
    }

    /// All words of a member, and whether the broker has them.
    pub(super) fn of(&self, member: &MemberId) -> Vec<(u64, bool)> {
        let its = self.words.iter().filter(|word| word.by.as_ref() == Some(member));
        its.map(|word| (word.number, word.is_taken)).collect()
    }

    /// What went with that number has one of the room's, and comes: it is waited for as long as it takes to read it.
    pub(super) fn is_given(&mut self, number: u64, until: Millis) {
        let given = self.words.iter_mut().find(|word| word.sent == Some(number));
        given.into_iter().for_each(|word| (word.is_taken, word.until) = (true, word.until.max(until)));
    }

    /// Those that are not waited for any more by then, and whether the broker has them.
    pub(super) fn overdue(&self, now: Millis) -> Vec<(u64, bool)> {
        self.words.iter().filter(|word| word.until <= now).map(|word| (word.number, word.is_taken)).collect()
    }

    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.words.iter().map(|word| word.until).min()
    }
}

impl Next {
    fn is_leave(&self) -> bool {
        matches!(self, Self::Do(input) if matches!(**input, Input::Leave { .. }))
    }
}
