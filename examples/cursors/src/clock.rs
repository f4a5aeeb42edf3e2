//! What time it is, on either platform.

use roomful::AsNumber;
// Of std where there is a clock, and of the platform where there is none.
use web_time::SystemTime;

/// Milliseconds since 1970.
pub(crate) fn now() -> AsNumber<u64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    AsNumber(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}
