//! The wakes that a room has asked for.

use roomful_core::Millis;
use roomful_core::room::Effect;

use crate::fault::Fault;
use crate::tally::Seen;

/// Those that have not come, the soonest last.
#[derive(Default)]
pub(crate) struct WakeWatch(Vec<Millis>);

impl WakeWatch {
    pub(crate) fn soonest(&self) -> Option<Millis> {
        self.0.last().copied()
    }

    /// A wake is given to the room.
    pub(crate) fn came(&mut self) {
        self.0.pop();
    }

    /// The room was put away. `true`: a wake was still to come.
    pub(crate) fn restart(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }

    /// The effects of one input, after which something is to be done at `needed`.
    pub(crate) fn watch(
        &mut self,
        effects: &[Effect],
        needed: Option<Millis>,
        now: Millis,
        is_wake: bool,
    ) -> Result<Vec<Seen>, Fault> {
        let mut seen = Vec::new();
        for effect in effects {
            let Effect::WakeAt(at) = effect else { continue };
            ensure!(needed == Some(*at) && *at > now, "asked to be woken at {at}, not at {needed:?}");
            ensure!(self.0.iter().all(|other| at < other), "asked to be woken at {at} with {:?} to come", self.0);
            seen.extend((!self.0.is_empty()).then_some(Seen::SoonerWake));
            seen.extend(is_wake.then_some(Seen::WakeAgain));
            self.0.push(*at);
        }
        let comes = needed.is_none_or(|needed| self.soonest().is_some_and(|soonest| soonest <= needed));
        ensure!(comes, "something waits until {needed:?}, and the wakes to come are {:?}", self.0);
        ensure!(self.0.len() <= 2, "{} wakes are to come, of two lanes", self.0.len());
        Ok(seen)
    }
}
