//! What a client presents to go on with its session.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::NodeId;

/// Names a session to whoever holds it: the node that keeps it, and 128 bits that nobody can guess.
///
/// It is no member's id, and its `Debug` says the node alone, so that no log can hold it by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    node: NodeId,
    /// The most significant byte first. Bytes, because a `u128` would make a token, of which there are many, a third larger.
    secret: [u8; 16],
}

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session's token")]
pub struct InvalidToken;

const NODE_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 32;

impl Token {
    /// Characters of its text.
    pub(super) const CHARS: usize = NODE_DIGITS + 1 + SECRET_DIGITS;

    /// A token of this node; `secret` must be fresh and unguessable.
    #[must_use]
    pub fn new(node: NodeId, secret: u128) -> Self {
        Self { node, secret: secret.to_be_bytes() }
    }

    /// Who keeps the session.
    #[must_use]
    pub fn node(self) -> NodeId {
        self.node
    }

    pub(super) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let (node, secret) = bytes.split_at_mut(8);
        node.copy_from_slice(&self.node.0.to_be_bytes());
        secret.copy_from_slice(&self.secret);
        bytes
    }

    /// 64 bits that depend on all of it: for a table that finds it and leaves it to others whether it is good.
    #[must_use]
    pub fn digest(self) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let secret = u128::from_be_bytes(self.secret);
        let words = [self.node.0, (secret >> 64) as u64, secret as u64];
        words.into_iter().fold(0, |digest: u64, word| (digest.rotate_left(23) ^ word).wrapping_mul(ODD))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:032x}", self.node.0, u128::from_be_bytes(self.secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:016x}-…)", self.node.0)
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text itself is not to be in an error.
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    /// Only the text that [`Display`](fmt::Display) writes, so that no two texts are one session.
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (node, secret) = text.split_once('-').ok_or(InvalidToken)?;
        let digits = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !digits(node, NODE_DIGITS) || !digits(secret, SECRET_DIGITS) {
            return Err(InvalidToken);
        }
        let node = u64::from_str_radix(node, 16).map_err(|_| InvalidToken)?;
        let secret = u128::from_str_radix(secret, 16).map_err(|_| InvalidToken)?;
        Ok(Self::new(NodeId(node), secret))
    }
}

/// The tokens that a session takes: the newest, and the one that it was last resumed with, until the newest is presented. So a
/// snapshot that is lost on its way, with the newest token in it, loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    newest: Token,
    /// Boxed, because whoever never lost a socket has none.
    presented: Option<Box<Presented>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Presented {
    token: Token,
    /// Another process gave it, where numbers were others.
    is_foreign: bool,
}

impl Tokens {
    /// Of a session that begins.
    #[must_use]
    pub fn new(first: Token) -> Self {
        Self { newest: first, presented: None }
    }

    /// What the last snapshot brought to the client.
    #[must_use]
    pub fn newest(&self) -> Token {
        self.newest
    }

    /// Whether this token is good.
    #[must_use]
    pub fn takes(&self, token: Token) -> bool {
        self.iter().any(|good| good == token)
    }

    /// It is resumed with `presented`, which must be good, and its next snapshot brings `next`. Returns the token that is good
    /// no more.
    pub fn rotate(&mut self, presented: Token, next: Token) -> Option<Token> {
        let other = self.iter().find(|token| *token != presented);
        let presented = Presented { token: presented, is_foreign: self.is_foreign(presented) };
        *self = Self { newest: next, presented: Some(Box::new(presented)) };
        other
    }

    /// The session begins for a client that has presented this token, which another process gave: it is good as if it were one of
    /// this session's.
    pub fn take_foreign(&mut self, presented: Token) {
        self.take(presented, true);
    }

    pub(super) fn take(&mut self, token: Token, is_foreign: bool) {
        self.presented = Some(Box::new(Presented { token, is_foreign }));
    }

    /// What it was last resumed with.
    pub(super) fn presented(&self) -> Option<Token> {
        self.presented.as_ref().map(|presented| presented.token)
    }

    /// Whether another process gave this one.
    #[must_use]
    pub fn is_foreign(&self, token: Token) -> bool {
        self.presented.as_ref().is_some_and(|presented| presented.is_foreign && presented.token == token)
    }

    /// Every token that is good.
    pub fn iter(&self) -> impl Iterator<Item = Token> + use<> {
        [Some(self.newest), self.presented()].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn token(secret: u128) -> Token {
        Token::new(NodeId(7), secret)
    }

    fn secret(token: Token) -> u128 {
        u128::from_be_bytes(token.secret)
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_no_other_way() {
        let token = Token::new(NodeId(0xabc), 0xdef);
        let text = token.to_string();
        assert_eq!(text, "0000000000000abc-00000000000000000000000000000def");
        assert_eq!(text.parse(), Ok(token));
        for other in [
            "",
            "-",
            "abc-def",
            "0000000000000ABC-00000000000000000000000000000def",
            "0000000000000abc-00000000000000000000000000000def-",
            "0000000000000abc-0000000000000000000000000000000def",
            "0000000000000abc-+0000000000000000000000000000def",
            "+000000000000abc-00000000000000000000000000000def",
            "0000000000000abc-0000000000000000000000000000ödef",
            " 0000000000000abc-00000000000000000000000000000def",
        ] {
            assert_eq!(other.parse::<Token>(), Err(InvalidToken), "{other:?}");
        }
    }

    #[test]
    fn a_log_does_not_say_it() {
        let tokens = Tokens::new(token(0xfeed_beef));
        assert!(!format!("{:?} {tokens:?}", token(0xfeed_beef)).contains("feed"));
    }

    #[test]
    fn the_presented_and_the_newest_are_good_until_the_newest_is_presented() {
        let mut tokens = Tokens::new(token(1));
        assert!(tokens.takes(token(1)) && !tokens.takes(token(2)));
        assert_eq!(tokens.rotate(token(1), token(2)), None);
        assert!(tokens.takes(token(1)) && tokens.takes(token(2)));
        // The snapshot was lost, and the client presents the first again.
        assert_eq!(tokens.rotate(token(1), token(3)), Some(token(2)));
        assert!(tokens.takes(token(1)) && !tokens.takes(token(2)) && tokens.takes(token(3)));
        // The newest is presented.
        assert_eq!(tokens.rotate(token(3), token(4)), Some(token(1)));
        assert!(!tokens.takes(token(1)) && tokens.takes(token(3)) && tokens.takes(token(4)));
    }

    proptest! {
        /// However often snapshots are lost: two tokens are good at the most, what a client has from its last snapshot is one of
        /// them, and each that is good no more is said to be, once.
        #[test]
        fn who_resumes_again_and_again(lost in prop::collection::vec(any::<bool>(), 0..60)) {
            let mut tokens = Tokens::new(token(0));
            let (mut of_client, mut good) = (token(0), BTreeSet::from([0]));
            for (lost, next) in lost.into_iter().zip(1..) {
                prop_assert!(tokens.takes(of_client));
                let forgotten = tokens.rotate(of_client, token(next));
                good.insert(next);
                if let Some(forgotten) = forgotten {
                    prop_assert!(good.remove(&secret(forgotten)), "{:?} was not good", secret(forgotten));
                }
                let taken: BTreeSet<_> = (0..=next).filter(|secret| tokens.takes(token(*secret))).collect();
                prop_assert_eq!(&taken, &good);
                prop_assert_eq!(tokens.iter().map(secret).collect::<BTreeSet<_>>(), taken);
                prop_assert!(good.len() <= 2);
                if !lost {
                    of_client = tokens.newest();
                }
            }
        }
    }
}
