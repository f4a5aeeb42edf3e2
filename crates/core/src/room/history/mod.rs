//! A room whose history is in the broker: what is said is numbered and kept there, and heard when it comes back.
//!
//! ```text
//! Broadcast ─▶ Append ─▶ (the broker gives it its number) ─▶ Word ─▶ Said, at every node, in the order of the numbers
//! ```
//!
//! Members and what they show go from node to node as in every room. Two things keep both in one order:
//!
//! - Here, a member's leave and its next state wait until its words have come back, or are lost.
//! - There, what a node says of its members waits for the words that it had [heard](cluster::Change::UpTo) before, and a word waits for
//!   the join of whoever says it. A word of somebody who has left, or whose join does not come, is not told: what was missed is.
//!
//! Whatever is missing is read from the broker. A broker that lost its memory begins another run of numbers, and everybody is told.

mod absent;
mod arrivals;
mod behind;
mod known;
mod outstanding;
mod saying;
mod speaking;

use known::ANSWERED_WITHIN_MS;
pub(super) use known::History;
pub(super) use saying::Saying;

use super::{Audience, Effect, RoomEngine};
use crate::cluster::{self, HistoryNews, Incarnation, Numbered, Page, Word};
use crate::session::To;
use crate::{MemberId, Millis, NodeId};

impl RoomEngine {
    /// Whether what is said is numbered and kept in the broker.
    #[must_use]
    pub fn is_kept_in_broker(&self) -> bool {
        self.history().is_some()
    }

    /// The number of the last word that was to be said here, in a room that is [kept in the broker](Self::is_kept_in_broker).
    #[must_use]
    pub fn last_word(&self) -> u64 {
        self.history().map_or(0, |history| history.last_word)
    }

    /// Whether it is still to be found out what the broker has.
    pub(super) fn awaits_history(&self) -> bool {
        self.history().is_some_and(|history| history.is_awaited)
    }

    pub(super) fn history(&self) -> Option<&History> {
        self.elsewhere.as_ref()?.history.as_deref()
    }

    pub(super) fn history_mut(&mut self) -> Option<&mut History> {
        self.elsewhere.as_mut()?.history.as_deref_mut()
    }

    /// The broker says something.
    pub(super) fn hear_history(&mut self, news: HistoryNews, now: Millis, effects: &mut Vec<Effect>) {
        let (seq, read_within) = (self.seq, self.config.limits.cluster_outgoing_ms.saturating_mul(2));
        let Some(history) = self.history_mut() else { return };
        match news {
            HistoryNews::Word { epoch, numbered } => self.hear_numbered(&epoch, numbered, now, effects),
            HistoryNews::Page(page) => self.hear_page(page, now, effects),
            HistoryNews::Unread => {
                // It is asked again when there is a link.
                (history.reading, history.read_again, history.is_awaited) = (None, false, false);
                self.ready_if_known(now, effects);
            }
            HistoryNews::Taken { number, seq: given } if given > seq => {
                history.outstanding.is_given(number, now.saturating_add(read_within));
                let (most, at) = history.expected.unwrap_or((0, now.saturating_add(ANSWERED_WITHIN_MS)));
                history.expected = Some((most.max(given), at));
            }
            HistoryNews::Taken { .. } => {}
            HistoryNews::Refused { number } => self.settle_sent(number, false, now, effects),
            HistoryNews::Missed => self.read(now, effects),
        }
    }

    fn hear_numbered(&mut self, epoch: &str, numbered: Numbered, now: Millis, effects: &mut Vec<Effect>) {
        let (is_other, most, seq) = (epoch != self.epoch(), self.config.limits.log_frames.max(1), self.seq);
        let Some(history) = self.history_mut() else { return };
        if is_other || !history.is_known {
            return self.read(now, effects);
        }
        let comes = numbered.seq;
        if comes > seq {
            if !history.arrivals.push(numbered, most) {
                history.top = history.top.max(comes);
            }
            self.advance(now, effects);
        }
    }

    /// What the broker has, behind what is known here.
    fn hear_page(&mut self, page: Page, now: Millis, effects: &mut Vec<Effect>) {
        let Page { epoch, floor, top, words } = page;
        let (is_other, seq) = (*epoch != *self.epoch(), self.seq);
        let Some(history) = self.history_mut() else { return };
        (history.reading, history.top) = (None, top);
        // Who was let in before it was known what the broker has hears what is said from here on.
        let is_late = !history.is_known && !history.is_awaited;
        let from = if words.is_empty() || is_late { top.max(floor) } else { floor };
        if is_other || from > seq {
            history.held_until = None;
            if is_other {
                history.arrivals.clear();
                self.config.epoch = (*epoch).into();
            }
            self.seq = from;
            effects.push(Effect::Gap { seq: from });
        }
        self.take_in(words, is_late, now, effects);
        self.advance(now, effects);
        self.go_on_reading(top, now, effects);
        self.ready_if_known(now, effects);
    }

    fn take_in(&mut self, words: Vec<Numbered>, is_late: bool, now: Millis, effects: &mut Vec<Effect>) {
        let (seq, most) = (self.seq, words.len() + self.config.limits.log_frames);
        let (over, words): (Vec<_>, Vec<_>) = words.into_iter().partition(|numbered| numbered.seq <= seq);
        let over = over.into_iter().filter_map(|numbered| numbered.word);
        let own: Vec<_> = over.filter(|word| is_late && self.is_own(word)).map(|word| word.number).collect();
        own.into_iter().for_each(|number| self.settle_sent(number, true, now, effects));
        let Some(history) = self.history_mut() else { return };
        history.arrivals.forget_up_to(seq);
        // What has no room is below what is read up to.
        words.into_iter().for_each(|numbered| _ = history.arrivals.push(numbered, most));
    }

    fn go_on_reading(&mut self, top: u64, now: Millis, effects: &mut Vec<Effect>) {
        let is_whole = self.seq >= top;
        let Some(history) = self.history_mut() else { return };
        let is_held = history.held_until.is_some();
        if is_whole || is_held {
            (history.is_known, history.is_awaited) = (true, false);
        }
        let again = std::mem::take(&mut history.read_again);
        if again || !(is_whole || is_held) {
            self.read(now, effects);
        }
    }

    /// It is known what the broker has, or it says nothing: whoever waits for that may come in.
    fn ready_if_known(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.membership.holds() && !self.is_awaiting() {
            self.flush_membership(now, effects);
        }
    }

    /// Asks the broker what it has behind what was heard here.
    fn read(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let (after, within) = (self.seq, self.config.limits.cluster_outgoing_ms);
        let Some(history) = self.history_mut() else { return };
        if history.reading.is_some() {
            history.read_again = true;
            return;
        }
        history.reading = Some(now.saturating_add(within));
        effects.push(Effect::ReadHistory { after });
    }

    /// Hands on all that have their turn.
    pub(super) fn advance(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        // What became of a member behind some words is told before the next.
        loop {
            let seq = self.seq;
            let behind = self.history_mut().and_then(|history| history.behind.next(seq, now));
            if let Some((node, changes)) = behind {
                let changes = self.pass_changes(&node, changes, now);
                self.hear_in_turn(&node, cluster::News::Changes(changes), now, effects);
            } else if let Some(numbered) = self.next_word(now) {
                self.hand_on(numbered, now, effects);
            } else {
                break;
            }
        }
        let seq = self.seq;
        let Some(history) = self.history_mut() else { return };
        if history.expected.is_some_and(|(expected, _)| expected <= seq) {
            history.expected = None;
        }
        let lacks = history.arrivals.lacks(seq) || history.behind.most().max(history.top) > seq;
        if history.is_known && history.held_until.is_none() && history.reading.is_none() && lacks {
            self.read(now, effects);
        }
    }

    /// `None`: there is none, or it waits for the one before it or for whoever says it.
    fn next_word(&mut self, now: Millis) -> Option<Numbered> {
        let (seq, until) = (self.seq, now.saturating_add(self.joins_within()));
        let due = self.history()?.arrivals.due(seq)?;
        let awaits = due.word.as_ref().is_some_and(|word| self.awaits_speaker(word));
        let history = self.history_mut()?;
        if awaits && history.is_known && !history.was_held {
            if now < *history.held_until.get_or_insert(until) {
                return None;
            }
            history.was_held = true;
        }
        history.held_until = None;
        let due = history.arrivals.take();
        history.was_held &= !history.arrivals.is_empty();
        due
    }

    /// For so long a join may be on its way that is missing: what is missing is found by a heartbeat, and has come before the next.
    fn joins_within(&self) -> Millis {
        self.config.limits.cluster_heartbeat_ms.saturating_mul(2)
    }

    /// Whether it was heard before the join of whoever says it, or the leave where that is its last word.
    fn awaits_speaker(&self, word: &Word) -> bool {
        let (Some(from), Some(history)) = (&word.from, self.history()) else { return false };
        let (entry, node) = (self.roster.find(from), word.node.node());
        let awaits = match entry {
            Some(entry) => word.is_last && entry.node == node,
            None => !word.is_last && !history.absent.has(from, node),
        };
        awaits && !self.is_own(word)
    }

    /// Whether it is said by a member that is not in, as far as is known here.
    fn is_of_nobody_here(&self, word: &Word) -> bool {
        !word.is_last && word.from.as_ref().is_some_and(|from| self.roster.place(from).is_none())
    }

    /// Whether this node has said it, by whatever run.
    fn is_own(&self, word: &Word) -> bool {
        self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.me.name == word.node.name)
    }

    fn hand_on(&mut self, Numbered { seq, word, .. }: Numbered, now: Millis, effects: &mut Vec<Effect>) {
        self.seq = seq;
        let Some(word) = word else { return };
        let (is_own, is_untold) = (self.is_own(&word), self.is_of_nobody_here(&word));
        let Some(history) = self.history_mut() else { return };
        let (is_live, is_repeated) = (history.is_known, history.arrivals.is_repeated(&word));
        if is_repeated {
            return;
        }
        let Word { number, node, from, to, msg, .. } = word;
        if !is_live {
            return effects.push(Effect::Recalled { seq, from, to, msg });
        }
        if is_untold {
            effects.push(Effect::Gap { seq });
            from.iter().for_each(|from| self.is_absent(from, node.node()));
            return self.settle_own(is_own, number, now, effects);
        }
        if let Some(place) = from.as_ref().and_then(|from| self.roster.place(from)) {
            self.flush_one(place, effects);
        }
        effects.push(match to {
            To::Everybody => Effect::Said { seq, from, to: Audience::Everybody, msg },
            To::AllBut(member) => Effect::Said { seq, from, to: Audience::AllBut(member), msg },
            To::Only(to) => Effect::Told { seq, to, msg },
        });
        self.settle_own(is_own, number, now, effects);
    }

    fn settle_own(&mut self, is_own: bool, number: u64, now: Millis, effects: &mut Vec<Effect>) {
        if is_own {
            self.settle_sent(number, true, now, effects);
        }
    }

    /// A member of that node is in no roster any more, or is not waited for.
    pub(super) fn is_absent(&mut self, member: &MemberId, node: NodeId) {
        let most = self.config.limits.log_frames;
        self.history_mut().into_iter().for_each(|history| history.absent.add(member, node, most));
    }

    /// It is in a roster again.
    pub(super) fn is_present(&mut self, member: &MemberId) {
        self.history_mut().into_iter().for_each(|history| history.absent.remove(member));
    }

    /// What a node says of its members, save what is to wait for words.
    pub(super) fn pass_changes(
        &mut self,
        node: &Incarnation,
        changes: Vec<cluster::Change>,
        now: Millis,
    ) -> Vec<cluster::Change> {
        // The words may have to wait for somebody's join, and to be read before.
        let within = self.joins_within().saturating_add(self.config.limits.cluster_outgoing_ms);
        let (seq, until) = (self.seq, now.saturating_add(within));
        let Some(history) = self.history_mut() else { return changes };
        history.behind.pass(node, changes, seq, until)
    }

    /// What waits of a node's is heard before something else is.
    pub(super) fn hear_held_back(&mut self, node: &Incarnation, now: Millis, effects: &mut Vec<Effect>) {
        let held = self.history_mut().and_then(|history| history.behind.release(node.node()));
        let held = held.map(cluster::News::Changes);
        held.into_iter().for_each(|changes| self.hear_in_turn(node, changes, now, effects));
    }

    /// What time alone does.
    pub(super) fn wake_history(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let Some(history) = self.history_mut() else { return };
        let overdue = history.outstanding.overdue(now);
        let is_silent = history.reading.is_some_and(|until| until <= now);
        if is_silent {
            (history.reading, history.is_awaited) = (None, false);
        }
        let is_missing = history.expected.is_some_and(|(_, at)| at <= now);
        if is_missing {
            history.expected = None;
        }
        overdue.into_iter().for_each(|(number, is_taken)| self.settle(number, is_taken, now, effects));
        if is_silent || is_missing {
            self.read(now, effects);
        }
        self.advance(now, effects);
        self.ready_if_known(now, effects);
    }
}
