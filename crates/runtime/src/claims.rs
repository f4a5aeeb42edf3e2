//! Who is about to be let in as a member that another process had: one at a time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use roomful_core::MemberId;

use crate::lock::lock;

/// Which of these members are claimed, each with those who wait for that to be over. Of two handshakes that come with the seal of one
/// member, both would find nobody who is that one: so the second waits until the first is in its room, and goes on with it.
#[derive(Default)]
pub(crate) struct Claims {
    claimed: Mutex<BTreeMap<MemberId, Vec<Waker>>>,
}

/// Nobody else is let in as this member until it is dropped.
pub(crate) struct Claim {
    claims: Arc<Claims>,
    member: MemberId,
}

impl Claims {
    /// Is ready when nobody else has it.
    pub(crate) async fn claim(self: &Arc<Self>, member: &MemberId) -> Claim {
        poll_fn(|cx| match lock(&self.claimed).entry(member.clone()) {
            Entry::Vacant(free) => {
                free.insert(Vec::new());
                Poll::Ready(Claim { claims: Arc::clone(self), member: member.clone() })
            }
            Entry::Occupied(mut claimed) => {
                let waiting = claimed.get_mut();
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        })
        .await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let waiting = lock(&self.claims.claimed).remove(&self.member);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_after_the_other_is_that_member() {
        let claims = Arc::<Claims>::default();
        let [ann, bob] = ["ann", "bob"].map(|id| MemberId::parse(id).unwrap());
        let first = claims.claim(&ann).now_or_never().unwrap();
        let mut second = Box::pin(claims.claim(&ann));
        assert!(second.as_mut().now_or_never().is_none() && claims.claim(&bob).now_or_never().is_some());
        drop(first);
        let second = second.now_or_never().unwrap();
        assert!(claims.claim(&ann).now_or_never().is_none());
        drop(second);
        assert!(lock(&claims.claimed).is_empty());
    }
}
