//! What this process asks other nodes, and what it is told of it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_channel::oneshot;
use roomful_core::cluster::{Answer, Incarnation};

use crate::lock::lock;
use crate::{ErrorKind, Result};

/// What came of a question to other nodes.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    /// What all that have answered say together. `None`: nobody has.
    pub answer: Option<Answer>,
    /// Those who live, should have answered, and have not.
    pub silent: Vec<Incarnation>,
    /// How many more heard the question and have not answered, whom this node does not know.
    pub unknown: u64,
    /// Whether this node is cut off: what it is told, and what it is not, says nothing then.
    pub is_cut_off: bool,
}

/// The questions that are out.
#[derive(Default)]
pub(super) struct Asked {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answered>>>,
}

impl Answered {
    /// The answer, where everybody has answered.
    ///
    /// # Errors
    ///
    /// Somebody has not, or could not do it.
    pub(crate) fn whole(self) -> Result<Option<Answer>> {
        let Self { answer, silent, unknown, is_cut_off } = self;
        if is_cut_off {
            return Err(ErrorKind::Isolated.into_error());
        }
        if let Some(Answer::Failed { why }) = answer {
            return Err(ErrorKind::Elsewhere(why.as_ref().into()).into_error());
        }
        if !silent.is_empty() || unknown > 0 {
            let nodes = silent.iter().map(|node| node.name.to_string()).collect();
            return Err(ErrorKind::Unanswered { nodes, unknown }.into_error());
        }
        Ok(answer)
    }

    /// So many members it was done for. Where it was done for any nobody else can have what it is about.
    ///
    /// # Errors
    ///
    /// It was done for none, and not everybody has answered.
    pub(crate) fn found(self) -> Result<bool> {
        match self.answer {
            Some(Answer::Done { members: 1.. }) => Ok(true),
            _ => self.whole().map(|_nobody_has_it| false),
        }
    }
}

impl Asked {
    /// One more, and its number.
    pub(super) fn begin(&self) -> (u64, oneshot::Receiver<Answered>) {
        let (answer, answered) = oneshot::channel();
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut waiting = lock(&self.waiting);
        // Whoever does not wait any more needs no answer.
        waiting.retain(|_, waits| !waits.is_canceled());
        waiting.insert(number, answer);
        (number, answered)
    }

    pub(super) fn end(&self, number: u64, answered: Answered) {
        let waits = lock(&self.waiting).remove(&number);
        // Whoever asked may not wait any more.
        let _ = waits.map(|waits| waits.send(answered));
    }

    /// Nobody will answer any more.
    pub(super) fn give_up(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use roomful_core::cluster::NodeName;

    use super::*;

    fn answered(answer: Option<Answer>, silent: &[&str], unknown: u64) -> Answered {
        let node = |name: &&str| Incarnation { start: 1, name: NodeName::parse(name).unwrap(), random: 1 };
        Answered { answer, silent: silent.iter().map(node).collect(), unknown, is_cut_off: false }
    }

    #[test]
    fn an_answer_is_whole_or_says_who_did_not_answer() {
        let done = || Some(Answer::Done { members: 0 });
        let failed = || Some(Answer::Failed { why: "it is full".into() });
        for (answered, said) in [
            (answered(done(), &[], 0), Ok(())),
            (answered(None, &[], 0), Ok(())),
            (answered(done(), &["web-2", "web-3"], 0), Err("no answer came from `web-2`, `web-3`")),
            (answered(done(), &[], 2), Err("no answer came from 2 nodes that this one does not know")),
            (answered(None, &["web-2"], 1), Err("no answer came from `web-2` and 1 that this one does not know")),
            (answered(failed(), &["web-2"], 0), Err("it is full")),
            (Answered { is_cut_off: true, ..answered(done(), &[], 0) }, Err("cut off from the other nodes")),
        ] {
            match (answered.clone().whole(), said) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{error}"),
                (whole, _) => panic!("{answered:?}: {whole:?}"),
            }
        }
    }

    #[test]
    fn who_is_found_need_not_be_looked_for_elsewhere() {
        assert!(matches!(answered(Some(Answer::Done { members: 1 }), &["web-2"], 3).found(), Ok(true)));
        assert!(matches!(answered(Some(Answer::Done { members: 0 }), &[], 0).found(), Ok(false)));
        assert!(answered(Some(Answer::Done { members: 0 }), &["web-2"], 0).found().is_err());
        assert!(matches!(answered(None, &[], 0).found(), Ok(false)));
    }

    #[test]
    fn each_question_is_answered_once_and_none_waits_for_ever() {
        let asked = Asked::default();
        let (first, mut answered) = asked.begin();
        let (second, given_up) = asked.begin();
        assert_ne!(first, second);
        asked.end(first, Answered { unknown: 7, ..Answered::default() });
        asked.end(first, Answered::default());
        assert_eq!((&mut answered).now_or_never().unwrap().unwrap().unknown, 7);
        asked.give_up();
        assert!(given_up.now_or_never().unwrap().is_err());
        drop(asked.begin());
        let _one = asked.begin();
        assert_eq!(lock(&asked.waiting).len(), 1, "whoever does not wait is forgotten");
    }
}
