//! What members show of themselves: kept at once, sent when the [lane](super::presence_lane) lets it.

use bytes::Bytes;

use super::{Connected, Effect, Refused, Room};
use crate::frame::encode;
use crate::roster::Place;
use crate::{ConnectionId, Json, MemberId, Millis};

impl Room {
    pub(super) fn set_presence(
        &mut self,
        connection: ConnectionId,
        state: Option<Json>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_presence(state.as_ref())?;
        let Connected { place, .. } = *self.connections.get(&connection).ok_or(Refused::NotIn)?;
        self.roster.set_state(place, state.as_ref()).ok_or(Refused::NotIn)?;
        effects.extend(self.kept(connection).map(Effect::Persist));
        if self.presence.mark(place, now) {
            self.flush_presence(now, effects);
        }
        Ok(())
    }

    /// Everything the lane holds, as one effect.
    pub(super) fn flush_presence(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let changed = self.presence.take();
        let each: Vec<_> = changed.into_iter().filter_map(|place| self.update_of(place)).collect();
        let bytes: usize = each.iter().map(|(_, frame)| frame.len()).sum();
        self.presence.sent(now, bytes * self.connections.len(), &self.config.limits);
        self.push_updates(each, effects);
    }

    /// What a member does next must find the state it set before, or one sender's frames would change their order.
    pub(super) fn flush_one(&mut self, place: Place, effects: &mut Vec<Effect>) {
        if self.presence.forget(place) {
            let each = self.update_of(place).into_iter().collect();
            self.push_updates(each, effects);
        }
    }

    fn push_updates(&self, each: Vec<(MemberId, Bytes)>, effects: &mut Vec<Effect>) {
        if each.is_empty() {
            return;
        }
        let worth_a_batch = each.len() > 1 && self.v1_connections > 0;
        let batch = worth_a_batch.then(|| encode::batch(each.iter().map(|(_, frame)| frame)));
        effects.push(Effect::Updates { each, batch });
    }

    fn update_of(&self, place: Place) -> Option<(MemberId, Bytes)> {
        let entry = self.roster.get(place)?;
        Some((entry.member.clone(), encode::update(&entry.member, entry.state.as_ref())))
    }

    pub(super) fn check_presence(&self, state: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (state.map_or(0, Json::size), self.config.limits.presence_bytes);
        if bytes > limit { Err(Refused::PresenceTooLarge { bytes, limit }) } else { Ok(()) }
    }
}
