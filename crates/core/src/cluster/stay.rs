//! What nodes say to each other of a user who is in a room of both: which of them tells the app.

use super::wire::{Malformed, Reader, Wire, Writer};
use crate::NodeId;

/// What a node says of one user in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StayWord {
    /// The user is here: does another node tell the app of it?
    Asks {
        /// Which question of the sender it is.
        number: u64,
    },
    /// The user is here no more: is its stay on its way to here?
    Releases {
        /// Which question of the sender it is.
        number: u64,
    },
    /// Everything of this node that may matter to a question stands before this.
    Answers {
        /// Whose question.
        to: NodeId,
        /// Which of its questions.
        number: u64,
        /// What.
        answer: StayAnswer,
    },
    /// The sender tells of the user no more; that node does.
    Hands {
        /// Which.
        to: NodeId,
    },
    /// Something that a later release says.
    Unknown,
}

/// What a node answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StayAnswer {
    /// It does not tell of that user, and knows of nobody who does.
    Nothing,
    /// It does not, and that node does, as far as it knows.
    Guest {
        /// Which.
        by: NodeId,
    },
    /// It asks, too, and is older: it will, or knows who does.
    Asks,
    /// It does, and has told that the user came.
    Tells,
}

const ASKS: u8 = 1;
const RELEASES: u8 = 2;
const ANSWERS: u8 = 3;
const HANDS: u8 = 4;

const NOTHING: u8 = 0;
const GUEST: u8 = 1;
const TELLS: u8 = 2;
const ASKS_TOO: u8 = 3;

impl Wire for StayWord {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Asks { number } => {
                to.byte(ASKS);
                to.number(*number);
            }
            Self::Releases { number } => {
                to.byte(RELEASES);
                to.number(*number);
            }
            Self::Answers { to: node, number, answer } => {
                to.byte(ANSWERS);
                node.write(to);
                to.number(*number);
                match answer {
                    StayAnswer::Nothing => to.byte(NOTHING),
                    StayAnswer::Guest { by } => {
                        to.byte(GUEST);
                        by.write(to);
                    }
                    StayAnswer::Asks => to.byte(ASKS_TOO),
                    StayAnswer::Tells => to.byte(TELLS),
                }
            }
            Self::Hands { to: node } => {
                to.byte(HANDS);
                node.write(to);
            }
            Self::Unknown => to.byte(0),
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(match from.byte()? {
            ASKS => Self::Asks { number: from.number()? },
            RELEASES => Self::Releases { number: from.number()? },
            ANSWERS => {
                let (to, number) = (NodeId::read(from)?, from.number()?);
                let answer = match from.byte()? {
                    NOTHING => StayAnswer::Nothing,
                    GUEST => StayAnswer::Guest { by: NodeId::read(from)? },
                    ASKS_TOO => StayAnswer::Asks,
                    TELLS => StayAnswer::Tells,
                    _ => return Err(Malformed),
                };
                Self::Answers { to, number, answer }
            }
            HANDS => Self::Hands { to: NodeId::read(from)? },
            _ => Self::Unknown,
        })
    }
}
