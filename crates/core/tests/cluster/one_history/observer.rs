//! Who is in a room all the time, and what can be true of what it is told.

use std::collections::{BTreeMap, BTreeSet};

use roomful_core::MemberId;
use roomful_core::room::{Change, Update};

use crate::fault::Fault;

/// A word, as its speaker knows it.
#[derive(Debug, Clone)]
pub(crate) struct Spoken {
    /// Who says it.
    pub(crate) by: MemberId,
    /// The how manieth of its speaker's it is.
    pub(crate) nth: u64,
    /// Whether its speaker had left.
    pub(crate) is_last: bool,
    /// What its speaker was told of it.
    pub(crate) settled: Option<bool>,
}

#[derive(Debug, Default)]
pub(crate) struct Observer {
    roster: BTreeSet<MemberId>,
    epoch: String,
    seq: u64,
    heard: BTreeSet<u64>,
    /// The last word of each.
    last: BTreeMap<MemberId, u64>,
    /// What was not heard, and was said to be missing: in which run of numbers, above this number, up to that.
    holes: Vec<(String, u64, u64)>,
    /// The runs of numbers that it heard of. Of one that the broker had forgotten before it never will.
    runs: BTreeSet<String>,
}

impl Observer {
    pub(crate) fn begin(&mut self, roster: impl IntoIterator<Item = MemberId>, epoch: &str, seq: u64) {
        self.roster = roster.into_iter().collect();
        (self.epoch, self.seq) = (epoch.to_owned(), seq);
        self.runs.insert(epoch.to_owned());
    }

    pub(crate) fn roster(&self) -> &BTreeSet<MemberId> {
        &self.roster
    }

    pub(crate) fn has_heard(&self, id: u64) -> bool {
        self.heard.contains(&id)
    }

    /// Whether a word of that number was said to be missing.
    pub(crate) fn misses(&self, epoch: &str, seq: u64) -> bool {
        !self.runs.contains(epoch)
            || self.holes.iter().any(|(run, above, up_to)| run == epoch && (above + 1..=*up_to).contains(&seq))
    }

    pub(crate) fn hear_changes(&mut self, changes: &[Change]) -> Result<(), Fault> {
        for change in changes {
            match change {
                Change::Joined { member, .. } => {
                    ensure!(self.roster.insert(member.clone()), "{member} joins, who is in");
                }
                Change::Left { member } => ensure!(self.roster.remove(member), "{member} leaves, who is not in"),
                _ => {}
            }
        }
        Ok(())
    }

    /// What members show says how much they had said.
    pub(crate) fn hear_updates(&self, updates: &[Update], words: &BTreeMap<u64, Spoken>) -> Result<(), Fault> {
        for Update { member, state, .. } in updates {
            ensure!(self.roster.contains(member), "{member} shows something, who is not in");
            let Some(said) = state.as_ref().and_then(|state| state.decode::<u64>().ok()) else { continue };
            let late = words.iter().find(|(id, word)| {
                let is_before = word.by == *member && word.nth <= said && word.settled == Some(true);
                is_before && !self.has_heard(**id) && self.holes.is_empty()
            });
            ensure!(late.is_none(), "{member} shows what it did behind {late:?}");
        }
        Ok(())
    }

    /// `given`: what the broker has under that number.
    pub(crate) fn hear(&mut self, seq: u64, given: Option<(u64, &Spoken)>) -> Result<(), Fault> {
        ensure!(seq > self.seq, "{seq} after {}", self.seq);
        self.seq = seq;
        let Some((id, word)) = given else { return Fault::new(format!("{seq} was never given")) };
        ensure!(self.heard.insert(id), "{word:?} comes twice");
        // The leave of one that says its last words may be missing for longer than anybody waits for it.
        ensure!(word.is_last || self.roster.contains(&word.by), "{word:?} comes, and its speaker is not in");
        let last = self.last.entry(word.by.clone()).or_default();
        ensure!(word.nth > *last, "{word:?} comes after {last} of the same");
        *last = word.nth;
        Ok(())
    }

    pub(crate) fn miss(&mut self, seq: u64, epoch: &str) -> Result<(), Fault> {
        if epoch != self.epoch {
            self.holes.push((self.epoch.clone(), self.seq, u64::MAX));
            (self.epoch, self.seq) = (epoch.to_owned(), 0);
            self.runs.insert(epoch.to_owned());
        }
        ensure!(seq >= self.seq, "missing up to {seq} after {}", self.seq);
        self.holes.push((epoch.to_owned(), self.seq, seq));
        self.seq = seq;
        Ok(())
    }
}
