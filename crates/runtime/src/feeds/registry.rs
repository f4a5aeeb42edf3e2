//! All feeds and live values of this process, found by topic.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use roomful_core::pattern::Topic;
use roomful_core::session::LongestFirst;
use roomful_core::{Close, Json, Limits, MemberId};

use super::audience::Listening;
use super::beginning::Beginning;
use super::exchange::ListenersHere;
use super::exchanges::{Exchanges, Held};
use super::live_feed::{LiveFeed, check_size};
use super::loader::Loader;
use super::name::{Abandoned, Name, Registry, ValueKey};
use super::shared_value::SharedValue;
use super::subscription::Subscription;
use crate::line::Line;
use crate::lock::lock;
use crate::process::Process;
use crate::unwind::let_go;
use crate::{Result, metrics};

pub(crate) struct Feeds {
    process: Arc<Process>,
    exchanges: Arc<Exchanges>,
    feeds: Mutex<HashMap<Topic, Arc<LiveFeed>>>,
    values: Mutex<HashMap<Topic, HashMap<ValueKey, Arc<SharedValue>>>>,
    /// Those that nobody listens to.
    unheard: Mutex<LongestFirst<Name>>,
    /// In a process for one topic: which that is, from its first listener on.
    home: Option<OnceLock<Topic>>,
}

/// One who begins to listen.
pub(crate) struct Listener<'a> {
    pub(crate) member: &'a MemberId,
    pub(crate) line: &'a Arc<Line>,
    pub(crate) limits: &'a Arc<Limits>,
    pub(crate) beginning: Beginning,
}

impl Feeds {
    pub(crate) fn new(process: &Arc<Process>, is_for_one_topic: bool) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| Self {
            exchanges: Exchanges::new(process, this.clone() as _),
            process: Arc::clone(process),
            feeds: Mutex::default(),
            values: Mutex::default(),
            unheard: Mutex::default(),
            home: is_for_one_topic.then(OnceLock::new),
        })
    }

    /// Whether those who listen to this topic do so in this process, and in no other.
    pub(crate) fn is_home_of(&self, topic: &Topic) -> bool {
        self.home.as_ref().and_then(OnceLock::get) == Some(topic)
    }

    /// Every topic that somebody listens to, or did lately.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let mut topics: Vec<_> = lock(&self.feeds).keys().cloned().collect();
        topics.extend(lock(&self.values).keys().filter(|topic| !topics.contains(topic)).cloned().collect::<Vec<_>>());
        topics
    }

    fn is_home_from_now_on(&self, topic: &Topic) {
        if let Some(home) = &self.home {
            home.get_or_init(|| topic.clone());
        }
    }

    fn as_registry(self: &Arc<Self>) -> Weak<dyn Registry> {
        let this: Weak<Self> = Arc::downgrade(self);
        this
    }

    /// Begins to listen to the feed of that topic, which is made where there is none.
    pub(crate) fn listen(
        self: &Arc<Self>,
        topic: &Topic,
        Listener { member, line, limits, beginning }: Listener<'_>,
    ) -> Result<Arc<dyn Listening>, Close> {
        self.is_home_from_now_on(topic);
        loop {
            let feed = self.find_or_create_feed(topic, limits, beginning).ok_or(Close::OVERLOADED)?;
            feed.take_part(|| self.exchanges.hold(topic));
            match feed.listen(member, line, beginning) {
                Ok(()) => return Ok(feed),
                Err(Abandoned) => self.forget(feed.name(), Arc::as_ptr(&feed).cast()),
            }
        }
    }

    /// Begins to listen to a live value, which is made where there is none.
    pub(crate) fn follow(
        self: &Arc<Self>,
        (topic, key): (&Topic, ValueKey),
        loader: &Arc<dyn Loader>,
        Listener { member, line, limits, beginning }: Listener<'_>,
    ) -> Result<Arc<dyn Listening>, Close> {
        self.is_home_from_now_on(topic);
        let name = Name { topic: topic.clone(), value: Some(key) };
        loop {
            let value = self.find_or_create_value(&name, limits, (loader, beginning)).ok_or(Close::OVERLOADED)?;
            value.take_part(|| self.exchanges.hold(topic));
            match value.listen(member, line, beginning) {
                Ok(()) => return Ok(value),
                Err(Abandoned) => self.forget(value.name(), Arc::as_ptr(&value).cast()),
            }
        }
    }

    /// From here on whatever another node publishes under that topic is heard, as long as what is returned is held. `None`: there are
    /// no other nodes.
    pub(crate) async fn hears_others(&self, topic: &Topic) -> Option<Held> {
        let held = self.exchanges.hold(topic)?;
        held.exchange().begun().await;
        Some(held)
    }

    /// To everybody who listens to the feed of that topic, at any node. The live values of the topic may have changed. `limits` are
    /// asked for where there is no feed: what is too large is so whether somebody listens or not.
    pub(crate) fn publish<'a>(&self, topic: &Topic, event: &Json, limits: impl FnOnce() -> &'a Limits) -> Result {
        let publish_here = || match self.find_feed(topic) {
            Some(feed) => feed.publish(event),
            None => check_size(event, limits()),
        };
        let published = match self.exchanges.hold(topic) {
            Some(held) => held.exchange().publish(event, publish_here),
            None => publish_here(),
        };
        // Whoever could be told or not: it has happened.
        self.wake_here(topic);
        published
    }

    /// The live values of that topic may have changed, at any node. `false`: nobody here listens to any.
    pub(crate) fn wake(&self, topic: &Topic) -> Result<bool> {
        let is_heard = self.wake_here(topic);
        self.exchanges.hold(topic).map_or(Ok(()), |held| held.exchange().wake())?;
        Ok(is_heard)
    }

    fn wake_here(&self, topic: &Topic) -> bool {
        let values: Vec<_> = lock(&self.values).get(topic).into_iter().flat_map(HashMap::values).cloned().collect();
        values.iter().for_each(|value| value.wake());
        !values.is_empty()
    }

    /// All live values may have changed.
    pub(crate) fn wake_all(&self) {
        self.all_values().iter().for_each(|value| value.wake());
    }

    /// This process is a node of a cluster from here on.
    pub(crate) fn take_part(&self) {
        // Those that begin later do so knowing it.
        for feed in self.all_feeds() {
            feed.take_part(|| self.exchanges.hold(&feed.name().topic));
        }
        for value in self.all_values() {
            value.take_part(|| self.exchanges.hold(&value.name().topic));
        }
    }

    fn all_feeds(&self) -> Vec<Arc<LiveFeed>> {
        lock(&self.feeds).values().cloned().collect()
    }

    fn all_values(&self) -> Vec<Arc<SharedValue>> {
        lock(&self.values).values().flat_map(HashMap::values).cloned().collect()
    }

    /// What is published from now on, for the app itself. It may have as many of these as it likes.
    pub(crate) fn subscribe(self: &Arc<Self>, topic: &Topic, limits: &Arc<Limits>) -> Subscription {
        loop {
            let feed = self.find_feed(topic).unwrap_or_else(|| {
                self.process.feed_of_app_begins();
                self.insert_feed(topic, limits, Beginning::Anew { resume: None })
            });
            feed.take_part(|| self.exchanges.hold(topic));
            match feed.subscribe() {
                Ok(subscription) => return subscription,
                Err(Abandoned) => self.forget(feed.name(), Arc::as_ptr(&feed).cast()),
            }
        }
    }

    /// The process stops: what the app itself listens to comes to its end.
    pub(crate) fn drain(&self) {
        self.all_feeds().iter().for_each(|feed| feed.drain());
    }

    /// Another process takes everything over.
    pub(crate) fn put_away(&self) {
        let feeds: Vec<_> = lock(&self.feeds).drain().map(|(_, feed)| feed).collect();
        feeds.iter().for_each(|feed| feed.put_away());
        let values: Vec<_> = lock(&self.values).drain().flat_map(|(_, values)| values.into_values()).collect();
        values.iter().for_each(|value| value.put_away());
    }

    fn forgotten(&self, name: &Name) {
        lock(&self.unheard).remove(name);
        self.process.feed_ended();
    }

    fn find_feed(&self, topic: &Topic) -> Option<Arc<LiveFeed>> {
        lock(&self.feeds).get(topic).cloned()
    }

    fn find_or_create_feed(
        self: &Arc<Self>,
        topic: &Topic,
        limits: &Arc<Limits>,
        beginning: Beginning,
    ) -> Option<Arc<LiveFeed>> {
        if let Some(feed) = self.find_feed(topic) {
            return Some(feed);
        }
        self.one_more()?;
        Some(self.insert_feed(topic, limits, beginning))
    }

    /// One that was counted; or another's, which was quicker.
    fn insert_feed(self: &Arc<Self>, topic: &Topic, limits: &Arc<Limits>, beginning: Beginning) -> Arc<LiveFeed> {
        let mut feeds = lock(&self.feeds);
        if let Some(feed) = feeds.get(topic) {
            self.process.feed_ended();
            return Arc::clone(feed);
        }
        let feed = LiveFeed::new(topic, &self.process, self.as_registry(), (limits, beginning.run(&self.process)));
        feeds.insert(topic.clone(), Arc::clone(&feed));
        feed
    }

    fn find_or_create_value(
        self: &Arc<Self>,
        name: &Name,
        limits: &Arc<Limits>,
        (loader, beginning): (&Arc<dyn Loader>, Beginning),
    ) -> Option<Arc<SharedValue>> {
        let key = name.value.as_ref()?;
        let found = lock(&self.values).get(&name.topic).and_then(|values| values.get(key)).cloned();
        if found.is_some() {
            return found;
        }
        self.one_more()?;
        let mut values = lock(&self.values);
        let of_topic = values.entry(name.topic.clone()).or_default();
        if let Some(value) = of_topic.get(key) {
            self.process.feed_ended();
            return Some(Arc::clone(value));
        }
        let begun = (limits, beginning.run(&self.process));
        let value = SharedValue::new(name.clone(), &self.process, self.as_registry(), begun, Arc::clone(loader));
        of_topic.insert(key.clone(), Arc::clone(&value));
        Some(value)
    }

    /// Counts one more, in place of the one that nobody has listened to for the longest where there are as many as may be. `None`:
    /// somebody listens to each.
    fn one_more(&self) -> Option<()> {
        while !self.process.feed_begins() {
            let longest = {
                let mut unheard = lock(&self.unheard);
                let longest = unheard.first().cloned()?;
                unheard.remove(&longest);
                longest
            };
            self.let_go(&longest);
        }
        Some(())
    }

    fn let_go(&self, name: &Name) {
        let Some(key) = &name.value else {
            if let Some(feed) = self.find_feed(&name.topic).filter(|feed| feed.let_go()) {
                metrics::session_let_go("feeds");
                self.forget(feed.name(), Arc::as_ptr(&feed).cast());
            }
            return;
        };
        let value = lock(&self.values).get(&name.topic).and_then(|values| values.get(key)).cloned();
        if let Some(value) = value.filter(|value| value.let_go()) {
            metrics::session_let_go("feeds");
            self.forget(value.name(), Arc::as_ptr(&value).cast());
        }
    }
}

impl ListenersHere for Feeds {
    fn published(&self, topic: &Topic, event: &Json) {
        if let Some(feed) = self.find_feed(topic) {
            feed.published(event);
        }
    }

    fn missed(&self, topic: &Topic, events: u64) {
        if let Some(feed) = self.find_feed(topic) {
            feed.miss(events);
        }
    }

    fn woken(&self, topic: &Topic) {
        self.wake_here(topic);
    }
}

impl Registry for Feeds {
    fn set_heard(&self, name: &Name, is_heard: bool) {
        let mut unheard = lock(&self.unheard);
        if is_heard {
            unheard.remove(name);
        } else {
            unheard.push(name.clone());
        }
    }

    fn forget(&self, name: &Name, which: *const ()) {
        let Some(key) = &name.value else {
            let mut feeds = lock(&self.feeds);
            if feeds.get(&name.topic).is_some_and(|found| Arc::as_ptr(found).cast() == which) {
                let forgotten = feeds.remove(&name.topic);
                drop(feeds);
                self.forgotten(name);
                drop(forgotten);
            }
            return;
        };
        let mut values = lock(&self.values);
        let Some(of_topic) = values.get_mut(&name.topic) else { return };
        if of_topic.get(key).is_some_and(|found| Arc::as_ptr(found).cast() == which) {
            let forgotten = of_topic.remove(key);
            if of_topic.is_empty() {
                values.remove(&name.topic);
            }
            drop(values);
            self.forgotten(name);
            // It may hold the last of what the app loads it with.
            let_go(forgotten);
        }
    }
}
