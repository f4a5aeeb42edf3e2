//! What was done for another node, so that nothing is done twice.

use std::collections::BTreeMap;

use super::command::Answer;

/// So many are remembered: a node asks again within two seconds, or not at all.
const MOST: usize = 1_024;

/// What was done, by the numbers that the node that asked gave to it.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// `None`: it is being done.
    of: BTreeMap<u64, Option<Answer>>,
    /// Nothing is known any more of those up to this one: they are not done again.
    forgotten: Option<u64>,
}

/// What is to be done about a command that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is new.
    Do,
    /// It is being done, or was and is forgotten.
    Nothing,
    /// It was done.
    AnswerAgain(Answer),
}

impl Deeds {
    pub(super) fn begin(&mut self, number: u64) -> Deed {
        match self.of.get(&number) {
            Some(Some(answer)) => return Deed::AnswerAgain(answer.clone()),
            Some(None) => return Deed::Nothing,
            None if self.forgotten.is_some_and(|forgotten| number <= forgotten) => return Deed::Nothing,
            None => {}
        }
        self.of.insert(number, None);
        if self.of.len() > MOST
            && let Some((oldest, _)) = self.of.pop_first()
        {
            self.forgotten = Some(oldest);
        }
        Deed::Do
    }

    /// It was done. What only reads is done anew where it is asked for again, and not kept; so is a release, which may be long and
    /// leads to the same.
    pub(super) fn end(&mut self, number: u64, answer: &Answer) {
        match answer {
            Answer::Members(_) | Answer::Released(_) | Answer::Ids(_) | Answer::Users(_) | Answer::Rooms(_) => {
                self.of.remove(&number);
            }
            answer => {
                if let Some(deed) = self.of.get_mut(&number) {
                    *deed = Some(answer.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_twice() {
        let (mut deeds, done) = (Deeds::default(), Answer::Done { members: 3 });
        assert_eq!(deeds.begin(7), Deed::Do);
        assert_eq!(deeds.begin(7), Deed::Nothing, "it is being done");
        deeds.end(7, &done);
        assert_eq!(deeds.begin(7), Deed::AnswerAgain(done.clone()));
        assert_eq!(deeds.begin(5), Deed::Do, "it was overtaken");
        for number in 8..8 + MOST as u64 {
            assert_eq!(deeds.begin(number), Deed::Do);
        }
        assert_eq!((deeds.begin(7), deeds.begin(6), deeds.begin(5)), (Deed::Nothing, Deed::Nothing, Deed::Nothing));
        deeds.end(7, &done);
        assert_eq!(deeds.of.len(), MOST);
    }

    #[test]
    fn what_only_reads_is_read_again() {
        let mut deeds = Deeds::default();
        let read = [
            Answer::Members(Vec::new()),
            Answer::Ids(Vec::new()),
            Answer::Users(Vec::new()),
            Answer::Rooms(Vec::new()),
        ];
        for answer in read {
            assert_eq!(deeds.begin(1), Deed::Do);
            deeds.end(1, &answer);
        }
        assert_eq!(deeds.begin(1), Deed::Do);
    }
}
