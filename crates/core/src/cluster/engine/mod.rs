//! One process's part of a cluster.

mod commands;
mod compare;
mod hear;
mod nodes;
mod repair;
mod report;
mod rooms;

pub use report::PeerReport;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::asking::Asking;
use super::change::{Change, Present};
use super::command::{Answer, Command};
use super::envelope::{ClusterKey, Envelope, Rejected};
use super::in_flight::InFlight;
use super::lobby::{Audible, Lobby};
use super::message::{Message, Room};
use super::news::News;
use super::origin::Origin;
use super::peer::Peer;
use super::repairs::Repairs;
use super::replays::Replays;
use super::settings::ClusterSettings;
use super::sums::Sums;
use super::watch::{Health, Noticed, Watch};
use super::wire::Writer;
use super::{Incarnation, NodeName, Subject};
use crate::pattern::Topic;
use crate::{Millis, NodeId};

/// What a node is given and never changes.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// What the app is called: of those who share a broker, its rooms are nobody else's.
    pub app: Arc<str>,
    /// What this node is called.
    pub name: NodeName,
    /// What all nodes of the cluster sign with, where they share a secret.
    pub key: Option<ClusterKey>,
    /// Times and bounds.
    pub settings: ClusterSettings,
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input {
    /// The broker handed over an envelope, whoever wrote it.
    Heard(Bytes),
    /// Somebody is about to be the first member of a room here. Its members wait for [`Effect::Ready`].
    Open(Topic),
    /// What the broker says of a [question](Effect::Publish).
    Audible {
        /// The room that it was about.
        subject: Subject,
        /// Who heard it.
        by: Audible,
    },
    /// What became of a room's own members, and what they said, in order. It is never dropped or refused.
    Publish {
        /// Which room.
        subject: Subject,
        /// One tick's changes, so that they are one envelope.
        changes: Vec<Change>,
    },
    /// Something of what a room's own members show was dropped before it was published: the others take the roster.
    Skip(Subject),
    /// A room's own members, because [`Effect::NeedRoster`] asked. It must come behind everything that the room published
    /// before, and before everything that it publishes after.
    Roster {
        /// Which room.
        subject: Subject,
        /// All of them.
        members: Vec<Present>,
        /// Whether the room is there: one that lingers is not.
        is_open: bool,
    },
    /// A room has no member here any more.
    Close(Subject),
    /// The time that [`next_wake`](ClusterEngine::next_wake) gave has come.
    Wake,
    /// What [`Effect::Reincarnate`] asked for.
    Reincarnate {
        /// The time, in milliseconds since 1970.
        clock: Millis,
        /// 64 random bits.
        random: u64,
    },
    /// Other nodes are to do something, or to say something. [`Effect::Answered`] says what came of it, within two
    /// seconds; of a [release](Command::Release) within half of one.
    Ask {
        /// Its number. None is given twice.
        number: u64,
        /// Which node. `None`: all that have the room that it is about, or all where it is about none.
        node: Option<NodeId>,
        /// What.
        command: Command,
    },
    /// Nobody hears what was asked under this number: there is no link to the broker. It is answered at once with what is known.
    GiveUp {
        /// Its number.
        number: u64,
    },
    /// What [`Effect::Do`] asked for is done.
    Done {
        /// For which node.
        node: NodeId,
        /// Its number there.
        number: u64,
        /// What came of it.
        answer: Answer,
    },
    /// This node lets nobody in any more, and is about to end.
    Drain,
    /// This node ends now: its members are away at once.
    Goodbye,
}

/// What is to be done, in the order the effects stand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Listen to what is said to a room.
    Subscribe(Subject),
    /// Listen to it no more.
    Unsubscribe(Subject),
    /// Give an envelope to the broker, after all that was asked for before.
    Publish {
        /// Who is to hear it.
        to: Address,
        /// What.
        envelope: Bytes,
        /// The room that it asks about: then say who [hears](Input::Audible) it.
        asks: Option<Subject>,
    },
    /// Tell a room something of another node.
    Deliver {
        /// Which room.
        subject: Subject,
        /// Which run of which node.
        node: Incarnation,
        /// What.
        news: News,
    },
    /// All others that there are have said who is in a room, or are not waited for: its members may be let in.
    Ready(Subject),
    /// Ask a room for its own members, and answer with [`Input::Roster`]. A room that lingers has none.
    NeedRoster(Subject),
    /// Do this with the members of this node, and answer with [`Input::Done`]. It is asked for once.
    Do {
        /// Who asks for it.
        node: Incarnation,
        /// Its number there.
        number: u64,
        /// What.
        command: Command,
    },
    /// What [`Input::Ask`] has come to.
    Answered {
        /// Its number.
        number: u64,
        /// What all that have answered say together. `None`: nobody has.
        answer: Option<Answer>,
        /// Those who live, should have answered, and have not, or do not know what was asked.
        silent: Vec<Incarnation>,
        /// How many others heard the question and have not answered, who are not known.
        unknown: u64,
    },
    /// This run of the node counts no more. Answer with [`Input::Reincarnate`].
    Reincarnate,
    /// What this run of the node is called from here on.
    Reborn(Incarnation),
    /// How this node stands from here on.
    Health(Health),
    /// A node is there: it was not, or was silent.
    Met(Incarnation),
    /// A node is silent, over or gone.
    Lost(Incarnation),
    /// An envelope meant nothing, and why.
    Rejected(Rejected),
}

/// Who is to hear an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// Every node of the app.
    Everybody,
    /// One node.
    Node(NodeId),
    /// Every node that takes part in this room.
    Room(Subject),
}

/// One process's part of a cluster.
///
/// ```
/// use roomful_core::cluster::{ClusterConfig, ClusterEngine, ClusterSettings, Effect, Input, NodeName};
///
/// let config = ClusterConfig {
///     app: "shop".into(),
///     name: NodeName::parse("web-3")?,
///     key: None,
///     settings: ClusterSettings::default(),
/// };
/// let mut node = ClusterEngine::new(config, 1_764_456_000_000, 0x5eed, 0);
/// let mut effects = Vec::new();
/// node.handle(Input::Wake, 0, &mut effects);
/// assert!(matches!(&effects[..], [Effect::Publish { .. }]), "its first heartbeat");
/// # Ok::<(), roomful_core::cluster::InvalidNodeName>(())
/// ```
#[derive(Debug)]
pub struct ClusterEngine {
    config: ClusterConfig,
    me: Incarnation,
    /// The last envelope of this incarnation.
    count: u64,
    /// What the broker takes at once, in bytes.
    most_bytes: usize,
    watch: Watch,
    told_health: Health,
    next_beat: Millis,
    /// What was last said to be the next wake.
    due: Millis,
    /// Whether this run of the node counts no more, and the next has not begun.
    awaits_rebirth: bool,
    /// The highest start of this node's name that was heard of.
    least_start: Millis,
    /// Until when a node that was just started still looks for its place.
    settling_until: Millis,
    is_draining: bool,
    rooms: BTreeMap<Subject, Hosted>,
    hosted: Sums,
    opened: BTreeSet<Subject>,
    closed: BTreeSet<Subject>,
    /// Streams that are opened begin above this: above those of all rooms that were closed.
    least_at: u64,
    log_bytes: usize,
    /// The rooms that keep something of what they said.
    logging: BTreeSet<Subject>,
    peers: BTreeMap<NodeId, Peer>,
    live: BTreeSet<NodeId>,
    /// The newest run of each name that was met.
    names: BTreeMap<NodeName, Met>,
    candidates: BTreeMap<NodeId, Candidate>,
    timers: BTreeSet<(Millis, Timer)>,
    repairs: Repairs,
    asking: BTreeMap<u64, Asking>,
    in_flight: InFlight,
}

/// A room that this node takes part in.
#[derive(Debug)]
struct Hosted {
    room: Room,
    origin: Origin,
    /// Until when it lingers without members.
    lingers_until: Option<Millis>,
    lobby: Option<Lobby>,
    /// The nodes that take part, too.
    sharers: BTreeSet<NodeId>,
    /// Those that were promised a roster, and after which number they are given what is kept, too.
    roster_for: BTreeMap<NodeId, Option<u64>>,
}

/// A node that was heard, and has not shown yet that it lives now.
#[derive(Debug)]
struct Candidate {
    incarnation: Incarnation,
    replays: Replays,
    heard_at: Millis,
    greeted_at: Option<Millis>,
}

/// A name that was met.
#[derive(Debug)]
struct Met {
    newest: Incarnation,
    /// Whether nothing is known of that run any more: what is heard of it may have been captured.
    is_forgotten: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Lobby(Subject),
    Linger(Subject),
    Asked(u64),
}

/// What is to be done, and when.
#[derive(Debug)]
struct Turn<'a> {
    now: Millis,
    /// Which envelope of its sender is heard.
    count: u64,
    effects: &'a mut Vec<Effect>,
}

/// Around the items of a page stand so many numbers at most: whose it is, which page, where a stream stands, how many there are.
const MOST_NUMBERS: usize = 16;

/// In bytes.
const LONGEST_NUMBER: usize = 10;

impl ClusterEngine {
    /// A node that begins: `clock` is the time in milliseconds since 1970, `random` 64 random bits. It asks to be woken at once.
    #[must_use]
    pub fn new(config: ClusterConfig, clock: Millis, random: u64, now: Millis) -> Self {
        let me = Incarnation { start: clock, name: config.name.clone(), random };
        Self {
            me,
            count: 0,
            most_bytes: usize::MAX,
            watch: Watch::new(now, config.settings),
            told_health: Health::Isolated,
            next_beat: now,
            due: now,
            awaits_rebirth: false,
            least_start: 0,
            settling_until: now + config.settings.lease_ms / 2,
            is_draining: false,
            rooms: BTreeMap::new(),
            hosted: Sums::new(),
            opened: BTreeSet::new(),
            closed: BTreeSet::new(),
            least_at: 0,
            log_bytes: 0,
            logging: BTreeSet::new(),
            peers: BTreeMap::new(),
            live: BTreeSet::new(),
            names: BTreeMap::new(),
            candidates: BTreeMap::new(),
            timers: BTreeSet::new(),
            repairs: Repairs::default(),
            asking: BTreeMap::new(),
            in_flight: InFlight::default(),
            config,
        }
    }

    /// What this run of the node is called.
    #[must_use]
    pub fn incarnation(&self) -> &Incarnation {
        &self.me
    }

    /// How this node stands.
    #[must_use]
    pub fn health(&self) -> Health {
        self.watch.health()
    }

    /// The nodes that live, as far as this one knows, without itself.
    pub fn live(&self) -> impl Iterator<Item = &Incarnation> {
        self.live.iter().filter_map(|node| self.peers.get(node)).map(|peer| &peer.incarnation)
    }

    /// Whether it falls to this node to do what must be done once for a room, as far as it knows: it is the oldest of those
    /// that live and take part. Two may believe it for a moment, and then both do it.
    #[must_use]
    pub fn is_oldest_in(&self, subject: &Subject) -> bool {
        let Some(hosted) = self.rooms.get(subject) else { return false };
        let others = hosted.sharers.iter().filter_map(|node| self.peers.get(node));
        others.filter(|peer| peer.is_live() && !peer.is_draining).all(|peer| peer.incarnation > self.me)
    }

    /// So many bytes the broker takes at once: what is said in pages is said in shorter ones from here on, where it has to be.
    pub fn take_at_most(&mut self, bytes: usize) {
        self.most_bytes = bytes;
    }

    /// When [`Input::Wake`] is due. Ask after every input: it may be sooner than it was.
    #[must_use]
    pub fn next_wake(&self) -> Millis {
        let timer = self.timers.first().map(|(at, _)| *at);
        let expiry = self.peers.values().filter(|peer| peer.is_live());
        let expiry = expiry.filter_map(|peer| self.watch.expires_at(peer.heard_at)).min();
        [timer, expiry, self.watch.suspects_at()].into_iter().flatten().fold(self.next_beat, Millis::min)
    }

    /// One thing that happened; what it leads to is appended to `effects`, in order.
    pub fn handle(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) {
        let turn = &mut Turn { now, count: 0, effects };
        self.notice(turn);
        match input {
            Input::Heard(envelope) => self.hear(envelope, turn),
            Input::Open(topic) => self.open(&topic, turn),
            Input::Audible { subject, by } => {
                self.audible(&subject, by, turn);
                self.audible_questions(&subject, by, turn);
            }
            Input::Publish { subject, changes } => self.publish(&subject, changes, turn),
            Input::Skip(subject) => self.skip(&subject),
            Input::Roster { subject, members, is_open } => self.give_roster(&subject, (&members, is_open), turn),
            Input::Ask { number, node, command } => self.ask(number, node, command, turn),
            Input::GiveUp { number } => self.give_up(number, turn),
            Input::Done { node, number, answer } => self.done(node, number, answer, turn),
            Input::Close(subject) => self.close(&subject, turn),
            Input::Wake => {}
            Input::Reincarnate { clock, random } => self.reincarnate(clock, random, turn),
            Input::Drain => {
                self.is_draining = true;
                self.beat(turn);
            }
            Input::Goodbye => self.send(Address::Everybody, &Message::Goodbye, turn),
        }
        self.run_timers(turn);
        self.tell_health(turn);
        self.due = self.next_wake();
    }

    /// Time has passed, and more of it than there should, maybe.
    fn notice(&mut self, turn: &mut Turn<'_>) {
        let noticed = self.watch.notice(turn.now, self.due);
        if noticed == Noticed::Outlived && self.may_be_reborn() {
            // The others have lost it, and said of its members that they are away.
            self.await_rebirth(turn);
        }
    }

    fn run_timers(&mut self, turn: &mut Turn<'_>) {
        while let Some((at, timer)) = self.timers.first().copied().filter(|(at, _)| *at <= turn.now) {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Lobby(subject) => self.settle(&subject, turn),
                Timer::Linger(subject) => self.part(&subject, at, turn),
                Timer::Asked(number) => self.ask_again(number, turn),
            }
        }
        self.expire(turn);
        if turn.now >= self.next_beat {
            self.beat(turn);
        }
    }

    fn tell_health(&mut self, turn: &mut Turn<'_>) {
        let health = self.watch.health();
        if health != self.told_health {
            self.told_health = health;
            turn.effects.push(Effect::Health(health));
        }
    }

    fn tell_room(&self, subject: Subject, node: NodeId, news: News, turn: &mut Turn<'_>) {
        if let Some(peer) = self.peers.get(&node) {
            turn.effects.push(Effect::Deliver { subject, node: peer.incarnation.clone(), news });
        }
    }

    /// How long a page may be about what has that topic.
    fn page_bytes(&self, topic: &str) -> usize {
        let around = Envelope::overhead(&self.me) + topic.len() + Subject::BYTES + MOST_NUMBERS * LONGEST_NUMBER;
        self.config.settings.page_bytes.min(self.most_bytes.saturating_sub(around))
    }

    fn send(&mut self, to: Address, message: &Message, turn: &mut Turn<'_>) {
        self.send_asking(to, message, None, turn);
    }

    fn send_asking(&mut self, to: Address, message: &Message, asks: Option<Subject>, turn: &mut Turn<'_>) {
        if self.awaits_rebirth {
            return;
        }
        asks.into_iter().for_each(|subject| self.in_flight.ask(subject, turn.now));
        self.count += 1;
        let mut writer = Writer::default();
        let kind = message.write(&mut writer);
        let envelope = Envelope { from: self.me.clone(), count: self.count, kind, content: writer.into_bytes() };
        let envelope = envelope.seal(self.config.key.as_ref());
        turn.effects.push(Effect::Publish { to, envelope, asks });
    }
}
