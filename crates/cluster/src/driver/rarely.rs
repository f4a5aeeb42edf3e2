//! Log lines that would come with every envelope.

use std::collections::BTreeMap;

use roomful_core::Millis;

/// Once a minute of each kind, of which there are few.
#[derive(Debug, Default)]
pub(super) struct Rarely {
    said: BTreeMap<&'static str, Millis>,
}

const MINUTE: Millis = 60_000;

impl Rarely {
    /// Whether a line of this kind may be written now. If so, it is.
    pub(super) fn may(&mut self, kind: &'static str, now: Millis) -> bool {
        let may = self.said.get(kind).is_none_or(|said| now.saturating_sub(*said) >= MINUTE);
        if may {
            self.said.insert(kind, now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_once_a_minute() {
        let mut rarely = Rarely::default();
        let lines = [("a", 0), ("a", 1), ("b", 1), ("a", 59_999), ("a", 60_000), ("a", 60_001), ("b", 60_001)];
        let may = lines.map(|(kind, now)| rarely.may(kind, now));
        assert_eq!(may, [true, false, true, false, true, false, true]);
    }
}
