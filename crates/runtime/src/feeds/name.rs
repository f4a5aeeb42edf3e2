//! How what is listened to is found, and what it tells whoever has all of it.

use roomful_core::Json;
use roomful_core::pattern::Topic;

use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::terms::Terms;

/// A feed, or one of the live values of its topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    pub(super) topic: Topic,
    pub(super) value: Option<ValueKey>,
}

/// It was given up in the meantime; ask for it again.
pub(super) struct Abandoned;

/// Which value of a topic it is: several live values may have one channel, and each may differ by who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueKey {
    module: String,
    name: String,
    /// Who asks, where that makes a difference.
    group: Option<String>,
}

/// Whoever has all feeds and live values of the process.
pub(super) trait Registry: MaybeSend + MaybeSync {
    /// Whether somebody listens to it. Who says so holds its lock, so of two the later is true.
    fn set_heard(&self, name: &Name, is_heard: bool);
    /// Forgets the one at this address, which is given up, and no other of its name.
    fn forget(&self, name: &Name, which: *const ());
}

impl ValueKey {
    pub(crate) fn new(terms: &Terms, group: Option<&Json>) -> Self {
        let group = group.map(|group| group.as_str().to_owned());
        Self { module: terms.module.clone(), name: terms.name.clone(), group }
    }
}
