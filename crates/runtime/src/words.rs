//! What was said in a room whose history is in the broker, until it is known whether that has it.

use std::collections::{BTreeMap, HashMap};

use futures_channel::oneshot;
use roomful_core::MemberId;

/// Under the room's lock, beside its engine. It holds what the engine waits for, and of each member what nobody has waited for yet.
#[derive(Default)]
pub(crate) struct Words {
    waiting: HashMap<u64, oneshot::Sender<bool>>,
    of: BTreeMap<MemberId, Vec<oneshot::Receiver<bool>>>,
}

impl Words {
    /// A word is on its way.
    pub(crate) fn begin(&mut self, number: u64) -> oneshot::Receiver<bool> {
        let (tell, told) = oneshot::channel();
        self.waiting.insert(number, tell);
        told
    }

    /// It was said by a hook of that member, which is to hear of it.
    pub(crate) fn belongs_to(&mut self, member: &MemberId, told: oneshot::Receiver<bool>) {
        self.of.entry(member.clone()).or_default().push(told);
    }

    /// It is known what became of it.
    pub(crate) fn settle(&mut self, number: u64, is_taken: bool) {
        // Whoever said it may not wait any more.
        let _ = self.waiting.remove(&number).map(|waits| waits.send(is_taken));
        if is_taken {
            // What nobody waits for and has come well needs no place.
            self.of.retain(|_, told| {
                told.retain_mut(|told| !matches!(told.try_recv(), Ok(Some(true))));
                !told.is_empty()
            });
        }
    }

    /// All that a member's hooks have said and that nobody has waited for.
    pub(crate) fn take(&mut self, member: &MemberId) -> Vec<oneshot::Receiver<bool>> {
        self.of.remove(member).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn who_said_it_hears_what_became_of_it_and_nothing_is_held_of_what_is_over() {
        let (mut words, ann) = (Words::default(), MemberId::parse("ann").unwrap());
        for number in 1..=3 {
            let told = words.begin(number);
            words.belongs_to(&ann, told);
        }
        words.settle(1, true);
        words.settle(2, false);
        assert_eq!((words.waiting.len(), words.of[&ann].len()), (1, 2));
        let mut told = words.take(&ann).into_iter();
        assert_eq!(told.next().and_then(FutureExt::now_or_never), Some(Ok(false)));
        assert_eq!(told.next().and_then(FutureExt::now_or_never), None);
        words.settle(3, true);
        assert!(words.waiting.is_empty() && words.of.is_empty());
    }
}
