//! Who is closed when a process holds too much for its clients.

use std::sync::{Mutex, Weak};

use roomful_core::Millis;

use crate::line::Line;
use crate::memory::Memory;

/// Nobody is looked for more often than this: it takes a look at every connection, and who was closed has to go first.
const LOOK_EACH_MS: Millis = 50;

/// Whoever holds most is closed first, until the others hold no more than they may.
#[derive(Default)]
pub(crate) struct Relief(Mutex<State>);

#[derive(Default)]
struct State {
    looked_at: Option<Millis>,
    /// Those that were closed, until they hold nothing.
    closing: Vec<Weak<Line>>,
}

impl Relief {
    /// Where too much is held, has `close` close holders of at least so many bytes together, and return them. What those
    /// hold who are closed already does not count: it goes without anybody else.
    pub(crate) fn look(&self, memory: &Memory, now: Millis, close: impl FnOnce(usize) -> Vec<Weak<Line>>) {
        if !memory.is_over() {
            return;
        }
        // Several threads may see it at once. One of them looks, for all.
        let Ok(mut state) = self.0.try_lock() else { return };
        if state.looked_at.is_some_and(|at| now.saturating_sub(at) < LOOK_EACH_MS) {
            return;
        }
        state.looked_at = Some(now);
        let holds = |line: &Weak<Line>| line.upgrade().map_or(0, |line| line.held());
        state.closing.retain(|line| holds(line) > 0);
        let going: usize = state.closing.iter().map(holds).sum();
        let excess = memory.held().saturating_sub(memory.limit()).saturating_sub(going);
        if excess > 0 {
            state.closing.extend(close(excess));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
