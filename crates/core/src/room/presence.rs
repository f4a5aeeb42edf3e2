//! What members show of themselves, and what the server says of them: kept at once, told when the
//! [lane](super::presence_lane) lets it.

use super::{Change, Effect, News, Refused, RoomEngine, Update};
use crate::frame::fanout;
use crate::roster::Place;
use crate::{Json, MemberId, Millis};

impl RoomEngine {
    pub(super) fn set_presence(
        &mut self,
        member: &MemberId,
        state: Option<Json>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_presence(state.as_ref())?;
        let place = self.speaking_place(member)?;
        self.roster.set_state(place, state).ok_or(Refused::NotIn)?;
        self.keep(place, effects);
        if self.presence.mark(place, News::State, now) {
            self.flush_presence(now, effects);
        }
        Ok(())
    }

    /// A room that may be put away tells it at once: of an info that the lane held nobody would know afterwards that it is
    /// still to be told.
    pub(super) fn set_info(
        &mut self,
        member: &MemberId,
        info: Option<Json>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_info(info.as_ref())?;
        let place = self.speaking_place(member)?;
        if self.roster.get(place).is_none_or(|entry| entry.info() == info) {
            return Ok(());
        }
        self.roster.set_info(place, info).ok_or(Refused::NotIn)?;
        self.keep(place, effects);
        let is_open = self.presence.mark(place, News::Info, now);
        if is_open {
            self.flush_presence(now, effects);
        } else if self.config.may_be_put_away {
            self.flush_one(place, effects);
        }
        Ok(())
    }

    /// Everything the lane holds, as one effect.
    pub(super) fn flush_presence(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let changed = self.presence.take();
        let updates: Vec<_> = changed.into_iter().filter_map(|(place, news)| self.update_of(place, news)).collect();
        // Where nobody hears it here, others may.
        let receivers = self.present.max(usize::from(self.elsewhere.is_some()));
        let bytes = fanout::update_bytes(&updates) * receivers;
        self.presence.sent(now, bytes, &self.config.limits);
        self.tell_updates(updates, effects);
    }

    /// What a member does next must find the state it set before, or one sender's frames would change their order.
    pub(super) fn flush_one(&mut self, place: Place, effects: &mut Vec<Effect>) {
        if let Some(news) = self.presence.forget(place) {
            let updates = self.update_of(place, news).into_iter().collect();
            self.tell_updates(updates, effects);
        }
    }

    /// Whoever is away is told everything when it is back.
    fn tell_updates(&mut self, updates: Vec<Update>, effects: &mut Vec<Effect>) {
        self.publish_updates(&updates);
        if updates.is_empty() || self.present == 0 {
            return;
        }
        let still_away = self.still_away(&updates);
        effects.push(Effect::Presence { updates });
        self.announce(still_away, None, effects);
    }

    /// Of those who are updated: what a member said before it lost its socket may change its state while it is away, and
    /// an update alone says that it is back.
    fn still_away(&self, updates: &[Update]) -> Vec<Change> {
        if self.present == self.local && self.elsewhere.is_none() {
            return Vec::new();
        }
        let is_away = |member: &MemberId| self.roster.find(member).is_some_and(|entry| entry.away);
        let away = updates.iter().map(|update| &update.member).filter(|member| is_away(member));
        away.map(|member| Change::Away { member: member.clone() }).collect()
    }

    fn update_of(&self, place: Place, news: News) -> Option<Update> {
        let row = self.roster.get(place)?;
        Some(Update { member: row.member.clone(), number: row.number, news, info: row.info(), state: row.state() })
    }

    pub(super) fn check_presence(&self, state: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (state.map_or(0, Json::size), self.config.limits.presence_bytes);
        if bytes > limit { Err(Refused::PresenceTooLarge { bytes, limit }) } else { Ok(()) }
    }

    pub(super) fn check_info(&self, info: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (info.map_or(0, Json::size), self.config.limits.info_bytes);
        if bytes > limit { Err(Refused::InfoTooLarge { bytes, limit }) } else { Ok(()) }
    }
}
