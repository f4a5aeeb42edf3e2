//! The wakes that a room has asked for, its lanes together.

use super::Effect;
use crate::Millis;

/// Those that have not come, the soonest last. There are as many as lanes at most: another is asked for only where it is
/// sooner than all of them, and a lane never needs one sooner than it did.
#[derive(Debug, Default)]
pub(super) struct Wakes(Vec<Millis>);

impl Wakes {
    /// Something is to be done at `needed`: asks for a wake, unless one comes by then.
    pub(super) fn ask(&mut self, needed: Option<Millis>) -> Option<Effect> {
        let at = needed.filter(|at| self.0.last().is_none_or(|soonest| at < soonest))?;
        self.0.push(at);
        Some(Effect::WakeAt(at))
    }

    /// A wake came. `false`: it was not asked for.
    pub(super) fn came(&mut self) -> bool {
        self.0.pop().is_some()
    }
}
