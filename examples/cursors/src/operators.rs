//! Who may see the inspector: whoever has the operators' password.
//!
//! A service asks the session that it has anyway, as its other guards do; this one has nobody who signs in.

use std::env;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use roomful::{Deny, Guard, Upgrade};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Where the password is given.
const VARIABLE: &str = "CURSORS_OPERATOR";
/// The name that goes with it.
pub(crate) const NAME: &str = "operator";

/// Lets in whoever gives the password as a browser does that was asked for one.
pub(crate) struct Operators {
    hash: [u8; 32],
}

/// The guard, and the password where it was made up: nobody else knows it.
pub(crate) fn operators() -> (Operators, Option<String>) {
    let made_up = env::var(VARIABLE).is_err().then(|| Uuid::new_v4().simple().to_string());
    let password = made_up.clone().or_else(|| env::var(VARIABLE).ok()).unwrap_or_default();
    (Operators::with(&password), made_up)
}

impl Operators {
    fn with(password: &str) -> Self {
        Self { hash: hash(NAME, password) }
    }
}

impl Guard for Operators {
    async fn check(&self, upgrade: Upgrade) -> Result<(), Deny> {
        let given = upgrade.header("authorization").and_then(basic);
        // Hashes are compared, so how long that takes says nothing of the password.
        match given.is_some_and(|(name, password)| hash(&name, &password) == self.hash) {
            true => Ok(()),
            false => Err(Deny::expired()),
        }
    }
}

/// Name and password of `Authorization: Basic`.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (name, password) =
        String::from_utf8(decoded).ok()?.split_once(':').map(|(n, p)| (n.to_owned(), p.to_owned()))?;
    Some((name, password))
}

fn hash(name: &str, password: &str) -> [u8; 32] {
    Sha256::new().chain_update(name).chain_update([0]).chain_update(password).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_the_password_are_what_a_browser_gives() {
        let operators = Operators::with("pass:word");
        let passes =
            |header: &str| basic(header).is_some_and(|(name, password)| hash(&name, &password) == operators.hash);
        for (given, is_let_in) in [
            ("operator:pass:word", true),
            ("operator:pass", false),
            ("operator:", false),
            ("operatorpass:word", false),
            (":pass:word", false),
        ] {
            assert_eq!(passes(&format!("Basic {}", BASE64_STANDARD.encode(given))), is_let_in, "{given}");
        }
        let encoded = BASE64_STANDARD.encode("operator:pass:word");
        assert!(passes(&format!("basic {encoded}")));
        for header in [&*encoded, &format!("Bearer {encoded}"), "Basic", "Basic ", "Basic %%%", ""] {
            assert!(!passes(header), "{header}");
        }
    }
}
