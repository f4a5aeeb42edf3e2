//! Warns where rooms run in one process of what Durable Objects would refuse.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use roomful_runtime::{MOST_FORWARDED_BYTES, caught};
use serde::Serialize;

use crate::{MaybeSync, Upgrade};

/// Measured are the first connections of a room, which a developer sees, and then one in so many, for what only some users
/// have: data is otherwise never written here, and each connection would pay for it.
const FIRST: u64 = 16;
const ONE_IN: u64 = 256;

/// Whether the key and the data of a room's connections are small enough to be served elsewhere, told once.
#[derive(Default)]
pub(super) struct ForwardedSize {
    connections: AtomicU64,
    told: AtomicBool,
}

impl ForwardedSize {
    /// Whether this connection is one of those to be measured.
    pub(super) fn is_due(&self) -> bool {
        if self.told.load(Ordering::Relaxed) {
            return false;
        }
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        before < FIRST || before.is_multiple_of(ONE_IN)
    }

    /// Warns where one is too large. The app's `Serialize` runs nowhere else here, so a panic in it must not cost the
    /// connection.
    pub(super) async fn measure(&self, upgrade: &Upgrade, data: &(impl Serialize + MaybeSync)) {
        let measured = caught(|| async { Ok((is_too_large(upgrade.params()), is_too_large(data))) }).await;
        let wrong = match measured {
            Ok((false, false)) => return,
            Ok((_, true)) => format!("what `data` returns is over {MOST_FORWARDED_BYTES} bytes as JSON"),
            Ok((true, false)) => format!("the key is over {MOST_FORWARDED_BYTES} bytes as JSON"),
            Err(error) => format!("what `data` returns cannot be written as JSON ({error})"),
        };
        if !self.told.swap(true, Ordering::Relaxed) {
            let (module, room) = (upgrade.module(), upgrade.room());
            tracing::warn!(
                module,
                room,
                "{wrong}: it works here, and Durable Objects would refuse it. Keep it elsewhere, and a name of it here"
            );
        }
    }
}

/// Writes no more than it takes to know. What cannot be JSON has no size, and goes nowhere else.
fn is_too_large(value: &impl Serialize) -> bool {
    serde_json::to_writer(Space(MOST_FORWARDED_BYTES), value).is_err_and(|error| error.is_io())
}

/// So many bytes are taken and dropped; one more is an error.
struct Space(usize);

impl io::Write for Space {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connections_are_measured_and_then_one_in_many() {
        let size = ForwardedSize::default();
        let due: Vec<u64> = (0..1000).filter(|_| size.is_due()).collect();
        let expected: Vec<u64> = (0..FIRST).chain([256, 512, 768]).collect();
        assert_eq!(due, expected);
    }

    #[test]
    fn a_byte_more_is_too_large() {
        assert!(!is_too_large(&"x".repeat(MOST_FORWARDED_BYTES - 2)));
        assert!(is_too_large(&"x".repeat(MOST_FORWARDED_BYTES - 1)));
        assert!(is_too_large(&"\0".repeat(MOST_FORWARDED_BYTES / 6)), "as it is written");
        let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(!is_too_large(&unwritable));
    }
}
