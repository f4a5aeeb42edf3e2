//! Passwords, of which only Argon2 hashes are kept.

use std::sync::Arc;
use std::thread;

use argon2::Argon2;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

/// Shorter ones are guessed.
const SHORTEST: usize = 10;
/// In bytes. More would only cost time.
const LONGEST: usize = 256;

/// Hashes and checks passwords, a few at a time: each takes 19 MiB and all of a processor.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked where there is nobody of a name, so that how long it takes tells nobody who is there.
    of_nobody: Arc<str>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("a password has {SHORTEST} characters at least, and {LONGEST} bytes at most")]
    Unfit,
    #[error("a password cannot be hashed: {0}")]
    Hash(#[from] password_hash::Error),
    #[error("the thread that hashed a password has ended: {0}")]
    Thread(#[from] JoinError),
    #[error(transparent)]
    Turn(#[from] AcquireError),
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, PasswordError> {
        let at_once = thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        Ok(Self { turns: Arc::new(Semaphore::new(at_once)), of_nobody: hash("the password of nobody")?.into() })
    }

    /// What is kept of a password that somebody chooses.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            return Err(PasswordError::Unfit);
        }
        let _turn = self.turns.acquire().await?;
        spawn_blocking(move || hash(&password)).await?
    }

    /// Whether this is the password that was hashed; where nobody has one it takes as long.
    pub(crate) async fn is_of(&self, hashed: Option<String>, password: String) -> Result<bool, PasswordError> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let of_nobody = Arc::clone(&self.of_nobody);
        let _turn = self.turns.acquire().await?;
        let is_somebody = hashed.is_some();
        let is_right = spawn_blocking(move || {
            let hashed = hashed.as_deref().unwrap_or(&of_nobody);
            Argon2::default().verify_password(password.as_bytes(), hashed)
        });
        match is_right.await? {
            Ok(()) => Ok(is_somebody),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn hash(password: &str) -> Result<String, PasswordError> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_another_is_not() {
        let passwords = Passwords::new().unwrap();
        let hashed = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$") && !hashed.contains("horse"), "{hashed}");
        assert_ne!(passwords.hash("correct horse".to_owned()).await.unwrap(), hashed, "its salt is its own");
        let is_of = |hashed, password: &str| passwords.is_of(hashed, password.to_owned());
        assert!(is_of(Some(hashed.clone()), "correct horse").await.unwrap());
        assert!(!is_of(Some(hashed), "correct house").await.unwrap());
        assert!(!is_of(None, "the password of nobody").await.unwrap());
    }

    #[tokio::test]
    async fn what_is_guessed_at_once_is_no_password() {
        let passwords = Passwords::new().unwrap();
        for password in ["", "123456789", &"x".repeat(257)] {
            assert!(matches!(passwords.hash(password.to_owned()).await, Err(PasswordError::Unfit)), "{password}");
        }
    }
}
