//! What members say in a room whose history is in the broker, and what they do behind it.

use super::super::{Effect, Input, Refused, RoomEngine};
use super::known::ANSWERED_WITHIN_MS;
use super::outstanding::Next;
use super::saying::Saying;
use crate::cluster::Word;
use crate::{MemberId, Millis};

impl RoomEngine {
    /// Where an input is of a member whose words are on their way it waits for them. `None`: it does not.
    pub(in crate::room) fn hold_behind_words(&mut self, input: &Input) -> Option<Result<(), Refused>> {
        let (Input::SetPresence { member, .. } | Input::Leave { member }) = input else { return None };
        if !self.history()?.outstanding.has(member) {
            return None;
        }
        Some(self.may_hold(input, member).map(|()| {
            let history = self.history_mut().into_iter();
            history.for_each(|history| history.outstanding.hold(member, input.clone()));
        }))
    }

    fn may_hold(&self, input: &Input, member: &MemberId) -> Result<(), Refused> {
        self.local_place(member)?;
        if self.is_leaving(member) {
            return Err(Refused::NotIn);
        }
        match input {
            Input::SetPresence { state, .. } => self.check_presence(state.as_ref()),
            _ => Ok(()),
        }
    }

    /// Whether its leave waits for its words.
    pub(in crate::room) fn is_leaving(&self, member: &MemberId) -> bool {
        self.history().is_some_and(|history| history.outstanding.is_leaving(member))
    }

    /// Gives the broker something to be said, behind what its speaker said before.
    pub(in crate::room) fn say(
        &mut self,
        saying: Saying,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        let limits = &self.config.limits;
        let (limit, until) = (limits.log_frames.max(1), now.saturating_add(limits.cluster_outgoing_ms));
        let Some(elsewhere) = self.elsewhere.as_deref_mut() else { return Err(Refused::NotIn) };
        let Some(history) = &mut elsewhere.history else { return Err(Refused::NotIn) };
        if history.outstanding.len() >= limit {
            return Err(Refused::BrokerBehind { limit });
        }
        history.last_word += 1;
        let Saying { from, to, by, is_last, msg } = saying;
        let word = Word { node: elsewhere.me.clone(), number: history.last_word, from, to, is_last, msg };
        let untils = (until, until.saturating_add(ANSWERED_WITHIN_MS));
        if let Some(word) = history.outstanding.begin(word, by.clone(), untils) {
            self.append(word, by.as_ref(), (until, now), effects);
        }
        Ok(())
    }

    /// What its speaker did before is told before.
    fn append(
        &mut self,
        mut word: Word,
        by: Option<&MemberId>,
        (until, now): (Millis, Millis),
        effects: &mut Vec<Effect>,
    ) {
        if let Some(by) = by {
            if word.is_last {
                self.flush_leave(by, now, effects);
            } else if let Ok(place) = self.local_place(by) {
                self.flush_one(place, effects);
            }
        }
        self.publish_all(effects);
        let Some(history) = self.history_mut() else { return };
        history.last_sent += 1;
        history.outstanding.send(&mut word, history.last_sent);
        effects.push(Effect::Append { word, until });
    }

    /// What went to the broker with this number has come back, or will not.
    pub(in crate::room) fn settle_sent(&mut self, number: u64, is_taken: bool, now: Millis, effects: &mut Vec<Effect>) {
        let number = self.history().and_then(|history| history.outstanding.sent_as(number));
        number.into_iter().for_each(|number| self.settle(number, is_taken, now, effects));
    }

    /// A word has come back, or is not waited for any more: its speaker goes on.
    pub(in crate::room) fn settle(&mut self, number: u64, is_taken: bool, now: Millis, effects: &mut Vec<Effect>) {
        let settled = self.history_mut().and_then(|history| history.outstanding.settle(number));
        let Some(by) = settled else { return };
        effects.push(Effect::Settled { number, is_taken });
        by.into_iter().for_each(|by| self.go_on_with(&by, now, effects));
    }

    /// It comes again before it has left: nothing of it is waited for any more.
    pub(in crate::room) fn leave_without_words(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) {
        let words = self.history_mut().map_or(Vec::new(), |history| history.outstanding.of(member));
        words.into_iter().for_each(|(number, is_taken)| self.settle(number, is_taken, now, effects));
    }

    fn go_on_with(&mut self, member: &MemberId, now: Millis, effects: &mut Vec<Effect>) {
        while let Some(next) = self.history_mut().and_then(|history| history.outstanding.next_of(member)) {
            match next {
                Next::Say { word, until } if word.is_last || self.local_place(member).is_ok() => {
                    self.append(word, Some(member), (until, now), effects);
                }
                // Another node speaks for it now.
                Next::Say { word, .. } => self.settle(word.number, false, now, effects),
                Next::Do(input) => {
                    // It was looked at when it came; since then it may have gone to another node.
                    let _too_late = self.take_now(*input, now, effects);
                }
            }
        }
    }
}
