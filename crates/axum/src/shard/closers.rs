//! Sockets that are over but for their peer's part: its close frame, or its reading of the last bytes. They wait in two pools,
//! of those that were let in and of those that were not. Each has a size, and where it is full, who has waited longest goes.

use std::collections::BTreeMap;

use roomful::Limits;

/// The pools of one shard.
#[derive(Debug, Default)]
pub(super) struct Closers {
    let_in: Pool,
    refused: Pool,
    next: u64,
}

#[derive(Debug, Default)]
struct Pool {
    most: usize,
    /// Slots, in the order in which they came.
    waiting: BTreeMap<u64, usize>,
}

/// Where a socket waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    was_let_in: bool,
    number: u64,
}

impl Closers {
    /// The part of the process's bounds that the `nth` of so many shards has.
    pub(super) fn share(limits: &Limits, nth: usize, of: usize) -> Self {
        let share = |whole: usize| whole / of.max(1) + usize::from(nth < whole % of.max(1));
        let pool = |whole| Pool { most: share(whole), waiting: BTreeMap::new() };
        Self { let_in: pool(limits.closing_sockets), refused: pool(limits.refused_sockets), next: 0 }
    }

    /// A socket has begun to wait.
    pub(super) fn enter(&mut self, slot: usize, was_let_in: bool) -> Ticket {
        let ticket = Ticket { was_let_in, number: self.next };
        self.next += 1;
        self.pool(ticket).waiting.insert(ticket.number, slot);
        ticket
    }

    /// A socket waits no more.
    pub(super) fn exit(&mut self, ticket: Ticket) {
        self.pool(ticket).waiting.remove(&ticket.number);
    }

    /// Who has waited longest where more wait than may, and what the bound is called.
    pub(super) fn one_too_many(&self) -> Option<(usize, &'static str)> {
        let refused = self.refused.one_too_many().map(|slot| (slot, "refused_sockets"));
        refused.or_else(|| self.let_in.one_too_many().map(|slot| (slot, "closing_sockets")))
    }

    fn pool(&mut self, ticket: Ticket) -> &mut Pool {
        if ticket.was_let_in { &mut self.let_in } else { &mut self.refused }
    }
}

impl Pool {
    fn one_too_many(&self) -> Option<usize> {
        let (_, slot) = self.waiting.first_key_value()?;
        (self.waiting.len() > self.most).then_some(*slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_have_all_of_a_bound_and_no_more() {
        let limits = Limits::default().refused_sockets(10).closing_sockets(2);
        for of in 1..=16 {
            let shares: Vec<_> = (0..of).map(|nth| Closers::share(&limits, nth, of)).collect();
            assert_eq!(shares.iter().map(|share| share.refused.most).sum::<usize>(), 10, "of {of}");
            assert_eq!(shares.iter().map(|share| share.let_in.most).sum::<usize>(), 2, "of {of}");
        }
    }

    #[test]
    fn who_has_waited_longest_goes_first_and_each_pool_is_its_own() {
        let mut closers = Closers::share(&Limits::default().refused_sockets(2).closing_sockets(1), 0, 1);
        let first = closers.enter(10, false);
        closers.enter(11, false);
        closers.enter(12, true);
        assert_eq!(closers.one_too_many(), None);
        let third = closers.enter(13, false);
        assert_eq!(closers.one_too_many(), Some((10, "refused_sockets")));
        closers.exit(first);
        assert_eq!(closers.one_too_many(), None);
        closers.enter(14, true);
        assert_eq!(closers.one_too_many(), Some((12, "closing_sockets")));
        closers.exit(third);
        assert_eq!(closers.one_too_many(), Some((12, "closing_sockets")), "somebody of the other pool");
    }
}
