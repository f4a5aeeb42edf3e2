//! Whose tab it is, on a board that asks nobody to sign in.
//!
//! The page makes up a secret once and keeps it (`web/src/shared/person.ts`), so all tabs of one browser give the same one.
//! **Whoever has it is that person**, as with a password. So it comes as credentials, which no URL and no log has, and nobody
//! is shown it: everybody is told a hash of it, from which it cannot be found again.
//!
//! Where people sign in, nothing of this is needed: `data` asks your session or your token who it is, as the guide's chapter on
//! who may connect shows, and `user` gives the id that your database has. It is told to everybody in the room, so it must not be
//! something that lets in whoever knows it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use roomful::{Deny, UserId};
use sha2::{Digest as _, Sha256};

/// 128 random bits in hexadecimal. A shorter secret could be found from its hash, by trying all.
const SECRET_DIGITS: usize = 32;

/// The person who has this secret. The same on every runtime and after every restart.
///
/// # Errors
///
/// What is not such a secret is denied.
pub fn who_has(secret: &str) -> Result<UserId, Deny> {
    if secret.len() != SECRET_DIGITS || !secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Deny::because("a visitor's secret is 32 hexadecimal digits"));
    }
    // With words of its own before it, so that no other use of a hash of the secret is the same.
    let hash = Sha256::new().chain_update("a person on a board: ").chain_update(secret).finalize();
    UserId::new(BASE64_URL_SAFE_NO_PAD.encode(hash)).map_err(|_| Deny::forbidden())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_secret_is_one_person_who_can_be_shown_without_it() {
        let [ada, ben] = ["0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee"].map(|secret| {
            let person = who_has(secret).unwrap();
            assert!(!person.as_str().contains(secret) && !secret.contains(person.as_str()), "{person}");
            assert_eq!(who_has(secret).unwrap(), person);
            person
        });
        assert_ne!(ada, ben);
    }

    #[test]
    fn what_could_be_guessed_is_no_secret() {
        for secret in [
            "",
            "1",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdef0",
            "ä123456789abcdef0123456789abcde",
        ] {
            assert!(who_has(secret).is_err(), "{secret:?}");
        }
    }
}
