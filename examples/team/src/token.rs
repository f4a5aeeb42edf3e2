//! Secrets that are given out: of a session, in a cookie, and of an invitation, in a link.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// 256 random bits: nobody guesses one, so a plain hash of it is safe to keep.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(random_bytes()?)))
    }

    /// What somebody has given, whatever it is: its hash is known, or it is not.
    pub(crate) fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not what it is: it might be written to a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

pub(crate) fn random_bytes() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
