//! What rooms have kept in the broker.

use std::time::Duration;

use roomful_core::cluster::{Health, HistoryNews, Numbered, Page, Subject, Word};
use roomful_runtime::{Append, ClusterRooms, ReadHistory};

use super::Driver;
use crate::{Command, Kept, Said, metrics};

/// A question has no more than that.
const QUESTION_BYTES: usize = 128;

impl<R: ClusterRooms> Driver<R> {
    /// A link that was lost a moment ago is soon there again. A node that is isolated says nothing.
    pub(super) fn append(&mut self, append: Append) {
        let Append { subject: room, word, until, known, bounds } = append;
        let (number, left) = (word.number, until.saturating_sub(self.rooms.now()));
        if self.engine.health() != Health::Well {
            return self.rooms.hear_history(&room, HistoryNews::Refused { number });
        }
        let word = word.seal(&room, self.key.as_ref());
        let (now, bytes) = (self.clock.now(), word.len());
        metrics::published(bytes);
        let until = self.clock.at(now) + Duration::from_millis(left);
        self.outbox.order(Command::Append { room, number, until, known, bounds, word }, bytes, now);
    }

    pub(super) fn read_history(&mut self, read: ReadHistory) {
        let ReadHistory { subject: room, known, bounds } = read;
        if self.link.is_none() {
            return self.rooms.hear_history(&room, HistoryNews::Unread);
        }
        self.outbox.order(Command::ReadHistory { room, known, bounds }, QUESTION_BYTES, self.clock.now());
    }

    pub(super) fn hear_history(&mut self, said: Said) {
        match said {
            Said::Kept { room, epoch, kept } => {
                metrics::heard(kept.word.len());
                let numbered = self.numbered(&room, kept);
                self.rooms.hear_history(&room, HistoryNews::Word { epoch, numbered });
            }
            Said::History { room, epoch, floor, top, kept } => {
                metrics::history_read(kept.len());
                let words = kept.into_iter().map(|kept| self.numbered(&room, kept)).collect();
                self.rooms.hear_history(&room, HistoryNews::Page(Page { epoch, floor, top, words }));
            }
            Said::Taken { room, number, seq } => {
                let refused = HistoryNews::Refused { number };
                let news = seq.map_or(refused, |seq| HistoryNews::Taken { number, seq });
                self.rooms.hear_history(&room, news);
            }
            // These are heard elsewhere.
            Said::Envelope(_) | Said::Audible { .. } => {}
        }
    }

    /// Whoever else can write there is not believed, and what it wrote is counted.
    fn numbered(&mut self, room: &Subject, Kept { seq, after, word }: Kept) -> Numbered {
        let word = match Word::open(word, room, self.key.as_ref()) {
            Ok(word) => Some(word),
            Err(rejected) => {
                self.count_rejected(rejected);
                None
            }
        };
        Numbered { seq, after, word }
    }
}
