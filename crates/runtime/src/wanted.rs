//! A member that another node wants, because its client has come there.

use roomful_core::Millis;
use roomful_core::cluster::Answer;
use roomful_core::session::TokenHash;

use crate::clustered::Done;

/// What it wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// A worker is in no cluster, and is downloaded: what has this does nothing there, and the compiler knows it.
    #[cfg(target_family = "wasm")]
    _never: std::convert::Infallible,
    /// What shows that its client presents its token.
    pub(crate) token: TokenHash,
    /// The last message that its client has seen.
    pub(crate) seen: u64,
    /// Until when that node waits for it.
    pub(crate) until: Millis,
    /// Where it is answered.
    pub(crate) done: Done,
}

/// It waits with what a member has to do, which is seldom.
#[cfg(not(target_family = "wasm"))]
pub(crate) type BoxedWanted = Box<Wanted>;
/// Which there is none of.
#[cfg(target_family = "wasm")]
pub(crate) type BoxedWanted = Wanted;

#[cfg(not(target_family = "wasm"))]
pub(crate) fn boxed(wanted: Wanted) -> BoxedWanted {
    Box::new(wanted)
}
#[cfg(target_family = "wasm")]
pub(crate) fn boxed(wanted: Wanted) -> BoxedWanted {
    wanted
}

impl Wanted {
    /// By a client that presents this token and has seen so much. `None` in a worker.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn by((token, seen): (TokenHash, u64), until: Millis, done: Done) -> Option<Self> {
        Some(Self { token, seen, until, done })
    }

    #[cfg(target_family = "wasm")]
    pub(crate) fn by(_: (TokenHash, u64), _: Millis, _: Done) -> Option<Self> {
        None
    }

    /// Nobody here is that one any more.
    pub(crate) fn has_nobody(self) {
        self.done.with(Answer::Done { members: 0 });
    }

    /// Nothing is known of what its client said last, or missed.
    pub(crate) fn fail(self, why: &str) {
        self.done.with(Answer::Failed { why: why.into() });
    }
}
