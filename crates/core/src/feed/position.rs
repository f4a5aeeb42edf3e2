//! How far a listener has heard.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::NodeId;
use crate::session::{Resume, Token};

/// Which run of a feed's numbers a number belongs to: 128 random bits, drawn when the run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeedEpoch(pub u128);

/// The last thing that a listener has heard of a feed, or the last value that it has. Written `<epoch>.<seq>`, as SSE has it.
///
/// ```
/// use roomful_core::feed::{FeedEpoch, Position};
///
/// let position = Position { epoch: FeedEpoch(0xabc), seq: 7 };
/// assert_eq!(position.to_string(), "00000000000000000000000000000abc.7");
/// assert_eq!(position.to_string().parse(), Ok(position));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Of which run.
    pub epoch: FeedEpoch,
    /// Its number.
    pub seq: u64,
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position in a feed")]
pub struct InvalidPosition;

const EPOCH_DIGITS: usize = 32;

impl FeedEpoch {
    /// What a listener presents to go on with this run, which that node has. It is the same for all who listen and opens nothing:
    /// whoever presents it is asked by the guards like anybody.
    #[must_use]
    pub fn token(self, node: NodeId) -> Token {
        Token::new(node, self.0)
    }

    /// How far a client has heard that presents this; `None`: it is of another run, or of something else. Which node gave it makes
    /// no difference: another process may have had the run before.
    #[must_use]
    pub fn position(self, resume: Resume) -> Option<Position> {
        (resume.token == self.token(resume.token.node())).then_some(Position { epoch: self, seq: resume.seen })
    }
}

impl Position {
    /// What a client would present that was here. It need not say which node gave it, because that makes no difference.
    #[must_use]
    pub fn resume(self) -> Resume {
        Resume { token: self.epoch.token(NodeId(0)), seen: self.seq }
    }
}

impl fmt::Display for FeedEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for FeedEpoch {
    type Err = InvalidPosition;

    /// Only the text that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let is_epoch = text.len() == EPOCH_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u128::from_str_radix(text, 16).ok().filter(|_| is_epoch).map(Self).ok_or(InvalidPosition)
    }
}

impl Serialize for FeedEpoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FeedEpoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    /// Only the text that [`Display`](fmt::Display) writes: a client sends back what it was given.
    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (epoch, seq) = text.split_once('.').ok_or(InvalidPosition)?;
        // `parse` would take a sign, and zeros before the number.
        let is_seq = seq == "0" || (seq.bytes().all(|byte| byte.is_ascii_digit()) && !seq.starts_with('0'));
        if !is_seq {
            return Err(InvalidPosition);
        }
        Ok(Self { epoch: epoch.parse()?, seq: seq.parse().map_err(|_| InvalidPosition)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_written_so_is_no_position() {
        let epoch = FeedEpoch(0xabc).to_string();
        for end in [
            "",
            ".",
            "7",
            ".-1",
            ".+1",
            ".01",
            ".00",
            ". 1",
            ".1 ",
            ".1.1",
            ".1e1",
            ".18446744073709551616",
            ".١",
            ".\n",
        ] {
            assert_eq!(format!("{epoch}{end}").parse::<Position>(), Err(InvalidPosition), "{end:?}");
        }
        for epoch in ["", "abc", &epoch.to_uppercase(), &epoch[1..], &format!("0{epoch}"), &format!("+{}", &epoch[1..])]
        {
            assert_eq!(format!("{epoch}.1").parse::<Position>(), Err(InvalidPosition), "{epoch:?}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_own_run_whichever_node_gave_it() {
        let (epoch, nodes) = (FeedEpoch(5), [NodeId(1), NodeId(2)]);
        for node in nodes {
            let of = |token| epoch.position(Resume { token, seen: 3 });
            assert_eq!(of(epoch.token(node)), Some(Position { epoch, seq: 3 }));
            assert_eq!(of(FeedEpoch(6).token(node)), None);
        }
    }

    proptest! {
        #[test]
        fn every_position_is_read_as_it_was_written(epoch: u128, seq: u64) {
            let position = Position { epoch: FeedEpoch(epoch), seq };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
            prop_assert_eq!(position.epoch.position(position.resume()), Some(position));
            let kept = serde_json::to_string(&position.epoch).unwrap();
            prop_assert_eq!(serde_json::from_str::<FeedEpoch>(&kept).unwrap(), position.epoch);
        }

        #[test]
        fn nothing_a_client_presents_is_too_strange(text in ".{0,60}") {
            let _either_way = text.parse::<Position>();
        }
    }
}
