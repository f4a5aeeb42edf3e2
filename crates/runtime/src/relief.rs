//! Who is closed when a process holds too much for its clients.

use std::sync::{Arc, Mutex, Weak};

use roomful_core::Millis;

use crate::line::Line;
use crate::lock::lock;
use crate::memory::Memory;

/// Nobody is looked for more often than this: it takes a look at every connection, and who was closed has to go first.
const LOOK_EACH_MS: Millis = 50;

/// Whoever holds most is closed first, until the others hold no more than they may.
#[derive(Default)]
pub(crate) struct Relief(Mutex<State>);

#[derive(Default)]
struct State {
    looked_at: Option<Millis>,
    /// Those that were closed, or whose members have left, until they hold nothing.
    closing: Vec<Weak<Line>>,
    /// When there are so many, those that hold nothing any more are forgotten.
    forget_from: usize,
}

impl State {
    fn forget(&mut self) {
        self.closing.retain(|line| held(line) > 0);
        // One that was closed has left some time after.
        self.closing.sort_unstable_by_key(|line| line.as_ptr().addr());
        self.closing.dedup_by(|a, b| Weak::ptr_eq(a, b));
        self.forget_from = 2 * self.closing.len() + LEAST_FORGOTTEN;
    }
}

/// It is not worth the work for fewer lines than these.
const LEAST_FORGOTTEN: usize = 64;

fn held(line: &Weak<Line>) -> usize {
    line.upgrade().map_or(0, |line| line.held())
}

impl Relief {
    /// A member has left, and what its socket still holds goes with that: nobody else is closed for it.
    pub(crate) fn leaves(&self, line: &Arc<Line>) {
        if line.held() == 0 {
            return;
        }
        let mut state = lock(&self.0);
        state.closing.push(Arc::downgrade(line));
        if state.closing.len() > state.forget_from {
            state.forget();
        }
    }

    /// Where too much is held, has `close` close holders of at least so many bytes together, and return them. What those
    /// hold who are closed already does not count: it goes without anybody else.
    pub(crate) fn look(&self, memory: &Memory, now: Millis, close: impl FnOnce(usize) -> Vec<Weak<Line>>) {
        if !memory.is_over() {
            return;
        }
        if let Some(excess) = self.excess(memory, now) {
            // Not under the lock: who is closed may have left with that.
            let closed = close(excess);
            lock(&self.0).closing.extend(closed);
        }
    }

    /// What is too much, and goes not by itself. `None` where that is nothing, or somebody has looked just now.
    fn excess(&self, memory: &Memory, now: Millis) -> Option<usize> {
        let mut state = lock(&self.0);
        if state.looked_at.is_some_and(|at| now.saturating_sub(at) < LOOK_EACH_MS) {
            return None;
        }
        state.looked_at = Some(now);
        state.forget();
        let going: usize = state.closing.iter().map(held).sum();
        let excess = memory.held().saturating_sub(memory.limit()).saturating_sub(going);
        (excess > 0).then_some(excess)
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::{ConnectionId, Dialect};

    use super::*;
    use crate::delivery::Delivery;
    use crate::transport::Transport;

    struct Nowhere;

    impl Transport for Nowhere {
        fn deliver(&self, _: Delivery) {}
        fn ring(&self) {}
        fn waiting_bytes(&self) -> usize {
            0
        }
    }

    /// A process with a bound of 100 bytes, and lines that hold so many.
    fn holders(bytes: &[usize]) -> (Memory, Vec<Arc<Line>>) {
        let memory = Memory::default();
        memory.bound(Some(100), None);
        let line = |bytes: &usize| {
            let line = Line::new(Arc::new(Nowhere), ConnectionId(0), Dialect::Plain);
            line.set_held(*bytes, &memory);
            Arc::new(line)
        };
        let lines = bytes.iter().map(line).collect();
        (memory, lines)
    }

    /// What it asks to be closed for at this time, when this line is closed then.
    fn asks(relief: &Relief, memory: &Memory, now: Millis, closes: &Arc<Line>) -> Option<usize> {
        let mut asked = None;
        relief.look(memory, now, |excess| {
            asked = Some(excess);
            vec![Arc::downgrade(closes)]
        });
        asked
    }

    #[test]
    fn nobody_is_closed_for_what_fits() {
        let (memory, lines) = holders(&[60, 40]);
        assert_eq!(asks(&Relief::default(), &memory, 0, &lines[0]), None);
    }

    #[test]
    fn what_goes_by_itself_makes_nobody_else_go() {
        let (memory, lines) = holders(&[60, 50, 30]);
        let relief = Relief::default();
        assert_eq!(asks(&relief, &memory, 0, &lines[0]), Some(40));
        assert_eq!(asks(&relief, &memory, 1_000, &lines[1]), None, "60 of the 140 are on their way");
        lines[2].set_held(60, &memory);
        assert_eq!(asks(&relief, &memory, 2_000, &lines[1]), Some(10), "of 170");
        lines[0].set_held(0, &memory);
        assert_eq!(asks(&relief, &memory, 3_000, &lines[2]), None);
        lines[2].set_held(160, &memory);
        assert_eq!(asks(&relief, &memory, 4_000, &lines[2]), Some(60));
    }

    #[test]
    fn nobody_is_closed_for_what_goes_with_one_who_has_left() {
        let (memory, lines) = holders(&[60, 50, 0]);
        let relief = Relief::default();
        relief.leaves(&lines[1]);
        relief.leaves(&lines[1]);
        relief.leaves(&lines[2]);
        assert_eq!(asks(&relief, &memory, 0, &lines[0]), None);
        lines[0].set_held(110, &memory);
        assert_eq!(asks(&relief, &memory, 1_000, &lines[0]), Some(10));
    }

    #[test]
    fn those_who_have_left_are_forgotten_when_they_hold_nothing() {
        let (memory, lines) = holders(&[1; 1_000]);
        let relief = Relief::default();
        for line in &lines {
            relief.leaves(line);
            line.set_held(0, &memory);
        }
        assert!(lock(&relief.0).closing.len() <= LEAST_FORGOTTEN + 1);
    }

    #[test]
    fn it_looks_no_more_often_than_it_may() {
        let (memory, lines) = holders(&[200, 300]);
        let relief = Relief::default();
        let nothing_to_close = |now| {
            let mut asked = None;
            relief.look(&memory, now, |excess| {
                asked = Some(excess);
                Vec::new()
            });
            asked
        };
        assert_eq!(nothing_to_close(10), Some(400));
        assert_eq!(nothing_to_close(59), None);
        assert_eq!(nothing_to_close(60), Some(400));
        drop(lines);
    }
}
