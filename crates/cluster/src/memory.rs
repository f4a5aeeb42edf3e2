//! A broker within one process, with faults to order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use roomful_core::cluster::{Address, Audible, Subject};
use roomful_runtime::Known;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::broker::check_size;
use crate::memory_history::MemoryHistory;
use crate::names::Names;
use crate::{BoxFuture, Broker, Command, ConnectError, Ear, Kept, Link, Lost, SayError, Speaker};

/// A broker within one process: for tests of an app's, and for those of everything that uses a broker. Clones are one broker.
///
/// It delivers at once and in order, and counts who hears a question. Each node has an [endpoint](Self::endpoint), and each of
/// these has faults to order.
#[derive(Debug, Clone)]
pub struct MemoryBroker {
    state: Arc<Mutex<State>>,
}

/// One node's way to a [`MemoryBroker`]. Clones are one endpoint.
#[derive(Debug, Clone)]
pub struct MemoryEndpoint {
    state: Arc<Mutex<State>>,
    id: u64,
    names: Names,
}

#[derive(Debug)]
struct State {
    most_bytes: usize,
    is_up: bool,
    next: u64,
    endpoints: BTreeMap<u64, Endpoint>,
    /// Who listens, by name.
    listening: BTreeMap<String, BTreeSet<u64>>,
    /// What is kept of rooms.
    histories: BTreeMap<Subject, MemoryHistory>,
}

#[derive(Debug, Default)]
struct Endpoint {
    faults: Faults,
    /// It is not stalled any more.
    goes_on: Arc<Notify>,
    link: Option<Live>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Faults {
    is_deaf: bool,
    is_mute: bool,
    is_stalled: bool,
    drops: u64,
    delay: Duration,
}

/// The link that an endpoint has.
#[derive(Debug)]
struct Live {
    id: u64,
    ear: Ear,
    /// What is on its way to it while there is a delay, in order.
    delayed: mpsc::UnboundedSender<(Instant, Saying)>,
}

/// What is said to those who listen.
#[derive(Debug, Clone)]
enum Saying {
    Envelope(Bytes),
    Kept { room: Subject, epoch: String, kept: Kept },
}

impl MemoryBroker {
    /// The most bytes of an envelope, as NATS has it: 1 MiB.
    pub const MOST_BYTES: usize = 1 << 20;

    /// One that is up, and takes [`MOST_BYTES`](Self::MOST_BYTES) at once.
    #[must_use]
    pub fn new() -> Self {
        Self::taking(Self::MOST_BYTES)
    }

    /// One that takes so many bytes at once.
    #[must_use]
    pub fn taking(most_bytes: usize) -> Self {
        let (endpoints, listening, histories) = Default::default();
        let state = State { most_bytes, is_up: true, next: 0, endpoints, listening, histories };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// One more node's way to it, for the rooms of this app.
    #[must_use]
    pub fn endpoint(&self, app: &str) -> MemoryEndpoint {
        let mut state = held(&self.state);
        let id = state.give_id();
        state.endpoints.insert(id, Endpoint::default());
        MemoryEndpoint { state: self.state.clone(), id, names: Names::of(app) }
    }

    /// It is gone: every link is lost, and none can be made.
    pub fn stop(&self) {
        let mut state = held(&self.state);
        state.is_up = false;
        let endpoints: Vec<u64> = state.endpoints.keys().copied().collect();
        endpoints.into_iter().for_each(|id| state.cut(id));
    }

    /// It has lost all that it kept of rooms, and goes on.
    pub fn forget(&self) {
        held(&self.state).histories.clear();
    }

    /// It is there again, and knows nobody.
    pub fn start(&self) {
        held(&self.state).is_up = true;
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryEndpoint {
    /// Loses the link that there is. Another can be made.
    pub fn cut(&self) {
        held(&self.state).cut(self.id);
    }

    /// Whether it hears nothing, and does not notice.
    pub fn set_deaf(&self, is_deaf: bool) {
        self.change(|faults| faults.is_deaf = is_deaf);
    }

    /// Whether nobody hears it, and it does not notice.
    pub fn set_mute(&self, is_mute: bool) {
        self.change(|faults| faults.is_mute = is_mute);
    }

    /// Whether the broker takes nothing of it, and the link does not end.
    pub fn set_stalled(&self, is_stalled: bool) {
        self.change(|faults| faults.is_stalled = is_stalled);
        if let (false, Some(endpoint)) = (is_stalled, held(&self.state).endpoints.get(&self.id)) {
            endpoint.goes_on.notify_waiters();
        }
    }

    /// Does not hear the next so many envelopes.
    pub fn drop_next(&self, envelopes: u64) {
        self.change(|faults| faults.drops = envelopes);
    }

    /// Hears everything so much later.
    pub fn set_delay(&self, delay: Duration) {
        self.change(|faults| faults.delay = delay);
    }

    async fn until_it_goes_on(&self) {
        let goes_on = {
            let state = held(&self.state);
            let Some(endpoint) = state.endpoints.get(&self.id).filter(|endpoint| endpoint.faults.is_stalled) else {
                return;
            };
            Arc::clone(&endpoint.goes_on).notified_owned()
        };
        goes_on.await;
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) {
        if let Some(endpoint) = held(&self.state).endpoints.get_mut(&self.id) {
            change(&mut endpoint.faults);
        }
    }
}

impl Broker for MemoryEndpoint {
    fn address(&self) -> String {
        "memory".to_owned()
    }

    fn connect(&self, ear: Ear) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async move {
            let mut state = held(&self.state);
            if !state.is_up {
                let (address, reason) = (self.address(), "it is stopped".to_owned());
                return Err(ConnectError::NoAnswer { address, reason });
            }
            state.cut(self.id);
            let (link, most_bytes) = (state.give_id(), state.most_bytes);
            let (delayed, arriving) = mpsc::unbounded_channel();
            if let Some(endpoint) = state.endpoints.get_mut(&self.id) {
                endpoint.link = Some(Live { id: link, ear: ear.clone(), delayed });
            }
            tokio::spawn(deliver_late(arriving, ear));
            let speaker = MemorySpeaker { endpoint: self.clone(), link, most_bytes };
            Ok(Link { speaker: Box::new(speaker), most_bytes })
        })
    }
}

struct MemorySpeaker {
    endpoint: MemoryEndpoint,
    link: u64,
    most_bytes: usize,
}

impl Speaker for MemorySpeaker {
    fn say(&mut self, command: Command) -> BoxFuture<'_, Result<(), SayError>> {
        Box::pin(async move {
            self.endpoint.until_it_goes_on().await;
            self.carry_out(command)
        })
    }

    fn begin_history(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Lost>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl MemorySpeaker {
    fn carry_out(&self, command: Command) -> Result<(), SayError> {
        let (id, mut state) = (self.endpoint.id, held(&self.endpoint.state));
        let ear = state.live(id, self.link).ok_or_else(|| Lost::new("it was cut"))?.ear.clone();
        let name = |address| self.endpoint.names.name(address);
        match command {
            Command::Subscribe(address) => state.listen(id, name(address)),
            Command::Open(room) => state.listen(id, name(Address::Room(room))),
            Command::Unsubscribe(address) => state.forget(id, &name(address)),
            Command::Publish { to, envelope } => {
                check_size(&envelope, self.most_bytes)?;
                state.publish(id, &name(to), &envelope);
            }
            Command::Ask { room, envelope } => {
                check_size(&envelope, self.most_bytes)?;
                let name = name(Address::Room(room));
                let others = state.listening.get(&name).map_or(0, |ids| ids.iter().filter(|to| **to != id).count());
                state.publish(id, &name, &envelope);
                ear.audible(room, Audible::By(others as u64));
            }
            Command::Append { room, number, until, known, bounds, word } => {
                check_size(&word, self.most_bytes)?;
                // What is said by the mute comes nowhere, and is not answered.
                if state.is_mute(id) {
                    return Ok(());
                }
                if until < Instant::now() {
                    ear.taken(room, number, None);
                    return Ok(());
                }
                let history = state.history(room, &known);
                let (epoch, kept) = (history.epoch().to_owned(), history.append(word, bounds));
                ear.taken(room, number, Some(kept.seq));
                state.tell(&name(Address::Room(room)), &Saying::Kept { room, epoch, kept });
            }
            Command::ReadHistory { room, known, .. } => {
                if state.is_mute(id) {
                    return Ok(());
                }
                let history = state.history(room, &known);
                let epoch = history.epoch().to_owned();
                // Of another run nothing is known.
                let after = if *known.epoch == *epoch { known.seq } else { 0 };
                let (ends, kept) = history.read(after);
                ear.history(room, &epoch, ends, kept);
            }
        }
        Ok(())
    }
}

impl Drop for MemorySpeaker {
    fn drop(&mut self) {
        let mut state = held(&self.endpoint.state);
        if state.live(self.endpoint.id, self.link).is_some() {
            state.cut(self.endpoint.id);
        }
    }
}

impl State {
    fn give_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn live(&self, endpoint: u64, link: u64) -> Option<&Live> {
        self.endpoints.get(&endpoint)?.link.as_ref().filter(|live| live.id == link)
    }

    fn cut(&mut self, id: u64) {
        let Some(live) = self.endpoints.get_mut(&id).and_then(|endpoint| endpoint.link.take()) else { return };
        live.ear.lost(Lost::new("it was cut"));
        self.listening.retain(|_, ids| {
            ids.remove(&id);
            !ids.is_empty()
        });
    }

    fn listen(&mut self, id: u64, name: String) {
        self.listening.entry(name).or_default().insert(id);
    }

    fn forget(&mut self, id: u64, name: &str) {
        if let Some(ids) = self.listening.get_mut(name) {
            ids.remove(&id);
            if ids.is_empty() {
                self.listening.remove(name);
            }
        }
    }

    fn is_mute(&self, id: u64) -> bool {
        self.endpoints.get(&id).is_some_and(|endpoint| endpoint.faults.is_mute)
    }

    fn publish(&mut self, from: u64, name: &str, envelope: &Bytes) {
        if !self.is_mute(from) {
            self.tell(name, &Saying::Envelope(envelope.clone()));
        }
    }

    fn tell(&mut self, name: &str, saying: &Saying) {
        for to in self.listening.get(name).into_iter().flatten() {
            if let Some(endpoint) = self.endpoints.get_mut(to) {
                endpoint.hear(saying);
            }
        }
    }

    /// What is kept of a room; nothing, where it was lost.
    fn history(&mut self, room: Subject, known: &Known) -> &mut MemoryHistory {
        let has_lost = self.histories.get(&room).is_some_and(|history| history.has_lost(known));
        if has_lost {
            self.histories.remove(&room);
        }
        // Another run begins behind all that anybody can know of the one before.
        let epoch = self.give_id();
        let above = known.seq.max(epoch << 20);
        self.histories.entry(room).or_insert_with(|| MemoryHistory::begin(epoch, above))
    }
}

impl Endpoint {
    fn hear(&mut self, saying: &Saying) {
        if self.faults.is_deaf {
            return;
        }
        if self.faults.drops > 0 {
            self.faults.drops -= 1;
            return;
        }
        let Some(live) = &self.link else { return };
        if self.faults.delay.is_zero() {
            saying.clone().tell(&live.ear);
        } else {
            // Where nobody takes it any more the link is over.
            let _ = live.delayed.send((Instant::now() + self.faults.delay, saying.clone()));
        }
    }
}

impl Saying {
    fn tell(self, ear: &Ear) {
        match self {
            Self::Envelope(envelope) => ear.hear(envelope),
            Self::Kept { room, epoch, kept } => ear.kept(room, &epoch, kept),
        }
    }
}

async fn deliver_late(mut arriving: mpsc::UnboundedReceiver<(Instant, Saying)>, ear: Ear) {
    while let Some((at, saying)) = arriving.recv().await {
        tokio::time::sleep_until(at).await;
        saying.tell(&ear);
    }
}

/// Nothing panics while it is held.
fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Heard, Said};

    async fn hears(heard: &mut Heard) -> Bytes {
        match heard.next().await {
            Said::Envelope(envelope) => envelope,
            said => panic!("{said:?}"),
        }
    }

    fn publish(envelope: &'static str) -> Command {
        Command::Publish { to: Address::Everybody, envelope: envelope.into() }
    }

    #[tokio::test(start_paused = true)]
    async fn every_fault_does_what_it_says() {
        let broker = MemoryBroker::new();
        let (speaking, listening) = (broker.endpoint("app"), broker.endpoint("app"));
        let mut heard = Heard::new(1 << 20);
        let (ear, mut end) = heard.ear();
        let mut listener = listening.connect(ear).await.unwrap();
        listener.speaker.say(Command::Subscribe(Address::Everybody)).await.unwrap();
        let not_heard = Heard::new(1 << 20);
        let mut speaker = speaking.connect(not_heard.ear().0).await.unwrap().speaker;

        listening.drop_next(1);
        speaker.say(publish("dropped")).await.unwrap();
        listening.set_deaf(true);
        speaker.say(publish("to the deaf")).await.unwrap();
        listening.set_deaf(false);
        speaking.set_mute(true);
        speaker.say(publish("of the mute")).await.unwrap();
        speaking.set_mute(false);
        listening.set_delay(Duration::from_millis(30));
        let began = Instant::now();
        speaker.say(publish("late")).await.unwrap();
        assert_eq!(hears(&mut heard).await, "late");
        assert_eq!(began.elapsed(), Duration::from_millis(30));

        listening.cut();
        assert_eq!(end.wait().await, Lost::new("it was cut"));
        let said = listener.speaker.say(publish("too late")).await;
        assert_eq!(said, Err(Lost::new("it was cut").into()));
        broker.stop();
        assert!(matches!(speaker.say(publish("gone")).await, Err(SayError::Lost(_))));
        assert!(matches!(speaking.connect(not_heard.ear().0).await, Err(ConnectError::NoAnswer { .. })));
        broker.start();
        assert!(speaking.connect(not_heard.ear().0).await.is_ok());
    }

    #[tokio::test]
    async fn an_endpoint_has_one_link_and_the_older_one_is_lost() {
        let broker = MemoryBroker::new();
        let endpoint = broker.endpoint("app");
        let heard = Heard::new(1 << 20);
        let (ear, mut end) = heard.ear();
        let older = endpoint.connect(ear).await.unwrap();
        let (ear, _end) = heard.ear();
        let mut newer = endpoint.connect(ear).await.unwrap();
        end.wait().await;
        drop(older);
        assert_eq!(newer.speaker.say(publish("still here")).await, Ok(()));
    }
}
