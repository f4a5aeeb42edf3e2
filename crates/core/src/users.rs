//! Which users are in which rooms of a process: when one has come, when it has gone, and what the app is to be told of that.
//!
//! ```text
//!            came                 went                  its moment is over
//!  nobody ─────────▶ here ────────────────▶ lingering ─────────────────────▶ gone
//!                     ▲          came           │                              │
//!                     ├─────────────────────────┘             came             │
//!                     └────────────────────────────────────────────────────────┘
//! ```
//!
//! A room says when a user's first member [came](crate::room::Effect::UserCame) and when its last one
//! [went](crate::room::Effect::UserWent). A page that is loaded anew is both, one soon after the other, so whoever went
//! lingers for a moment, and is told to have gone when that is over. A room does not live as long, so this is the process's.
//!
//! The app is told of each stay twice, that it began and that it ended, one after the other, however long a hook takes: what
//! happens meanwhile waits as a number, because it can only be ends and begins in turn.

use std::collections::{BTreeMap, HashMap};

use crate::pattern::Topic;
use crate::{Millis, UserId};

/// All users who are in a room of this process, or linger. `V` is what the app is told by; a clone is cheap.
///
/// ```
/// use roomful_core::UserId;
/// use roomful_core::key::Params;
/// use roomful_core::pattern::Pattern;
/// use roomful_core::users::{Effect, News, Users};
///
/// let lobby = Pattern::parse("lobby")?.topic(&Params::default())?;
/// let ann = UserId::new("ann")?;
/// let mut users = Users::new(1_000);
/// let mut effects = Vec::new();
/// users.came(&lobby, &ann, "by her first tab", &mut effects);
/// assert!(matches!(&effects[..], [Effect::Tell { news: News::Came, .. }]));
/// users.told(&lobby, &ann, &mut effects);
/// users.went(&lobby, &ann, 5_000, 2_000, &mut effects);
/// assert_eq!((users.next_wake(), effects.len()), (Some(7_000), 1));
/// users.wake(7_000, &mut effects);
/// assert!(matches!(&effects[1], Effect::Tell { news: News::Gone, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Users<V> {
    rooms: HashMap<Topic, HashMap<UserId, Stay<V>>>,
    /// Who lingers, by the end of its moment.
    lingering: BTreeMap<Moment, (Topic, UserId)>,
    /// So many have lingered.
    lingered: u64,
    most_lingering: usize,
    /// How many are gone and not told to be, or not to the end.
    gone: usize,
    /// Whether the process stops, so that nobody is waited for.
    draining: bool,
}

/// When a moment is over; of two that end together the one that began first.
type Moment = (Millis, u64);

/// One user in one room.
#[derive(Debug)]
struct Stay<V> {
    visit: V,
    stands: Stands,
    /// What the app was told last, or is being told.
    news: News,
    /// Whether it is being told.
    is_told: bool,
    /// How much it is still to be told: the opposite of what it was told last, then the opposite of that.
    waiting: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Here,
    Lingering(Moment),
    Gone,
}

/// What the app is told of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It has come.
    Came,
    /// It has gone.
    Gone,
}

/// What the runtime is to do, in the order the effects stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<V> {
    /// Tell the app, and say [`told`](Users::told) when it has been.
    Tell {
        /// In which room.
        topic: Topic,
        /// Of whom.
        user: UserId,
        /// What.
        news: News,
        /// By what: the newest that this user came with.
        visit: V,
    },
    /// This is not needed any more. It may hold values of the app's, so drop it where no lock is held.
    Drop(V),
}

impl<V: Clone> Users<V> {
    /// Nobody is there, and so many may linger at once.
    #[must_use]
    pub fn new(most_lingering: usize) -> Self {
        let (rooms, lingering) = (HashMap::new(), BTreeMap::new());
        Self { rooms, lingering, lingered: 0, most_lingering, gone: 0, draining: false }
    }

    /// A user's first member came to a room.
    pub fn came(&mut self, topic: &Topic, user: &UserId, visit: V, effects: &mut Vec<Effect<V>>) {
        let stays = self.rooms.entry(topic.clone()).or_default();
        let Some(stay) = stays.get_mut(user) else {
            let mut stay = Stay { visit, stands: Stands::Here, news: News::Gone, is_told: false, waiting: 0 };
            stay.tell(topic, user, effects);
            stays.insert(user.clone(), stay);
            return;
        };
        effects.push(Effect::Drop(std::mem::replace(&mut stay.visit, visit)));
        match std::mem::replace(&mut stay.stands, Stands::Here) {
            Stands::Here => {}
            Stands::Lingering(moment) => drop(self.lingering.remove(&moment)),
            Stands::Gone => {
                self.gone -= 1;
                stay.tell(topic, user, effects);
            }
        }
    }

    /// A user is in a room of which another process has told the app.
    pub fn restored(&mut self, topic: &Topic, user: &UserId, visit: V, effects: &mut Vec<Effect<V>>) {
        let stays = self.rooms.entry(topic.clone()).or_default();
        if stays.contains_key(user) {
            return effects.push(Effect::Drop(visit));
        }
        let stay = Stay { visit, stands: Stands::Here, news: News::Came, is_told: false, waiting: 0 };
        stays.insert(user.clone(), stay);
    }

    /// A user has a member in a room of this process, and whether the app is to be told of that is
    /// [still to be said](Self::tell_came), or another process has told it.
    pub fn here(&mut self, topic: &Topic, user: &UserId, visit: V, effects: &mut Vec<Effect<V>>) {
        let stays = self.rooms.entry(topic.clone()).or_default();
        let Some(stay) = stays.get_mut(user) else {
            let stay = Stay { visit, stands: Stands::Here, news: News::Came, is_told: false, waiting: 0 };
            stays.insert(user.clone(), stay);
            return;
        };
        effects.push(Effect::Drop(std::mem::replace(&mut stay.visit, visit)));
        match std::mem::replace(&mut stay.stands, Stands::Here) {
            Stands::Here => {}
            Stands::Lingering(moment) => drop(self.lingering.remove(&moment)),
            Stands::Gone => self.gone -= 1,
        }
    }

    /// It is this process that tells the app of a user who is [here](Self::here).
    pub fn tell_came(&mut self, topic: &Topic, user: &UserId, effects: &mut Vec<Effect<V>>) {
        let Some(stay) = self.rooms.get_mut(topic).and_then(|stays| stays.get_mut(user)) else { return };
        if !stay.is_told {
            stay.news = News::Gone;
        }
        if stay.last() == News::Gone {
            stay.tell(topic, user, effects);
        }
    }

    /// A user has no member here any more, and is where another process tells the app of it.
    pub fn moved(&mut self, topic: &Topic, user: &UserId, effects: &mut Vec<Effect<V>>) {
        let Some(stays) = self.rooms.get_mut(topic) else { return };
        let Some(stay) = stays.get_mut(user).filter(|stay| stay.stands == Stands::Here) else { return };
        if stay.is_told {
            stay.stands = Stands::Gone;
            self.gone += 1;
            return;
        }
        effects.extend(stays.remove(user).map(|stay| Effect::Drop(stay.visit)));
        if stays.is_empty() {
            self.rooms.remove(topic);
        }
    }

    /// A user's last member left a room, where users linger for so many milliseconds. `true`: too many do, so the one whose
    /// moment is over first has gone before it is.
    pub fn went(
        &mut self,
        topic: &Topic,
        user: &UserId,
        now: Millis,
        linger_ms: Millis,
        effects: &mut Vec<Effect<V>>,
    ) -> bool {
        let Some(stay) = self.rooms.get_mut(topic).and_then(|stays| stays.get_mut(user)) else { return false };
        if stay.stands != Stands::Here {
            return false;
        }
        let moment = (now.saturating_add(linger_ms), self.lingered);
        self.lingered += 1;
        stay.stands = Stands::Lingering(moment);
        self.lingering.insert(moment, (topic.clone(), user.clone()));
        if self.draining || linger_ms == 0 {
            self.end(moment, effects);
            return false;
        }
        let is_over = self.lingering.len() > self.most_lingering;
        if let (true, Some((first, _))) = (is_over, self.lingering.first_key_value()) {
            self.end(*first, effects);
        }
        is_over
    }

    /// When [`wake`](Users::wake) is due. Ask after everything else: it may be sooner than it was.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        self.lingering.first_key_value().map(|((until, _), _)| *until)
    }

    /// Whose moment is over has gone. It may come late, and in vain.
    pub fn wake(&mut self, now: Millis, effects: &mut Vec<Effect<V>>) {
        while let Some((moment, _)) = self.lingering.first_key_value()
            && moment.0 <= now
        {
            self.end(*moment, effects);
        }
    }

    /// Nobody waits for this user any more, in this room or in all. `true`: it lingered.
    pub fn forgo(&mut self, topic: Option<&Topic>, user: &UserId, effects: &mut Vec<Effect<V>>) -> bool {
        let is_meant = |of: &(Topic, UserId)| of.1 == *user && topic.is_none_or(|topic| of.0 == *topic);
        let moments: Vec<_> = self.lingering.iter().filter(|(_, of)| is_meant(of)).map(|(moment, _)| *moment).collect();
        moments.iter().for_each(|moment| self.end(*moment, effects));
        !moments.is_empty()
    }

    /// The process stops: nobody lingers from here on.
    pub fn drain(&mut self, effects: &mut Vec<Effect<V>>) {
        self.draining = true;
        self.wake(Millis::MAX, effects);
    }

    /// The app has been told what it was to be told of this user.
    pub fn told(&mut self, topic: &Topic, user: &UserId, effects: &mut Vec<Effect<V>>) {
        let Some(stays) = self.rooms.get_mut(topic) else { return };
        let Some(stay) = stays.get_mut(user) else { return };
        stay.is_told = false;
        if stay.waiting > 0 {
            stay.waiting -= 1;
            return stay.tell(topic, user, effects);
        }
        if stay.stands == Stands::Gone {
            self.gone -= 1;
            effects.extend(stays.remove(user).map(|stay| Effect::Drop(stay.visit)));
            if stays.is_empty() {
                self.rooms.remove(topic);
            }
        }
    }

    /// Who lingers in a room.
    pub fn lingering_in<'a>(&'a self, topic: &Topic) -> impl Iterator<Item = &'a UserId> + use<'a, V> {
        let stays = self.rooms.get(topic).into_iter().flatten();
        stays.filter(|(_, stay)| matches!(stay.stands, Stands::Lingering(_))).map(|(user, _)| user)
    }

    /// Who lingers in any room, once for each.
    pub fn lingering(&self) -> impl Iterator<Item = &UserId> {
        self.lingering.values().map(|(_, user)| user)
    }

    /// How many are gone, and the app has not been told to the end.
    #[must_use]
    pub fn gone(&self) -> usize {
        self.gone
    }

    /// Whether nobody is there, and nothing is still to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    fn end(&mut self, moment: Moment, effects: &mut Vec<Effect<V>>) {
        let Some((topic, user)) = self.lingering.remove(&moment) else { return };
        let Some(stay) = self.rooms.get_mut(&topic).and_then(|stays| stays.get_mut(&user)) else { return };
        stay.stands = Stands::Gone;
        self.gone += 1;
        if stay.last() == News::Came {
            stay.tell(&topic, &user, effects);
        }
    }
}

impl<V: Clone> Stay<V> {
    /// What the app will have been told last when nothing waits any more.
    fn last(&self) -> News {
        match (self.news, self.waiting.is_multiple_of(2)) {
            (news, true) => news,
            (News::Came, false) => News::Gone,
            (News::Gone, false) => News::Came,
        }
    }

    /// Tells the app the opposite of what it was told before, now or when it has been told that.
    fn tell(&mut self, topic: &Topic, user: &UserId, effects: &mut Vec<Effect<V>>) {
        if self.is_told {
            self.waiting += 1;
            return;
        }
        self.is_told = true;
        self.news = match self.news {
            News::Came => News::Gone,
            News::Gone => News::Came,
        };
        let (topic, user, visit) = (topic.clone(), user.clone(), self.visit.clone());
        effects.push(Effect::Tell { topic, user, news: self.news, visit });
    }
}
