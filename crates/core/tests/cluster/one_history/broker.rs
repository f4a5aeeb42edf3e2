//! The broker that numbers what is said, keeps the last of it, and may lose all of it.

use std::collections::{BTreeMap, VecDeque};

use roomful_core::Millis;
use roomful_core::cluster::{HistoryNews, Numbered, Page, Word};

/// An answer has so many words.
const PAGE: usize = 4;

pub(crate) struct Broker {
    run: u64,
    floor: u64,
    top: u64,
    kept: VecDeque<Numbered>,
    /// So many are kept.
    most: usize,
    /// Which word has which number, ever.
    pub(crate) given: BTreeMap<(String, u64), u64>,
}

impl Broker {
    pub(crate) fn new(most: usize) -> Self {
        let (kept, given) = Default::default();
        Self { run: 1, floor: 1_000, top: 1_000, kept, most, given }
    }

    pub(crate) fn epoch(&self) -> String {
        format!("run-{}", self.run)
    }

    pub(crate) fn top(&self) -> u64 {
        self.top
    }

    /// Whether it has numbered something in this run.
    pub(crate) fn has_begun(&self) -> bool {
        self.given.contains_key(&(self.epoch(), self.top))
    }

    /// All that it had is lost.
    pub(crate) fn forget(&mut self) {
        self.run += 1;
        self.top += 1_000;
        self.floor = self.top;
        self.kept.clear();
    }

    /// The word with its number. `None`: it comes too late.
    pub(crate) fn append(&mut self, word: Word, id: u64, (until, now): (Millis, Millis)) -> Option<Numbered> {
        if now > until {
            return None;
        }
        let numbered = Numbered { seq: self.top + 1, after: self.top, word: Some(word) };
        self.top += 1;
        self.given.insert((self.epoch(), self.top), id);
        self.kept.push_back(numbered.clone());
        while self.kept.len() > self.most {
            let first = self.kept.pop_front();
            first.into_iter().for_each(|first| self.floor = first.seq);
        }
        Some(numbered)
    }

    pub(crate) fn read(&self, epoch: &str, seq: u64) -> HistoryNews {
        let after = if epoch == self.epoch() { seq } else { 0 };
        let words = self.kept.iter().filter(|kept| kept.seq > after).take(PAGE).cloned().collect();
        HistoryNews::Page(Page { epoch: self.epoch().into(), floor: self.floor, top: self.top, words })
    }
}
