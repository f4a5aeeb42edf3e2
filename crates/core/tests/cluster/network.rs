//! A broker, and what lies between it and the nodes.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use roomful_core::Millis;
use roomful_core::cluster::{Address, Audible, Subject};

use crate::rng::Rng;

/// Where a node stands.
pub(crate) type Slot = usize;

/// What the broker can say of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    HowMany,
    Whether,
    Nothing,
}

/// How badly the links do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) lost_percent: u64,
    pub(crate) doubled_percent: u64,
    pub(crate) delay_ms: Millis,
}

#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    Envelope(Bytes),
    Audible(Subject, Audible),
}

/// One way of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) sends: bool,
    pub(crate) hears: bool,
    /// Which half of a split broker it leads to.
    pub(crate) side: u8,
}

impl Default for Link {
    fn default() -> Self {
        Self { sends: true, hears: true, side: 0 }
    }
}

pub(crate) struct Network {
    pub(crate) says: Says,
    pub(crate) weather: Weather,
    pub(crate) links: Vec<Link>,
    subscribed: BTreeMap<Subject, BTreeSet<Slot>>,
    /// Those whose subscription the broker does not know any more, while they believe that it does.
    forgotten: BTreeSet<(Subject, Slot)>,
    /// By the time of its arrival, and the order in which it was sent.
    under_way: BTreeMap<(Millis, u64), (Slot, Arrival)>,
    sent: u64,
    /// What one publisher sends one receiver keeps its order.
    last: BTreeMap<(Slot, Slot), Millis>,
    /// All that was ever published, for who plays it again.
    pub(crate) captured: Vec<Bytes>,
    /// A node of a later release, which says more at the end of all that it says.
    pub(crate) later: Option<Slot>,
}

impl Network {
    pub(crate) fn new(slots: usize, says: Says) -> Self {
        Self {
            says,
            weather: Weather::default(),
            links: vec![Link::default(); slots],
            subscribed: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            last: BTreeMap::new(),
            captured: Vec::new(),
            later: None,
        }
    }

    pub(crate) fn subscribe(&mut self, slot: Slot, subject: Subject) {
        self.subscribed.entry(subject).or_default().insert(slot);
        self.forgotten.remove(&(subject, slot));
    }

    pub(crate) fn unsubscribe(&mut self, slot: Slot, subject: &Subject) {
        if let Some(slots) = self.subscribed.get_mut(subject) {
            slots.remove(&slot);
        }
    }

    /// The broker forgets who listens to what, of one node and by chance.
    pub(crate) fn forget_subscriptions(&mut self, slot: Slot, rng: &mut Rng) {
        let of_slot = self.subscribed.iter().filter(|(_, slots)| slots.contains(&slot)).map(|(subject, _)| *subject);
        self.forgotten.extend(of_slot.filter(|_| rng.percent(50)).map(|subject| (subject, slot)));
    }

    /// Fresh links, which are told what is listened to.
    pub(crate) fn subscribe_anew(&mut self) {
        self.forgotten.clear();
    }

    /// A node reads too slowly: what waits for it is dropped.
    pub(crate) fn drop_under_way(&mut self, slot: Slot) {
        self.under_way.retain(|_, (to, _)| *to != slot);
    }

    /// Its process is no more.
    pub(crate) fn disconnect(&mut self, slot: Slot) {
        self.subscribed.values_mut().for_each(|slots| slots.retain(|subscribed| *subscribed != slot));
        self.forgotten.retain(|(_, forgotten)| *forgotten != slot);
        self.under_way.retain(|_, (to, _)| *to != slot);
    }

    /// `node_of` is where an addressed node stands.
    pub(crate) fn publish(
        &mut self,
        (from, to, asks): (Slot, Address, Option<Subject>),
        envelope: &Bytes,
        node: Option<Slot>,
        (now, rng): (Millis, &mut Rng),
    ) {
        let envelope =
            &if self.later == Some(from) { [envelope, &b"more"[..]].concat().into() } else { envelope.clone() };
        self.captured.push(envelope.clone());
        let everybody = || (0..self.links.len()).collect::<Vec<_>>();
        let (subscribed, forgotten) = (&self.subscribed, &self.forgotten);
        let of_room = |subject: &Subject| {
            let slots = subscribed.get(subject).into_iter().flatten();
            slots.copied().filter(|slot| !forgotten.contains(&(*subject, *slot))).collect::<BTreeSet<_>>()
        };
        let asked: Vec<Slot> = asks.iter().flat_map(of_room).collect();
        let receivers: Vec<Slot> = match to {
            Address::Everybody => everybody(),
            Address::Node(_) => node.into_iter().collect(),
            Address::Room(_) if asks.is_some() && self.says == Says::Nothing => everybody(),
            Address::Room(subject) => of_room(&subject).into_iter().collect(),
        };
        let Some(link) = self.links.get(from).copied() else { return };
        if !link.sends {
            return;
        }
        for receiver in receivers {
            let hears = self.links.get(receiver).is_some_and(|other| other.hears && other.side == link.side);
            if !hears || rng.percent(self.weather.lost_percent) {
                continue;
            }
            self.carry((from, receiver), Arrival::Envelope(envelope.clone()), now, rng);
            if rng.percent(self.weather.doubled_percent) {
                self.carry((from, receiver), Arrival::Envelope(envelope.clone()), now, rng);
            }
        }
        if let Some(subject) = asks.filter(|_| link.hears && !rng.percent(self.weather.lost_percent)) {
            let others = asked
                .into_iter()
                .filter(|slot| *slot != from && self.links.get(*slot).is_some_and(|other| other.side == link.side));
            let by = match (self.says, others.count() as u64) {
                (Says::Nothing, _) => Audible::Unknown,
                (Says::Whether, 1..) => Audible::Somebody,
                (_, count) => Audible::By(count),
            };
            self.carry((from, from), Arrival::Audible(subject, by), now, rng);
        }
    }

    fn carry(&mut self, (from, to): (Slot, Slot), arrival: Arrival, now: Millis, rng: &mut Rng) {
        let delay = rng.below(self.weather.delay_ms + 1);
        let last = self.last.entry((from, to)).or_insert(0);
        *last = (*last).max(now + delay);
        self.sent += 1;
        self.under_way.insert((*last, self.sent), (to, arrival));
    }

    /// Somebody plays an envelope to a node.
    pub(crate) fn play(&mut self, to: Slot, envelope: Bytes, now: Millis) {
        self.sent += 1;
        self.under_way.insert((now, self.sent), (to, Arrival::Envelope(envelope)));
    }

    pub(crate) fn next_arrival(&self) -> Option<Millis> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn arrive(&mut self, now: Millis) -> Option<(Slot, Arrival)> {
        let first = self.under_way.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}
