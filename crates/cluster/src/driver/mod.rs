//! The one task that owns a node's part of the cluster.

mod backoff;
mod history;
mod outbox;
mod rarely;
mod upkeep;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roomful_core::cluster::{
    Address, Audible, ClusterConfig, ClusterEngine, ClusterKey, Effect, Health, Incarnation, Input, News, Rejected,
    Subject,
};
use roomful_core::{History, Limits, Millis};
use roomful_runtime::{Answered, ClusterHealth, ClusterQueue, ClusterRooms, Handed, Receipt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use self::outbox::Outbox;
use self::rarely::Rarely;
use self::upkeep::{LinkNews, Upkeep, connect};
use crate::metrics;
use crate::{Broker, ConnectError, Heard, Link, LinkEnd, Said};

/// What is handed over before the link, the clock and the others have their turn again.
const AT_ONCE: usize = 64;

/// How old what is told of this node's health may be where anything happens, in milliseconds.
const REPORTED_EVERY_MS: Millis = 1_000;

/// What a node is.
#[derive(Debug)]
pub struct NodeStart<R> {
    /// What it is called, and what all nodes of the cluster have in common.
    pub config: ClusterConfig,
    /// Which run of it begins.
    pub me: Incarnation,
    /// What its rooms say.
    pub queue: Arc<ClusterQueue>,
    /// Its rooms.
    pub rooms: R,
    /// Gives 64 random bits, each time.
    pub random: fn() -> u64,
}

/// A node's way to its broker, before the node begins.
#[derive(Debug)]
pub struct NodeLink {
    broker: Box<dyn Broker>,
    bounds: NodeBounds,
    heard: Heard,
    /// `None`: there is none yet.
    first: Option<(Link, LinkEnd)>,
}

/// What may wait at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeBounds {
    /// Bytes for the broker.
    pub outgoing_bytes: usize,
    /// For so many milliseconds.
    pub outgoing_ms: Millis,
    /// Bytes from the broker.
    pub incoming_bytes: usize,
    /// Whether the broker is to keep what is said in some room.
    pub keeps_history: bool,
}

impl NodeBounds {
    /// Those of a process with these limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self {
            outgoing_bytes: limits.cluster_outgoing_bytes,
            outgoing_ms: limits.cluster_outgoing_ms,
            incoming_bytes: limits.cluster_incoming_bytes,
            keeps_history: limits.history == History::Broker,
        }
    }
}

pub(crate) struct Driver<R> {
    engine: ClusterEngine,
    /// What is kept in the broker is signed with it.
    key: Option<ClusterKey>,
    effects: Vec<Effect>,
    rooms: R,
    queue: Arc<ClusterQueue>,
    heard: Heard,
    link_news: mpsc::UnboundedReceiver<LinkNews>,
    outbox: Arc<Outbox>,
    let_go: Arc<Notify>,
    outgoing_ms: Millis,
    clock: Clock,
    random: fn() -> u64,
    link: Option<usize>,
    /// When a link that this node does not hear itself through is let go of.
    doubts_link_at: Option<Millis>,
    /// What was dropped of what was heard, and is counted.
    dropped: u64,
    rarely: Rarely,
    reported_at: Millis,
}

/// The time that has passed since the node was started.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> Millis {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    fn at(self, at: Millis) -> Instant {
        // A time that no clock has: in thirty years.
        self.0.checked_add(Duration::from_millis(at)).unwrap_or_else(|| self.0 + Duration::from_secs(1 << 30))
    }
}

fn calendar() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Connects a node. `without_broker`: where the broker cannot be reached it begins isolated, and tries again.
///
/// # Errors
///
/// There is no link to the broker, and there has to be one.
pub async fn connect_node(
    broker: Box<dyn Broker>,
    bounds: NodeBounds,
    without_broker: bool,
) -> Result<NodeLink, ConnectError> {
    let heard = Heard::new(bounds.incoming_bytes);
    let (ear, end) = heard.ear();
    let first = match connect(broker.as_ref(), bounds.keeps_history, ear).await {
        Ok(link) => Some((link, end)),
        Err(error) if without_broker => {
            tracing::warn!(%error, "the cluster begins without its broker: this node is isolated, and tries again");
            None
        }
        Err(error) => return Err(error),
    };
    Ok(NodeLink { broker, bounds, heard, first })
}

impl NodeLink {
    /// The node. Run it on tokio, on a thread that nothing else blocks. It ends when it has taken an [`Input::Goodbye`] from the
    /// queue, and the broker has that.
    pub fn begin<R: ClusterRooms>(self, start: NodeStart<R>) -> impl Future<Output = ()> + use<R> {
        let Self { broker, bounds, heard, first } = self;
        let NodeStart { config, me, queue, rooms, random } = start;
        let clock = Clock(Instant::now());
        let outbox = Arc::new(Outbox::new(bounds.outgoing_bytes, bounds.outgoing_ms));
        let (news, link_news) = mpsc::unbounded_channel();
        let let_go = Arc::new(Notify::new());
        let ears = heard.ears();
        let upkeep = Upkeep {
            broker,
            keeps_history: bounds.keeps_history,
            outbox: outbox.clone(),
            news,
            let_go: let_go.clone(),
            ear: move || ears.ear(),
            now: move || clock.now(),
            random,
        };
        let key = config.key.clone();
        let engine = ClusterEngine::new(config, me.start, me.random, clock.now());
        let driver = Driver {
            engine,
            key,
            effects: Vec::new(),
            rooms,
            queue,
            heard,
            link_news,
            outbox,
            let_go,
            outgoing_ms: bounds.outgoing_ms,
            clock,
            random,
            link: None,
            doubts_link_at: None,
            dropped: 0,
            rarely: Rarely::default(),
            reported_at: 0,
        };
        async move {
            tokio::select! {
                () = driver.run() => {}
                () = upkeep.run(first) => {}
            }
        }
    }
}

impl<R: ClusterRooms> Driver<R> {
    async fn run(mut self) {
        self.outbox.subscribe(Address::Everybody);
        self.outbox.subscribe(Address::Node(self.engine.incarnation().node()));
        metrics::isolated(true);
        self.report_now();
        loop {
            let wake = self.clock.at(self.engine.next_wake());
            let doubt = self.doubts_link_at.map(|at| self.clock.at(at));
            tokio::select! {
                handed = self.queue.next() => {
                    if self.hand_over(handed) {
                        return self.end().await;
                    }
                }
                said = self.heard.next() => self.hear_all(said),
                Some(news) = self.link_news.recv() => self.hear_of_link(news),
                () = sleep_until(wake) => {
                    self.handle(Input::Wake);
                    self.count_and_report();
                }
                () = sleep_until(doubt.unwrap_or(wake)), if doubt.is_some() => self.doubt_link(),
            }
            // What is due is also done by whatever else comes at that time, so there may be no wake for long.
            if self.clock.now() >= self.reported_at.saturating_add(REPORTED_EVERY_MS) {
                self.count_and_report();
            }
        }
    }

    /// What it says last is given as long as anything may wait.
    async fn end(mut self) {
        self.outbox.end(Duration::from_millis(self.outgoing_ms)).await;
        self.count_and_report();
        self.rooms.ended();
    }

    /// `true`: that was the last.
    fn hand_over(&mut self, first: Handed) -> bool {
        let (mut next, mut left) = (Some(first), AT_ONCE);
        while let Some(handed) = next {
            match handed {
                Handed::Input(input) => {
                    let is_last = matches!(input, Input::Goodbye);
                    self.handle(input);
                    if is_last {
                        return true;
                    }
                }
                Handed::Receipt(receipt) => self.promise(receipt),
                Handed::Append(append) => self.append(*append),
                Handed::ReadHistory(read) => self.read_history(read),
                // The queue and this are of one version.
                _ => tracing::error!("what was handed over is not known here"),
            }
            left -= 1;
            next = if left > 0 { self.queue.try_next() } else { None };
        }
        false
    }

    /// What was said until now is given to the broker, or not in time: then the receipt is dropped.
    fn promise(&self, receipt: Receipt) {
        if !self.is_cut_off() {
            self.outbox.promise(receipt);
        }
    }

    fn is_cut_off(&self) -> bool {
        self.link.is_none() || self.engine.health() != Health::Well
    }

    fn hear_all(&mut self, said: Said) {
        self.hear(said);
        for _ in 0..AT_ONCE {
            let Some(said) = self.heard.try_next() else { return };
            self.hear(said);
        }
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Envelope(envelope) => {
                metrics::heard(envelope.len());
                self.handle(Input::Heard(envelope));
            }
            Said::Audible { room, by } => self.handle(Input::Audible { subject: room, by }),
            said => self.hear_history(said),
        }
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if let Input::Open(topic) = &input {
                self.rooms.opened(topic);
            }
            if let (Input::Ask { number, .. }, None) = (&input, self.link) {
                // Those who are known to have the room would be waited for, too.
                inputs.push_back(Input::GiveUp { number: *number });
            }
            let mut effects = std::mem::take(&mut self.effects);
            self.engine.handle(input, self.clock.now(), &mut effects);
            effects.drain(..).for_each(|effect| self.carry_out(effect, &mut inputs));
            self.effects = effects;
        }
    }

    fn carry_out(&mut self, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::Subscribe(room) => self.outbox.open(room),
            Effect::Unsubscribe(room) => self.outbox.unsubscribe(Address::Room(room)),
            Effect::Publish { to, envelope, asks } => {
                if let Some(subject) = asks.filter(|_| self.link.is_none()) {
                    // It may still be said, and is answered then; nobody waits for that.
                    inputs.push_back(Input::Audible { subject, by: Audible::By(0) });
                }
                metrics::published(envelope.len());
                self.outbox.say(to, envelope, asks, self.clock.now());
            }
            Effect::Deliver { subject, node, news } => self.deliver(&subject, node, news),
            Effect::Ready(room) => self.rooms.ready(&room),
            Effect::NeedRoster(room) => self.rooms.give_roster(&room),
            Effect::Reincarnate => {
                tracing::warn!(
                    "this node was paused for longer than a lease, or began behind a later run of its name: it begins anew"
                );
                inputs.push_back(Input::Reincarnate { clock: calendar(), random: (self.random)() });
            }
            Effect::Reborn(me) => self.be_reborn(me),
            Effect::Health(health) => self.tell_health(health),
            Effect::Met(node) => {
                tracing::info!(%node, "a node is there");
                self.report_now();
            }
            Effect::Lost(node) => {
                tracing::warn!(%node, "a node is silent or gone: its members are away");
                self.report_now();
            }
            Effect::Rejected(rejected) => self.count_rejected(rejected),
            Effect::Do { node, number, command } => {
                metrics::done_for_others();
                self.rooms.carry_out(node.node(), number, command);
            }
            Effect::Answered { number, answer, silent, unknown } => {
                metrics::answered(silent.len() as u64 + unknown);
                // Where there is no link the broker is said to be heard by nobody.
                let is_cut_off = self.is_cut_off();
                self.rooms.answered(number, Answered { answer, silent, unknown, is_cut_off });
            }
            _ => {}
        }
    }

    fn deliver(&mut self, room: &Subject, node: Incarnation, news: News) {
        if let News::Roster { missed, .. } = &news {
            metrics::repaired(*missed);
        }
        self.rooms.deliver(room, node, news);
    }

    fn be_reborn(&mut self, me: Incarnation) {
        tracing::info!(node = %me, "this node is another run of itself");
        let nodes = self.outbox.nodes();
        nodes.into_iter().for_each(|node| self.outbox.unsubscribe(Address::Node(node)));
        self.outbox.subscribe(Address::Node(me.node()));
        self.rooms.reborn(&me);
        self.report_now();
    }

    fn tell_health(&mut self, health: Health) {
        match health {
            Health::Well => tracing::info!("this node hears itself: it is part of the cluster"),
            Health::Superseded => tracing::error!(
                node = self.engine.incarnation().name.as_str(),
                "another process of this node's name began later and lives: this one is isolated for good. Give each a name of its own"
            ),
            _ => tracing::warn!(
                "this node does not hear itself: it is isolated, expires nobody and serves its own members"
            ),
        }
        metrics::isolated(health != Health::Well);
        self.doubts_link_at = None;
        self.doubt_link_soon();
        self.report_now();
    }

    fn hear_of_link(&mut self, news: LinkNews) {
        match news {
            LinkNews::Made { most_bytes } => {
                tracing::info!("there is a link to the broker");
                metrics::link_made();
                self.link = Some(most_bytes);
                self.engine.take_at_most(most_bytes);
                self.doubt_link_soon();
                self.rooms.may_have_missed();
            }
            LinkNews::Lost(reason) => {
                metrics::link_lost();
                tracing::warn!(%reason, "it is made anew");
                self.link = None;
                self.doubts_link_at = None;
            }
            LinkNews::Failed(error) => {
                metrics::link_failed();
                if self.rarely.may("link", self.clock.now()) {
                    tracing::warn!(%error, "there is no link to the broker; it is tried again");
                }
            }
            LinkNews::TooLarge(error) => {
                metrics::dropped("too_large", 1);
                if self.rarely.may("too_large", self.clock.now()) {
                    tracing::error!(%error, "an envelope is dropped");
                }
            }
        }
        self.report_now();
    }

    /// A link through which this node does not hear itself is dead, whatever it says, or the broker is.
    fn doubt_link_soon(&mut self) {
        if self.link.is_some() && self.engine.health() == Health::Isolated && self.doubts_link_at.is_none() {
            self.doubts_link_at = Some(self.clock.now() + self.engine.settings().lease_ms / 2);
        }
    }

    fn doubt_link(&mut self) {
        self.doubts_link_at = None;
        self.let_go.notify_waiters();
    }

    fn count_rejected(&mut self, rejected: Rejected) {
        metrics::rejected(rejected);
        let says = matches!(rejected, Rejected::Malformed | Rejected::Version { .. } | Rejected::NotAuthentic);
        if says && self.rarely.may(metrics::name_of(rejected), self.clock.now()) {
            tracing::warn!("dropped: {rejected}");
        }
    }

    fn count_and_report(&mut self) {
        let now = self.clock.now();
        self.reported_at = now;
        let outgoing = self.outbox.take_dropped(now);
        let incoming = self.heard.dropped() - self.dropped;
        self.dropped += incoming;
        let queued = self.queue.take_dropped();
        metrics::dropped("queue", queued);
        metrics::dropped("outgoing", outgoing);
        metrics::dropped("incoming", incoming);
        if incoming > 0 {
            self.rooms.may_have_missed();
        }
        if queued + outgoing + incoming > 0 && self.rarely.may("dropped", now) {
            tracing::warn!(
                queued,
                outgoing,
                incoming,
                "what is said was dropped, and is repaired: the link is slow or gone, or this process is"
            );
        }
        self.report_now();
    }

    fn report_now(&self) {
        let health = ClusterHealth::of(&self.engine, self.link, self.clock.now());
        metrics::stands(&health, self.outbox.bytes());
        self.rooms.stands(health);
    }
}

#[cfg(test)]
mod tests;
