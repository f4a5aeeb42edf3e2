//! What a room knows of its history in the broker.

use super::absent::Absent;
use super::arrivals::Arrivals;
use super::behind::Behind;
use super::outstanding::Outstanding;
use crate::Millis;
use crate::cluster;

/// For so much longer than a word may be taken its answer is waited for, in milliseconds.
pub(super) const ANSWERED_WITHIN_MS: Millis = 250;

/// What a room knows of its history in the broker.
#[derive(Debug)]
pub(in crate::room) struct History {
    /// Whether it is known what the broker has.
    pub(super) is_known: bool,
    /// Whether nobody is let in before it is.
    pub(super) is_awaited: bool,
    /// The number of this node's last word, for whoever said it.
    pub(super) last_word: u64,
    /// The number that its last word went to the broker with. It is never above the other.
    pub(super) last_sent: u64,
    pub(super) outstanding: Outstanding,
    pub(super) arrivals: Arrivals,
    pub(super) behind: Behind,
    /// Until when the broker is waited for, which is asked what it has.
    pub(super) reading: Option<Millis>,
    /// The last number that it is known to have given, where what has it is not here: what it answers is bounded, and what may wait.
    pub(super) top: u64,
    /// Whether it is to be asked again.
    pub(super) read_again: bool,
    /// Until when whoever says the next word is waited for.
    pub(super) held_until: Option<Millis>,
    /// Whether that was in vain: then nobody else is waited for whose words have come meanwhile.
    pub(super) was_held: bool,
    /// Who is not waited for.
    pub(super) absent: Absent,
    /// A number that the broker has given, and when it is asked for the word that has it, where that has not come.
    pub(super) expected: Option<(u64, Millis)>,
    /// What the other nodes know to have been heard here.
    pub(super) told_up_to: u64,
}

impl History {
    /// This node's words have numbers above that.
    pub(in crate::room) fn after(last_word: u64) -> Self {
        Self {
            is_known: false,
            is_awaited: true,
            last_word,
            last_sent: last_word,
            outstanding: Outstanding::default(),
            arrivals: Arrivals::default(),
            behind: Behind::default(),
            reading: None,
            top: 0,
            read_again: false,
            held_until: None,
            was_held: false,
            absent: Absent::default(),
            expected: None,
            told_up_to: 0,
        }
    }

    /// Whether nothing is waited for that was said here.
    pub(in crate::room) fn is_settled(&self) -> bool {
        self.outstanding.is_empty()
    }

    pub(in crate::room) fn wakes_at(&self) -> Option<Millis> {
        let (words, behind) = (self.outstanding.wakes_at(), self.behind.wakes_at());
        let expected = self.expected.map(|(_, at)| at);
        [words, behind, self.reading, self.held_until, expected].into_iter().flatten().min()
    }

    /// What was heard here since the others were told of it.
    pub(in crate::room) fn tells_up_to(&mut self, seq: u64) -> Option<cluster::Change> {
        let is_news = seq > self.told_up_to;
        self.told_up_to = self.told_up_to.max(seq);
        is_news.then_some(cluster::Change::UpTo { seq })
    }
}
