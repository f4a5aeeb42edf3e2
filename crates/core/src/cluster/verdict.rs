//! What comes of the question for a member that another node has.

use super::command::Answer;
use super::release::Released;

/// What comes of the question for a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on as the same member, and hears what it missed where that can be had.
    Released(Box<Released>),
    /// Its node has it no more: its client is somebody new.
    NotHeld,
    /// Nobody knows what its node still does with it. It is the same member, and nothing is known of what was said.
    Silent,
}

impl Verdict {
    /// Of what the node that has it answered in time, if it did.
    #[must_use]
    pub fn of(answer: Option<Answer>) -> Self {
        match answer {
            Some(Answer::Released(released)) => Self::Released(released),
            Some(Answer::Done { members: 0 }) => Self::NotHeld,
            // It cannot say, or does not understand the question.
            Some(_) | None => Self::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three() {
        let why = "it is late".into();
        for (answer, verdict) in [
            (None, Verdict::Silent),
            (Some(Answer::Done { members: 0 }), Verdict::NotHeld),
            (Some(Answer::Done { members: 1 }), Verdict::Silent),
            (Some(Answer::Failed { why }), Verdict::Silent),
            (Some(Answer::Unknown), Verdict::Silent),
        ] {
            assert_eq!(Verdict::of(answer.clone()), verdict, "{answer:?}");
        }
    }
}
