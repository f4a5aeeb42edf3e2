//! Who is in no roster, and is not waited for.

use std::collections::{BTreeMap, VecDeque};

use crate::{MemberId, NodeId};

/// Members that have left, or that their node was not heard to have in time, and which node had them. What they said and is heard
/// only now cannot be told any more, and keeps nobody waiting.
#[derive(Debug, Default)]
pub(in crate::room) struct Absent {
    of: BTreeMap<MemberId, NodeId>,
    /// In the order in which they went: the first is forgotten first.
    order: VecDeque<MemberId>,
}

impl Absent {
    /// One more, where so many are known.
    pub(super) fn add(&mut self, member: &MemberId, node: NodeId, most: usize) {
        if self.of.insert(member.clone(), node).is_none() {
            self.order.push_back(member.clone());
        }
        while self.order.len() > most {
            let Some(first) = self.order.pop_front() else { return };
            self.of.remove(&first);
        }
    }

    /// It is in.
    pub(super) fn remove(&mut self, member: &MemberId) {
        if self.of.remove(member).is_some() {
            self.order.retain(|absent| absent != member);
        }
    }

    /// Whether that node had it, and has not any more. At another one it may be in.
    pub(super) fn has(&self, member: &MemberId, node: NodeId) -> bool {
        self.of.get(member) == Some(&node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MemberId {
        MemberId::parse(text).expect("an id")
    }

    #[test]
    fn so_many_are_known_and_only_of_the_node_that_had_them() {
        let mut absent = Absent::default();
        ["ann", "bob", "ann", "eve"].into_iter().for_each(|member| absent.add(&id(member), NodeId(1), 2));
        let known = |absent: &Absent| ["ann", "bob", "eve"].map(|member| absent.has(&id(member), NodeId(1)));
        assert_eq!(known(&absent), [false, true, true]);
        assert!(!absent.has(&id("eve"), NodeId(2)));
        absent.remove(&id("bob"));
        absent.add(&id("ann"), NodeId(1), 2);
        assert_eq!(known(&absent), [true, false, true]);
    }
}
