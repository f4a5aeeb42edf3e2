//! The place that one connection has among those that a process may have.

use std::net::IpAddr;
use std::sync::Arc;

use roomful_core::{MemberId, UserId};

use crate::addresses::OfAddress;
use crate::loans::Loan;
use crate::process::{NoPlace, Process};
use crate::user_connections::OfUser;

/// A connection's place in its process, from before its handshake until its member has left. Dropping it gives it back.
///
/// A platform that can refuse an upgrade takes one with [`Platform::take_place`](crate::Platform::take_place), and gives it to
/// the [`Admission`](crate::Admission). Then no more connections begin than may, however many come at once.
#[must_use = "a place that is dropped is free for another"]
pub struct Place {
    process: Arc<Process>,
    /// Boxed, because most have nothing of it.
    whose: Option<Box<Whose>>,
}

/// Whose a connection is, where that is counted, and whether it has departed.
#[derive(Default)]
struct Whose {
    /// Until it is over, or one address could have all of those that have left.
    _address: Option<OfAddress>,
    user: Option<OfUser>,
    /// It is a member's, who has lent it to this connection, and is counted there.
    loan: Option<Loan>,
    departed: bool,
}

impl Place {
    /// A place, where there is one for a client of this address.
    pub(crate) fn take(process: &Arc<Process>, peer: Option<IpAddr>) -> Result<Self, NoPlace> {
        let of_address = process.one_more_of(peer)?;
        process.connection_begins()?;
        let whose = of_address.map(|address| Box::new(Whose { _address: Some(address), ..Whose::default() }));
        Ok(Self { process: Arc::clone(process), whose })
    }

    /// The place of a member, for its client that is on the way back.
    pub(crate) fn lent(process: &Arc<Process>, loan: Loan) -> Self {
        let whose = Some(Box::new(Whose { loan: Some(loan), ..Whose::default() }));
        Self { process: Arc::clone(process), whose }
    }

    /// Where it is a member's, the loan of it: whoever does not go on with that member must take a place of its own.
    pub(crate) fn loan(&self) -> Option<&Loan> {
        self.whose.as_ref()?.loan.as_ref()
    }

    /// The place of a connection that another process has begun, or of a member that it held; and whose member it is.
    pub(crate) fn of_restored(process: &Arc<Process>, whose: Option<(&MemberId, &UserId)>) -> Self {
        process.connection_returns();
        let mut place = Self { process: Arc::clone(process), whose: None };
        if let Some((member, user)) = whose
            && let Some(of_user) = process.user_connections().one_more(user, member, None)
        {
            place.belongs_to(of_user);
        }
        place
    }

    /// Whose it is, where the room names its users.
    pub(crate) fn user(&self) -> Option<&UserId> {
        self.whose.as_ref()?.user.as_ref().map(OfUser::user)
    }

    /// It is one of this user's.
    pub(crate) fn belongs_to(&mut self, user: OfUser) {
        self.whose.get_or_insert_default().user = Some(user);
    }

    /// The member's end has come: its user may have another connection.
    pub(crate) fn end(&mut self) {
        self.whose.iter_mut().filter_map(|whose| whose.user.as_mut()).for_each(OfUser::end);
    }

    /// The member has left, and another may have its place. What it still does is counted apart, until this is dropped.
    pub(crate) fn depart(&mut self) {
        let whose = self.whose.get_or_insert_default();
        whose.user = None;
        if whose.loan.is_none() && !std::mem::replace(&mut whose.departed, true) {
            self.process.connection_departs();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.loan().is_some() {
            return;
        }
        if self.whose.as_ref().is_some_and(|whose| whose.departed) {
            self.process.departed_ends();
        } else {
            self.process.connection_ends();
        }
    }
}
