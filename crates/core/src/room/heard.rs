//! What of all that nodes say in a room was heard here, so that who changes its node hears each word once.
//!
//! Each node numbers its own words. The room's numbers are this node's alone, so here stands which of them each word has.

use std::collections::{BTreeMap, VecDeque};

use crate::NodeId;
use crate::cluster::{Heard, Words};

/// How much was heard of each node that has the room, and which of its words the last numbers of the room were.
#[derive(Debug, Default)]
pub(super) struct HeardWords {
    nodes: BTreeMap<NodeId, OfNode>,
    last: VecDeque<Word>,
}

#[derive(Debug)]
struct OfNode {
    /// How much it has said, as far as it was heard.
    words: Words,
    /// Of all that it said after this the numbers are known.
    known_after: Words,
}

/// A word, and which number it has in the room.
#[derive(Debug)]
struct Word {
    seq: u64,
    node: NodeId,
    words: Words,
}

impl HeardWords {
    /// A node has said so much. What it said until here, and was not heard, is not.
    pub(super) fn begin(&mut self, node: NodeId, words: Words) {
        self.nodes.insert(node, OfNode { words, known_after: words });
    }

    /// So many words of a node are not heard, and that there were so many is known.
    pub(super) fn pass(&mut self, node: NodeId, count: u64) {
        if let Some(OfNode { words, .. }) = self.nodes.get(&node) {
            self.begin(node, Words { said: words.said.saturating_add(count), ..*words });
        }
    }

    /// The same of one that has said nothing yet that was heard, so that what was counted of it since is added.
    pub(super) fn begin_before(&mut self, node: NodeId, before: Words) {
        let since = |words: Words| Words { since: before.since, said: before.said + words.said };
        let of = self.nodes.entry(node).or_insert(OfNode { words: Words::default(), known_after: Words::default() });
        (of.words, of.known_after) = (since(of.words), since(of.known_after));
        self.last.iter_mut().filter(|word| word.node == node).for_each(|word| word.words = since(word.words));
    }

    /// A node is called otherwise from here on.
    pub(super) fn rename(&mut self, before: NodeId, node: NodeId) {
        if let Some(of) = self.nodes.remove(&before) {
            let words = of.words;
            self.nodes.insert(node, OfNode { words, known_after: words });
        }
    }

    /// It has the room no more.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.nodes.remove(&node);
    }

    /// One more word of a node, with this number. Of so many it is known which number they have.
    pub(super) fn note(&mut self, node: NodeId, seq: u64, most: usize) {
        let of = self.nodes.entry(node).or_insert(OfNode { words: Words::default(), known_after: Words::default() });
        of.words.said += 1;
        self.last.push_back(Word { seq, node, words: of.words });
        while self.last.len() > most {
            let Some(first) = self.last.pop_front() else { return };
            if let Some(of) = self.nodes.get_mut(&first.node) {
                of.known_after = of.known_after.max(first.words);
            }
        }
    }

    /// How much of each node was heard.
    pub(super) fn all(&self) -> Vec<Heard> {
        self.nodes.iter().map(|(node, of)| Heard { node: *node, words: of.words }).collect()
    }

    /// Whether that node has said more, in the stream that is heard here, than was heard of it.
    pub(super) fn is_behind(&self, heard: &Heard) -> bool {
        let here = self.nodes.get(&heard.node).map(|of| of.words);
        here.is_some_and(|here| here.since == heard.words.since && here.said < heard.words.said)
    }

    /// Whether all that was heard elsewhere was heard here, too.
    pub(super) fn has(&self, elsewhere: &[Heard]) -> bool {
        elsewhere.iter().all(|heard| {
            let here = self.nodes.get(&heard.node).map(|of| of.words);
            here.is_some_and(|here| here.since == heard.words.since && here.said >= heard.words.said)
        })
    }

    /// The numbers of all that was heard here and not there. `None`: some of them are not known.
    pub(super) fn beyond(&self, elsewhere: &[Heard]) -> Option<Vec<u64>> {
        if !self.has(elsewhere) {
            return None;
        }
        let there = |node: &NodeId| elsewhere.iter().find(|heard| heard.node == *node).map(|heard| heard.words);
        // Of whom nothing was heard there, all is missing there.
        let from = |node: &NodeId, of: &OfNode| there(node).unwrap_or(Words { said: 0, ..of.words });
        let is_known = |(node, of): (&NodeId, &OfNode)| of.known_after <= from(node, of);
        if !self.nodes.iter().all(is_known) {
            return None;
        }
        let is_beyond = |word: &&Word| self.nodes.get(&word.node).is_some_and(|of| word.words > from(&word.node, of));
        Some(self.last.iter().filter(is_beyond).map(|word| word.seq).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(node: u64, since: u64, said: u64) -> Heard {
        Heard { node: NodeId(node), words: Words { since, said } }
    }

    fn two() -> HeardWords {
        let mut words = HeardWords::default();
        words.begin(NodeId(1), Words { since: 5, said: 10 });
        words.begin(NodeId(2), Words { since: 0, said: 0 });
        for (node, seq) in [(1, 1), (2, 2), (1, 4)] {
            words.note(NodeId(node), seq, 3);
        }
        words
    }

    #[test]
    fn what_was_heard_here_and_not_there_is_known_by_its_numbers() {
        let words = two();
        assert_eq!(words.all(), [heard(1, 5, 12), heard(2, 0, 1)]);
        for (there, beyond) in [
            (&[heard(1, 5, 12), heard(2, 0, 1)][..], Some(&[][..])),
            (&[heard(1, 5, 11), heard(2, 0, 1)], Some(&[4])),
            (&[heard(1, 5, 10), heard(2, 0, 0)], Some(&[1, 2, 4])),
            (&[heard(1, 5, 12)], Some(&[2])),
            (&[heard(1, 5, 9), heard(2, 0, 1)], None),
            (&[heard(2, 0, 1)], None),
            (&[heard(1, 5, 13), heard(2, 0, 1)], None),
            (&[heard(1, 4, 12), heard(2, 0, 1)], None),
            (&[heard(1, 5, 12), heard(2, 0, 1), heard(3, 0, 0)], None),
        ] {
            assert_eq!(words.beyond(there).as_deref(), beyond, "{there:?}");
        }
    }

    #[test]
    fn what_of_a_stream_is_still_to_come_is_waited_for_and_no_other_stream() {
        let words = two();
        for (there, is_behind) in [
            (heard(1, 5, 12), false),
            (heard(1, 5, 13), true),
            (heard(1, 6, 99), false),
            (heard(2, 0, 2), true),
            (heard(3, 0, 2), false),
        ] {
            assert_eq!(words.is_behind(&there), is_behind, "{there:?}");
        }
    }

    #[test]
    fn of_so_many_it_is_known_and_what_was_said_before_it_began_is_added() {
        let mut words = two();
        words.note(NodeId(2), 7, 3);
        assert_eq!(words.beyond(&[heard(1, 5, 10), heard(2, 0, 2)]), None, "the first is known no more");
        assert_eq!(words.beyond(&[heard(1, 5, 11), heard(2, 0, 0)]), Some(vec![2, 4, 7]));
        words.forget(NodeId(2));
        assert_eq!(words.beyond(&[heard(1, 5, 12)]), Some(vec![]));
        words.note(NodeId(3), 8, 3);
        words.begin_before(NodeId(3), Words { since: 9, said: 20 });
        assert_eq!(words.beyond(&[heard(1, 5, 12), heard(3, 9, 20)]), Some(vec![8]));
        words.rename(NodeId(3), NodeId(4));
        assert_eq!(words.all(), [heard(1, 5, 12), heard(4, 9, 21)]);
        words.pass(NodeId(4), 1);
        assert_eq!(words.all(), [heard(1, 5, 12), heard(4, 9, 22)]);
        assert_eq!(words.beyond(&[heard(1, 5, 12), heard(4, 9, 21)]), None, "what it was is not known");
    }
}
