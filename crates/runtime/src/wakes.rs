//! The timers that a room has running.

use roomful_core::Millis;

/// The times at which they go off, the soonest last. Another is started only where it is needed sooner than all of these. So
/// there are never more than the room has reasons to wake, and the later ones may wake it for nothing.
#[derive(Debug, Default)]
pub(crate) struct Wakes(Vec<Millis>);

impl Wakes {
    /// The room has something to do at `needed`: the time for which a timer is to be started, unless one goes off before.
    pub(crate) fn start(&mut self, needed: Option<Millis>) -> Option<Millis> {
        let at = needed.filter(|at| self.0.last().is_none_or(|soonest| at < soonest))?;
        self.0.push(at);
        Some(at)
    }

    /// The timer of this time has gone off.
    pub(crate) fn went_off(&mut self, at: Millis) {
        if let Some(found) = self.0.iter().rposition(|waiting| *waiting == at) {
            self.0.remove(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_sooner_has_a_timer_of_its_own() {
        let mut wakes = Wakes::default();
        assert_eq!(wakes.start(None), None);
        assert_eq!(wakes.start(Some(100)), Some(100));
        assert_eq!(wakes.start(Some(100)), None);
        assert_eq!(wakes.start(Some(50)), Some(50));
        assert_eq!(wakes.start(Some(70)), None);
        wakes.went_off(50);
        assert_eq!(wakes.start(Some(100)), None, "it runs still");
        assert_eq!(wakes.start(Some(99)), Some(99));
        wakes.went_off(99);
        wakes.went_off(100);
        assert_eq!(wakes.start(Some(100)), Some(100));
    }
}
