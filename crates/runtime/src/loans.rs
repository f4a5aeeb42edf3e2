//! Places that members lend to their own clients on the way back.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use roomful_core::MemberId;

use crate::lock::lock;

/// Who has lent its place. Where every place is taken the client of one of the members could not come back: a socket that it has
/// lost, and whose loss nobody has noticed yet, may have the last one. So it comes back on its member's own.
///
/// Each lends to one connection at a time, or whoever has a token would have any number of them.
#[derive(Default)]
pub(crate) struct Loans {
    lenders: Mutex<BTreeSet<MemberId>>,
}

/// A place that is lent. Dropping it gives it back.
pub(crate) struct Loan {
    loans: Arc<Loans>,
    lender: MemberId,
    peer: Option<IpAddr>,
}

impl Loans {
    /// For a client of this address. `None`: it is lent already.
    pub(crate) fn lend(self: &Arc<Self>, lender: &MemberId, peer: Option<IpAddr>) -> Option<Loan> {
        let lender = lender.clone();
        lock(&self.lenders).insert(lender.clone()).then(|| Loan { loans: Arc::clone(self), lender, peer })
    }
}

impl Loan {
    /// Whom it is lent to.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        lock(&self.loans.lenders).remove(&self.lender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_lends_to_one_at_a_time() {
        let loans = Arc::<Loans>::default();
        let [ann, bob] = ["ann", "bob"].map(|id| MemberId::parse(id).unwrap());
        let of_ann = loans.lend(&ann, None);
        assert!(of_ann.is_some() && loans.lend(&ann, None).is_none() && loans.lend(&bob, None).is_some());
        drop(of_ann);
        assert!(loans.lend(&ann, None).is_some());
    }
}
