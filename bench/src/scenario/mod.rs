//! All loads there are, and how a slot of each is run.

mod floods;
mod slot;
mod table;

use std::time::Duration;

use crate::client::Offer;
use crate::content::Content;
use crate::dialect::{BENCH_FEED, BENCH_LIVE};
use crate::peer::{CLUSTERS, OURSELVES, Peer, WITH_EVENTS, WITH_LISTENERS, WITH_SENDS, WITH_SESSIONS};
use crate::trial::{Layout, Talkers};

pub use slot::run as run_slot;
pub use table::SCENARIOS;

/// A load, and what there is to know about it.
#[derive(Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// What a figure of it says.
    pub measures: &'static str,
    /// What it does not say.
    pub omits: &'static str,
    /// Which table and which chart it belongs to.
    pub family: Family,
    /// What is done.
    pub load: Load,
}

/// Scenarios that are read in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// What a delivery costs.
    FanOut,
    /// How many states arrive, how old, on how much of a processor.
    Cursors,
    /// How soon everybody knows everybody.
    Joins,
    /// How soon everybody is back.
    Storm,
    /// What a connection holds.
    Idle,
    /// What a listener holds.
    IdleListeners,
    /// What a publish costs beside a broadcast.
    Publish,
    /// How often a value is loaded, and how soon it is right.
    Wakes,
    /// What one that does not read does to the others.
    Stalled,
    /// What a huge room does to a small one.
    Neighbour,
    /// What strangers who send too much do to the others.
    Floods,
    /// What several nodes cost beside one.
    Cluster,
    /// How many states arrive where their receivers are at several nodes.
    ClusterCursors,
    /// How soon all nodes know of a newcomer.
    Arrivals,
    /// How soon all nodes know everybody, or nobody any more whose node was killed.
    Nodes,
    /// What nodes say to each other where nothing happens.
    IdleNodes,
    /// What waiting saves and costs.
    Window,
    /// What compression saves and costs.
    Deflate,
    /// What a server asks of the kernel.
    SystemCalls,
    /// Where a server's time goes.
    Functions,
}

/// What is done to a server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// One sender in one room: so many messages at once, and the next when all receivers have them.
    Bursts {
        /// Who gets them.
        receivers: usize,
        /// What they say.
        content: Content,
        /// How many at once.
        in_flight: usize,
    },
    /// One sender in each room, at a rate that does not depend on the server.
    Paced {
        /// How many rooms.
        rooms: usize,
        /// Members of each, its sender too.
        members: usize,
        /// What they say.
        content: Content,
        /// Messages a second, all rooms together.
        per_second: f64,
    },
    /// Everybody in one room sets their state 30 times a second.
    Cursors {
        /// How many.
        members: usize,
    },
    /// Everybody comes into one room at once.
    Joins {
        /// How many.
        members: usize,
    },
    /// Everybody in one room but one, who goes on talking, loses the socket at once and comes back within ten seconds.
    Storm {
        /// How many lose theirs.
        members: usize,
        /// What is said.
        content: Content,
        /// Messages a second.
        per_second: f64,
    },
    /// As [`Load::Paced`] in many small rooms, in some of which somebody sets a state ten times a second.
    Documents {
        /// How many rooms.
        rooms: usize,
        /// Members of each, its sender too.
        members: usize,
        /// What they say.
        content: Content,
        /// Messages a second, all rooms together.
        per_second: f64,
        /// In how many of the rooms there is a cursor.
        cursors: usize,
    },
    /// Connections in rooms of ten, over which nothing is said.
    Idle {
        /// How many.
        connections: usize,
        /// For how many slots they are watched.
        slots: u32,
    },
    /// As [`Load::Bursts`], one at a time, to those who listen to a feed, and to the members of a room.
    Publish {
        /// Who gets them.
        receivers: usize,
        /// What they say.
        content: Content,
    },
    /// As [`Load::Idle`], who listen to feeds of ten.
    IdleListeners {
        /// How many.
        connections: usize,
        /// For how many slots they are watched.
        slots: u32,
    },
    /// A live value that takes 50 ms to load is changed and woken at a rate.
    Wakes {
        /// Who listens to it.
        listeners: usize,
        /// What it is.
        content: Content,
        /// Wakes a second.
        per_second: f64,
    },
    /// A fixed rate, first with everybody reading, then with one that does not.
    Stalled {
        /// Who gets the messages, the one that does not read too.
        receivers: usize,
        /// What they say.
        content: Content,
        /// Messages a second.
        per_second: f64,
    },
    /// One room at a fixed rate, first alone, then beside a larger one at a rate of its own.
    Neighbour {
        /// Members of the room that is timed, its sender too.
        members: usize,
        /// Its messages a second.
        per_second: f64,
        /// Members of the larger room, its sender too.
        neighbours: usize,
        /// The larger room's messages a second. No multiple of the other rate nor near one: messages of the one room must meet
        /// those of the other at every stage, and not always at the same.
        neighbours_per_second: f64,
        /// What is said in both.
        content: Content,
    },
    /// As [`Load::Paced`] in one room, to ourselves with a coalescing window and without, and to the one that is cheapest.
    Window {
        /// Members, the sender too.
        members: usize,
        /// What they say.
        content: Content,
        /// Messages a second.
        per_second: f64,
    },
    /// Small rooms at a fixed rate, first with nobody else there, then under each [`Flood`](crate::flood::Flood) in turn.
    Floods {
        /// How many rooms.
        rooms: usize,
        /// Members of each, its sender too.
        members: usize,
        /// What they say.
        content: Content,
        /// Messages a second, all rooms together.
        per_second: f64,
    },
    /// Some are in one room, and others come one after the other.
    Arrivals {
        /// How many there are in the end.
        members: usize,
        /// How many of them come one by one.
        newcomers: usize,
    },
    /// One of several nodes is killed.
    Ghosts {
        /// Members of one room, at all nodes.
        members: usize,
    },
    /// Members of many rooms at several nodes, who say nothing.
    IdleNodes {
        /// How many rooms.
        rooms: usize,
        /// Members of each, each at another node.
        members: usize,
        /// For how many slots they are watched.
        slots: u32,
    },
    /// As [`Load::Bursts`], while system calls are counted.
    SystemCalls {
        /// Who gets them.
        receivers: usize,
        /// How many at once.
        in_flight: usize,
    },
    /// As [`Load::Bursts`], to ourselves alone, while functions are sampled.
    Functions {
        /// Who gets them.
        receivers: usize,
        /// How many at once.
        in_flight: usize,
    },
    /// As [`Load::Bursts`], one at a time, to ourselves with and without compression.
    Deflate {
        /// Who gets them.
        receivers: usize,
        /// What they say.
        content: Content,
    },
}

/// How often a mouse is told of.
pub const CURSOR_HZ: f64 = 30.0;

/// As many as one process may have where the system's bound on open files is 20,000.
pub const MOST_IDLE: usize = 18_000;

/// How much time and how many connections a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Slots of each server.
    pub rounds: usize,
    /// How long a slot is.
    pub slot: Duration,
    /// What numbers of connections are divided by.
    pub divisor: usize,
}

impl Pace {
    /// For figures.
    pub const FULL: Self = Self { rounds: 5, slot: Duration::from_millis(1200), divisor: 1 };
    /// To see that everything runs; its figures are noise.
    pub const QUICK: Self = Self { rounds: 1, slot: Duration::from_millis(200), divisor: 10 };
}

/// One server in one scenario.
#[derive(Debug, Clone, Copy)]
pub struct Contestant {
    /// The server.
    pub peer: &'static Peer,
    /// Its name in this scenario's table.
    pub label: &'static str,
    /// What its clients offer.
    pub offer: Offer,
    /// The kind of room, which says what Roomful does in it.
    pub kind: &'static str,
}

/// How often a node is killed.
const KILLS: usize = 20;

/// The fixture's room for load tests.
pub const BENCH: &str = "bench";
/// The same with compression.
const BENCH_DEFLATE: &str = "benchDeflate";
/// The same with a coalescing window of 10 ms.
const BENCH_WINDOW: &str = "benchWindow";

impl Scenario {
    /// Who takes part, of those that were asked for. The first is the one whose ratios are taken.
    pub fn contestants(&self, peers: &[&'static Peer]) -> Vec<Contestant> {
        let plain = |peer: &&'static Peer| Contestant { peer, label: peer.name, offer: Offer::Plain, kind: BENCH };
        let among = |few: &'static [&'static str]| peers.iter().filter(|peer| few.contains(&peer.name)).map(plain);
        // Those of several nodes take part where the same of one does.
        let has = |name: &str| peers.iter().any(|peer| peer.name == name);
        let clusters = || {
            CLUSTERS
                .iter()
                .filter(|peer| has(if peer.is_ours() { OURSELVES } else { "socket.io" }))
                .map(|peer| plain(&peer))
        };
        match (self.family, self.load) {
            (Family::Arrivals | Family::Nodes | Family::IdleNodes, _) => {
                clusters().filter(|one| one.peer.is_ours()).collect()
            }
            (Family::Cluster | Family::ClusterCursors, _) => {
                among(&[OURSELVES, "socket.io"]).chain(clusters()).collect()
            }
            (_, load) => self.alone(load, peers),
        }
    }

    /// Of those that are no scenario of several nodes.
    fn alone(&self, load: Load, peers: &[&'static Peer]) -> Vec<Contestant> {
        let plain = |peer: &&'static Peer| Contestant { peer, label: peer.name, offer: Offer::Plain, kind: BENCH };
        let among = |few: &'static [&'static str]| peers.iter().filter(|peer| few.contains(&peer.name)).map(plain);
        // Ourselves in another manner, wherever we are asked for.
        let listening = |peer: &'static Peer, kind| {
            peers.iter().any(|peer| peer.name == OURSELVES).then_some(Contestant { kind, ..plain(&peer) })
        };
        match load {
            Load::Joins { .. } => peers.iter().filter(|peer| peer.dialect.has_roster()).map(plain).collect(),
            Load::Storm { .. } => among(&[WITH_SESSIONS]).collect(),
            // As many as the system's usual bound on open files lets one process talk to at once.
            Load::Bursts { receivers: 2000.., .. } => among(&[OURSELVES, "bun", "axum-tuned"]).collect(),
            Load::Neighbour { .. } => among(&[OURSELVES, WITH_SENDS, "bun"]).collect(),
            Load::Floods { .. } | Load::Idle { connections: MOST_IDLE.., .. } => {
                among(&[OURSELVES, "bun", "axum-tuned"]).collect()
            }
            Load::Deflate { .. } => {
                let ours = peers.iter().filter(|peer| peer.name == OURSELVES);
                ours.flat_map(|peer| {
                    [
                        Contestant {
                            label: "roomful, compressed",
                            offer: Offer::Deflate,
                            kind: BENCH_DEFLATE,
                            ..plain(peer)
                        },
                        Contestant { label: "roomful, uncompressed", ..plain(peer) },
                    ]
                })
                .collect()
            }
            Load::Window { .. } => {
                let ours = peers.iter().find(|peer| peer.name == OURSELVES);
                let window =
                    ours.map(|peer| Contestant { label: "roomful, 10 ms window", kind: BENCH_WINDOW, ..plain(peer) });
                window.into_iter().chain(among(&[OURSELVES, "bun"])).collect()
            }
            Load::Functions { .. } => among(&[OURSELVES]).collect(),
            Load::Publish { .. } => {
                listening(&WITH_LISTENERS, BENCH_FEED).into_iter().chain(among(&[OURSELVES])).collect()
            }
            Load::IdleListeners { .. } => [listening(&WITH_LISTENERS, BENCH_FEED), listening(&WITH_EVENTS, BENCH_FEED)]
                .into_iter()
                .flatten()
                .collect(),
            Load::Wakes { .. } => listening(&WITH_LISTENERS, BENCH_LIVE).into_iter().collect(),
            _ => peers.iter().map(plain).collect(),
        }
    }

    /// How many slots each server gets.
    pub fn rounds(&self, pace: Pace) -> usize {
        match self.load {
            // Neither memory nor calls depend on what else the machine does.
            Load::Idle { .. } | Load::IdleListeners { .. } | Load::SystemCalls { .. } | Load::Functions { .. } => 1,
            // Slots with a server of their own take longer, and so do those of few messages.
            Load::Joins { .. } | Load::Storm { .. } | Load::Cursors { .. } | Load::Neighbour { .. } => {
                pace.rounds.min(3)
            }
            Load::Stalled { .. } | Load::Floods { .. } => pace.rounds.min(2),
            // So many kills say what a bad one takes; in a quick run one.
            Load::Ghosts { .. } => {
                if pace.divisor > 1 {
                    1
                } else {
                    KILLS
                }
            }
            Load::Arrivals { .. } | Load::IdleNodes { .. } => 1,
            _ => pace.rounds,
        }
    }

    /// Whether each slot has a server of its own, because a slot leaves behind what the next would suffer from.
    pub fn is_fresh_each_slot(&self) -> bool {
        // Of many nodes only few have room for their connections beside each other.
        let is_large = matches!(self.load, Load::Paced { rooms, .. } if self.family == Family::Cluster && rooms > 1);
        is_large
            || !matches!(
                self.load,
                Load::Bursts { .. }
                    | Load::Publish { .. }
                    | Load::Paced { .. }
                    | Load::Documents { .. }
                    | Load::Window { .. }
                    | Load::Deflate { .. }
                    | Load::Neighbour { .. }
            )
    }

    /// Who is in which room.
    pub fn layout(&self, pace: Pace, contestant: Contestant) -> Layout {
        let some = |connections: usize| (connections / pace.divisor).max(2);
        let (rooms, members, talkers) = match self.load {
            Load::Bursts { receivers, .. }
            | Load::Publish { receivers, .. }
            | Load::Deflate { receivers, .. }
            | Load::Stalled { receivers, .. }
            | Load::SystemCalls { receivers, .. }
            | Load::Functions { receivers, .. } => (1, some(receivers) + 1, Talkers::First),
            Load::Storm { members, .. } => (1, some(members) + 1, Talkers::First),
            Load::Documents { rooms, members, .. } => (some(rooms), members, Talkers::First),
            Load::Floods { rooms, members, .. } => (rooms, members, Talkers::First),
            Load::Paced { rooms, members, .. } if rooms > 1 => (some(rooms), members, Talkers::First),
            Load::Paced { members, .. } | Load::Window { members, .. } => (1, some(members), Talkers::First),
            Load::Neighbour { members, .. } => (1, members, Talkers::First),
            Load::Cursors { members } => (1, some(members), Talkers::All),
            Load::Joins { members } | Load::Arrivals { members, .. } | Load::Ghosts { members } => {
                (1, some(members), Talkers::None)
            }
            Load::IdleNodes { rooms, members, .. } => (some(rooms), members, Talkers::None),
            Load::Wakes { listeners, .. } => (1, some(listeners) + 1, Talkers::First),
            Load::Idle { connections, .. } | Load::IdleListeners { connections, .. } => {
                (some(connections / 10), 10, Talkers::None)
            }
        };
        let neighbours = match self.load {
            Load::Neighbour { neighbours, .. } => some(neighbours),
            _ => 0,
        };
        let cursors = match self.load {
            Load::Documents { cursors, .. } => some(cursors),
            _ => 0,
        };
        Layout { rooms, members, neighbours, cursors, talkers, offer: contestant.offer, kind: contestant.kind }
    }
}
