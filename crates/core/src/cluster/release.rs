//! A member whose client has come to another node: what the node that had it gives away.

use bytes::Bytes;

use super::change::Present;
use super::pages::pages;
use super::wire::{Malformed, Reader, Wire, Writer};
use super::words::Heard;
use crate::Json;
use crate::session::{Carried, KeptSaid};

/// A message that was missed: its number at the node that kept it, and its frame for a v1 client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedFrame {
    /// Its number.
    pub seq: u64,
    /// One frame, which is one JSON value.
    pub frame: Json,
}

/// A member that is given up, for the node that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Who it was until now.
    pub present: Present,
    /// What is known of what its client has said. `None`: not whether all of it was handled.
    pub said: Option<KeptSaid>,
    /// The last number that was given there.
    pub top: u64,
    /// All that its client has not seen until there, once and in order. `None`: that cannot be had.
    pub missed: Option<Vec<MissedFrame>>,
    /// What that node had heard until there of each node that has the room, its own words too: all that was for the member of
    /// that is in `missed`, and nothing of what came later.
    pub heard: Vec<Heard>,
}

impl Released {
    /// What its client missed there that has seen so much. `None`: that cannot be had.
    #[must_use]
    pub fn carried(&self, seen: u64) -> Option<Carried> {
        let missed: Vec<_> = self.missed.as_ref()?.iter().map(|missed| (missed.seq, missed.to_bytes())).collect();
        let (first, last) = (missed.first().map(|(seq, _)| *seq), missed.last().map(|(seq, _)| *seq));
        // Of numbers that are none its client would make nothing good.
        let is_in_order = missed.is_sorted_by(|(one, _), (next, _)| one < next);
        let is_between = first.is_none_or(|first| seen < first) && last.unwrap_or(seen) <= self.top;
        (is_in_order && is_between).then_some(Carried { seen, top: self.top, missed })
    }

    /// With its first frames alone, as many as are within so many bytes with all the rest of it; and the others, in as many pages as are
    /// needed.
    pub(super) fn paged(mut self, page_bytes: usize) -> (Self, Vec<Vec<MissedFrame>>) {
        let Some(mut frames) = self.missed.take() else { return (self, Vec::new()) };
        let mut left = page_bytes.saturating_sub(self.size());
        let mut fits = |frame: &MissedFrame| {
            let is_within = frame.size() <= left;
            left = left.saturating_sub(frame.size());
            is_within
        };
        let others = frames.split_off(frames.iter().map_while(|frame| fits(frame).then_some(())).count());
        self.missed = Some(frames);
        let pages = if others.is_empty() { Vec::new() } else { pages(others, page_bytes, MissedFrame::size).collect() };
        (self, pages)
    }

    fn size(&self) -> usize {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.len()
    }
}

impl MissedFrame {
    /// Of a frame that this process has made.
    #[must_use]
    pub fn new(seq: u64, frame: Bytes) -> Self {
        Self { seq, frame: Json::of_checked(frame) }
    }

    fn size(&self) -> usize {
        self.frame.size() + size_of::<u64>() + 4
    }

    /// Its bytes, as they are sent.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.frame.to_bytes()
    }
}

impl Wire for MissedFrame {
    fn write(&self, to: &mut Writer) {
        to.number(self.seq);
        self.frame.write(to);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { seq: from.position()?, frame: Json::read(from)? })
    }
}

/// As it is kept in other places, too.
impl Wire for KeptSaid {
    fn write(&self, to: &mut Writer) {
        // It has nothing that JSON could not say.
        to.sized(&serde_json::to_vec(self).unwrap_or_default());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        serde_json::from_slice(&from.sized()?).map_err(|_| Malformed)
    }
}

/// With its length, so that it may grow at its end.
impl Wire for Released {
    fn write(&self, to: &mut Writer) {
        let mut content = Writer::default();
        self.present.write(&mut content);
        content.optional(self.said.as_ref());
        content.number(self.top);
        content.byte(self.missed.is_some().into());
        content.list(self.missed.as_deref().unwrap_or_default());
        content.list(&self.heard);
        to.sized(content.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let content = &mut Reader::new(from.sized()?);
        let (present, said, top) = (Present::read(content)?, content.optional()?, content.position()?);
        let (is_known, missed) = (content.flag()?, content.list()?);
        Ok(Self { present, said, top, missed: is_known.then_some(missed), heard: content.list()? })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::super::change::tests as changes;
    use super::super::wire::MOST_COUNTED;
    use super::*;
    use crate::cluster::words::tests::heard;
    use crate::session::Said;

    fn missed() -> impl Strategy<Value = MissedFrame> {
        (0..=MOST_COUNTED, ".{0,30}").prop_map(|(seq, text)| MissedFrame { seq, frame: Json::encode(&text).unwrap() })
    }

    fn said() -> impl Strategy<Value = KeptSaid> {
        proptest::collection::vec(1..u64::from(u32::MAX), 0..5).prop_map(|ids| {
            let mut said = Said::default();
            for id in ids {
                said.receive(id);
                said.handled(id, 0);
            }
            said.kept()
        })
    }

    pub(in crate::cluster) fn released() -> impl Strategy<Value = Released> {
        let lists = (option::of(proptest::collection::vec(missed(), 0..5)), proptest::collection::vec(heard(), 0..5));
        (changes::present(), option::of(said()), 0..=MOST_COUNTED, lists)
            .prop_map(|(present, said, top, (missed, heard))| Released { present, said, top, missed, heard })
    }
}
