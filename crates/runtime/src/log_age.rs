//! How long what was said is kept.

use roomful_core::{Limits, Millis};

/// For so much longer than a member is held: who comes back in the last moment of its grace misses nothing that was said in it.
const LONGER_THAN_GRACE_MS: Millis = 10_000;

/// In milliseconds, from when it was said.
pub(crate) fn log_age_ms(limits: &Limits) -> Millis {
    limits.grace_ms.saturating_add(LONGER_THAN_GRACE_MS)
}
