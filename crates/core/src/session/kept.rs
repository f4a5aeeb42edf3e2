//! What of a session outlives the process, where the member's socket does, or its place.

use serde::{Deserialize, Serialize};

use super::SessionHash;
use super::token::{Token, Tokens};
use crate::ErrorCode;

/// Which tokens a member's session takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSession {
    newest: Token,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presented: Option<Token>,
    /// The one that another process gave, where numbers were others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    foreign: Option<Token>,
}

/// What a member's client has said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSaid {
    /// The highest id received.
    #[serde(rename = "r")]
    pub(super) received: u64,
    /// Everything up to it was handled, but for what failed.
    #[serde(rename = "h")]
    pub(super) handled: u64,
    /// The last that failed, and the client may not know of. [`MOST_FAILURES`] at the most.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<(u64, ErrorCode)>,
    /// More than those may have.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_more: bool,
}

/// Bytes are few beside a socket. Where more have failed, the client is told that nobody knows.
pub(super) const MOST_FAILURES: usize = 8;

impl KeptSession {
    /// One that takes as many bytes as any may.
    #[must_use]
    pub fn largest() -> Self {
        let token = Token::new(crate::NodeId(u64::MAX), u128::MAX);
        Self { newest: token, presented: Some(token), foreign: Some(token) }
    }

    pub(super) fn of(tokens: &Tokens) -> Self {
        let presented = tokens.presented();
        Self { newest: tokens.newest(), presented, foreign: presented.filter(|token| tokens.is_foreign(*token)) }
    }

    pub(super) fn into_tokens(self) -> Tokens {
        let mut tokens = Tokens::new(self.newest);
        if let Some(presented) = self.presented {
            tokens.take(presented, self.foreign == Some(presented));
        }
        tokens
    }

    /// What the last snapshot brought to the client.
    #[must_use]
    pub fn newest(&self) -> Token {
        self.newest
    }

    /// What other nodes are told of it.
    #[must_use]
    pub fn hash(&self) -> SessionHash {
        SessionHash { newest: self.newest.hash(), presented: self.presented.map(Token::hash), entered: 0 }
    }

    /// Every token that is good.
    pub fn tokens(&self) -> impl Iterator<Item = Token> + use<> {
        [Some(self.newest), self.presented].into_iter().flatten()
    }
}

impl KeptSaid {
    /// One that takes as many bytes as any may.
    #[must_use]
    pub fn largest() -> Self {
        let failed = vec![(u64::MAX, ErrorCode::HandlerFailed); MOST_FAILURES];
        Self { received: u64::MAX, handled: u64::MAX, failed, has_more: true }
    }
}
