//! Keys that are made of the app's secret.

use hmac::{Hmac, KeyInit as _};
use sha2::{Digest as _, Sha256};

/// A block of the hash: a shorter key is filled up with zeros.
const KEY_BYTES: usize = 64;

/// The key for one use of the secret, which is of any length. Each use has a label of its own, so that what was signed for one is
/// worth nothing to another.
pub(crate) fn derived_key(label: &[u8], secret: &[u8]) -> Hmac<Sha256> {
    let digest = Sha256::new().chain_update(label).chain_update(secret).finalize();
    let mut key = [0; KEY_BYTES];
    for (to, from) in key.iter_mut().zip(digest) {
        *to = from;
    }
    Hmac::new(&key.into())
}
