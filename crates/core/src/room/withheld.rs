//! What a node says that another one's words are to be heard before.
//!
//! A member that changes its node has said its last words at one and says the next at the other. Of two streams either may come
//! first, so the second says how far the first has to be heard. Until then nothing more of it is told: it is one order.

use std::collections::VecDeque;

use super::elsewhere::Withheld;
use super::{Effect, RoomEngine};
use crate::Millis;
use crate::cluster::{Change, Heard, Incarnation, News, Present};

/// For so long the words of another node are waited for, in milliseconds. What was lost on its way may take longer, and may not come.
const WAITED_FOR_MS: Millis = 250;

impl RoomEngine {
    pub(super) fn hear_in_turn(&mut self, node: &Incarnation, news: News, now: Millis, effects: &mut Vec<Effect>) {
        if matches!(news, News::Lost | News::Parted) {
            self.tell_withheld(node, now, effects);
            // It says nothing more that is waited for. Whoever has left it for another node is not lost with it.
            self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.heard.forget(node.node()));
            self.hear_withheld(now, effects);
            return self.hear_now(node, news, now, effects);
        }
        let most = self.config.limits.log_bytes;
        let withheld = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.withheld.get_mut(&node.node()));
        let Some(withheld) = withheld else { return self.hear_unless_behind(node, news, now, effects) };
        withheld.bytes = withheld.bytes.saturating_add(bytes_of(&news));
        withheld.news.push_back(news);
        if withheld.bytes > most {
            self.tell_withheld(node, now, effects);
        }
    }

    /// What is waited for is here, or is not waited for any longer.
    pub(super) fn hear_withheld(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        while let Some(withheld) = self.take_withheld(now) {
            let node = withheld.incarnation;
            let mut news = withheld.news;
            while let Some(next) = news.pop_front() {
                self.hear_unless_behind(&node, next, now, effects);
                // It may wait for something else, and then all that comes after does.
                let again = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.withheld.get_mut(&node.node()));
                if let Some(again) = again {
                    again.bytes = again.bytes.saturating_add(news.iter().map(bytes_of).sum());
                    again.news.append(&mut news);
                }
            }
        }
    }

    /// One whose turn has come.
    fn take_withheld(&mut self, now: Millis) -> Option<Withheld> {
        let elsewhere = self.elsewhere.as_mut()?;
        let heard = &elsewhere.heard;
        let is_due = |withheld: &Withheld| withheld.until <= now || !heard.is_behind(&withheld.behind);
        let node = elsewhere.withheld.iter().find(|(_, withheld)| is_due(withheld)).map(|(node, _)| *node)?;
        elsewhere.withheld.remove(&node)
    }

    /// All of it, whatever it is to stand behind.
    fn tell_withheld(&mut self, node: &Incarnation, now: Millis, effects: &mut Vec<Effect>) {
        let withheld = self.elsewhere.as_mut().and_then(|elsewhere| elsewhere.withheld.remove(&node.node()));
        for news in withheld.into_iter().flat_map(|withheld| withheld.news) {
            self.hear_now(node, news, now, effects);
        }
    }

    fn hear_unless_behind(&mut self, node: &Incarnation, news: News, now: Millis, effects: &mut Vec<Effect>) {
        let News::Changes(mut changes) = news else { return self.hear_now(node, news, now, effects) };
        let Some(at) = changes.iter().position(|change| self.waits(change)) else {
            return self.hear_now(node, News::Changes(changes), now, effects);
        };
        let after = changes.split_off(at + 1);
        if let Some(Change::Behind(behind)) = changes.pop() {
            self.hear_now(node, News::Changes(changes), now, effects);
            self.withhold(node, (behind, after), now);
        }
    }

    fn waits(&self, change: &Change) -> bool {
        let is_behind = |behind| self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.heard.is_behind(behind));
        matches!(change, Change::Behind(behind) if is_behind(behind))
    }

    fn withhold(&mut self, node: &Incarnation, (behind, after): (Heard, Vec<Change>), now: Millis) {
        let Some(elsewhere) = &mut self.elsewhere else { return };
        let news = News::Changes(after);
        let (until, bytes) = (now.saturating_add(WAITED_FOR_MS), bytes_of(&news));
        let withheld = Withheld { incarnation: node.clone(), behind, until, news: VecDeque::from([news]), bytes };
        elsewhere.withheld.insert(node.node(), withheld);
    }
}

/// What it holds while it waits.
fn bytes_of(news: &News) -> usize {
    match news {
        News::Changes(changes) => changes.iter().map(Change::held_bytes).sum(),
        News::Roster { members, late, .. } => {
            let late: usize = late.iter().flatten().map(Change::held_bytes).sum();
            late + members.iter().map(Present::size).sum::<usize>()
        }
        _ => size_of::<News>(),
    }
}
