//! What nodes tell each other of a session's tokens.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Token;

/// Shows of a token whether it is the one that was meant, and nothing else: who reads it can come back with nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; TokenHash::BYTES]);

/// Which tokens a member's session takes, as other nodes know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionHash {
    /// Of what the last snapshot brought to the client.
    pub newest: TokenHash,
    /// Of what it was last resumed with, which is good until the newest is presented.
    pub presented: Option<TokenHash>,
    /// The last number that was given when it began: whoever presents its token has a right to what was said after that. It means
    /// something to another node only where both have one run of numbers.
    pub entered: u64,
}

const LABEL: &[u8] = b"roomful token\0";

impl TokenHash {
    /// As many bits as the token's own secret has.
    pub const BYTES: usize = 16;

    /// As it was sent.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }
}

impl Token {
    /// What other nodes are told of it.
    #[must_use]
    pub fn hash(self) -> TokenHash {
        let digest = Sha256::new().chain_update(LABEL).chain_update(self.to_bytes()).finalize();
        let mut bytes = [0; TokenHash::BYTES];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        TokenHash(bytes)
    }
}

impl SessionHash {
    /// Whether it takes that token.
    #[must_use]
    pub fn takes(&self, token: TokenHash) -> bool {
        self.iter().any(|good| good == token)
    }

    /// Every token that is good.
    pub fn iter(&self) -> impl Iterator<Item = TokenHash> + use<> {
        [Some(self.newest), self.presented].into_iter().flatten()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, ..] = self.0;
        write!(f, "TokenHash({a:02x}{b:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeId;

    #[test]
    fn a_hash_shows_which_token_it_is_of_and_not_what_that_is() {
        let [one, other] = [1, 2].map(|secret| Token::new(NodeId(7), secret));
        assert_eq!(one.hash(), Token::new(NodeId(7), 1).hash());
        for different in [other, Token::new(NodeId(8), 1)] {
            assert_ne!(one.hash(), different.hash());
        }
        let session = SessionHash { newest: one.hash(), presented: None, entered: 0 };
        assert!(session.takes(one.hash()) && !session.takes(other.hash()));
        let session = SessionHash { newest: other.hash(), presented: Some(one.hash()), entered: 0 };
        assert!(session.takes(one.hash()) && session.takes(other.hash()));
        assert_eq!(TokenHash::from_bytes(one.hash().to_bytes()), one.hash());
    }
}
