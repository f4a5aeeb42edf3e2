//! The scenarios, in the order in which they run.

use super::{Family, Load, MOST_IDLE, Scenario};
use crate::content::Content;
use crate::failure::Failure;

const ONE_ROOM: &str = "a server's whole life: rooms, connections and threads are few, and nothing else runs";

/// All there are.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "fanout-64-w1",
        title: "One sender to 500, 64 B, one at a time",
        measures: "what a delivery costs when each is a send of its own: the next message is sent when all 500 have the last",
        omits: ONE_ROOM,
        family: Family::FanOut,
        load: Load::Bursts { receivers: 500, content: Content::Text(64), in_flight: 1 },
    },
    Scenario {
        name: "fanout-64-w16",
        title: "One sender to 500, 64 B, bursts of 16",
        measures: "what a server makes of work that it could do in one go: 16 messages at once, the next 16 when all 500 have them",
        omits: ONE_ROOM,
        family: Family::FanOut,
        load: Load::Bursts { receivers: 500, content: Content::Text(64), in_flight: 16 },
    },
    Scenario {
        name: "fanout-1k-w1",
        title: "One sender to 500, 1 KiB, one at a time",
        measures: "the same as with 64 B, where copying counts more",
        omits: ONE_ROOM,
        family: Family::FanOut,
        load: Load::Bursts { receivers: 500, content: Content::Text(1024), in_flight: 1 },
    },
    Scenario {
        name: "fanout-1k-w16",
        title: "One sender to 500, 1 KiB, bursts of 16",
        measures: "the same as with 64 B, where copying counts more",
        omits: ONE_ROOM,
        family: Family::FanOut,
        load: Load::Bursts { receivers: 500, content: Content::Text(1024), in_flight: 16 },
    },
    Scenario {
        name: "rate",
        title: "One sender to 500, 64 B, 50 messages a second",
        measures: "cost and latency of a server that is neither idle nor full; a message counts as sent when it was due",
        omits: "what happens when more comes than the server can send",
        family: Family::FanOut,
        load: Load::Paced { rooms: 1, members: 501, content: Content::Text(64), per_second: 50.0 },
    },
    Scenario {
        name: "rooms",
        title: "50 rooms of 20, 64 B, 20 messages a second in each",
        measures: "what a delivery costs when a message has few receivers, so that what is done once a message counts",
        omits: "rooms that come and go",
        family: Family::FanOut,
        load: Load::Paced { rooms: 50, members: 20, content: Content::Text(64), per_second: 1000.0 },
    },
    Scenario {
        name: "rooms-3",
        title: "1,000 rooms of 3, 64 B, a message a second in each, a cursor at 10 Hz in a tenth of them",
        measures: "what a delivery costs where most rooms are a document with a few readers: messages and states together. Latencies \
                   are the messages'",
        omits: "rooms that come and go. A state is told to its sender too, which a relay does not do",
        family: Family::FanOut,
        load: Load::Documents { rooms: 1000, members: 3, content: Content::Text(64), per_second: 1000.0, cursors: 100 },
    },
    Scenario {
        name: "large-room",
        title: "One sender to 5,000, 64 B, one at a time",
        measures: "what a delivery costs when sockets no longer fit the processor's caches",
        omits: "peers beyond two: the system's bound on open files does not let one process hold 5,000 to each",
        family: Family::FanOut,
        load: Load::Bursts { receivers: 5000, content: Content::Text(64), in_flight: 1 },
    },
    Scenario {
        name: "window",
        title: "One sender to 500, 64 B, 200 messages a second, with a window of 10 ms",
        measures: "what a room saves that holds messages back for 10 ms after each send, and what that costs in latency",
        omits: "windows of other lengths; peers beyond the cheapest, which `rate` has",
        family: Family::Window,
        load: Load::Window { members: 501, content: Content::Text(64), per_second: 200.0 },
    },
    cursors("cursors-50", "50 cursors at 30 Hz", 50),
    cursors("cursors-100", "100 cursors at 30 Hz", 100),
    cursors("cursors-200", "200 cursors at 30 Hz", 200),
    cursors("cursors-500", "500 cursors at 30 Hz", 500),
    Scenario {
        name: "joins",
        title: "2,000 join one room at once",
        measures: "from the first connection until every client's roster is right; processor time and bytes of that. TCP's handshakes \
                   and HTTP's are in it: each asks for its room as soon as it is connected, and nobody waits for another's room",
        omits: "peers, which keep no roster; more than 128 at once that the server has not upgraded yet, which is what its listener's queue takes",
        family: Family::Joins,
        load: Load::Joins { members: 2000 },
    },
    Scenario {
        name: "storm",
        title: "5,000 of a room lose their sockets at once and come back",
        measures: "from the loss until all are back and every roster is right, when they come back over 8 s while one more says 5 \
                   messages a second; processor time and bytes of that. Each is who it was and gets each message once, and rosters are \
                   right 2 s after the last, or the run fails",
        omits: "peers, none of which holds a member; a client's own waiting before it tries again",
        family: Family::Storm,
        load: Load::Storm { members: 5000, content: Content::Text(64), per_second: 5.0 },
    },
    Scenario {
        name: "idle",
        title: "10,000 idle connections",
        measures: "memory in user space that belongs to the server alone (private, dirty), less the empty server's, for each connection, in rooms of ten",
        omits: "what the kernel holds for each socket, which is the same for all; what a runtime with a garbage collector would give back later",
        family: Family::Idle,
        load: Load::Idle { connections: 10_000, slots: 2 },
    },
    Scenario {
        name: "idle-most",
        title: "18,000 idle connections, for a minute",
        measures: "the same with as many as one process may have where the bound on open files is 20,000, and what it costs to keep them \
                   alive: two heartbeats of ours are in the minute, as many pings as a peer sends by itself in theirs",
        omits: "pings that a browser's client sends; a peer that sends no pings never notices who is gone, and pays nothing",
        family: Family::Idle,
        load: Load::Idle { connections: MOST_IDLE, slots: 50 },
    },
    Scenario {
        name: "publish",
        title: "One publish to 500 who listen, 64 B, one at a time, beside a broadcast in a room of 500",
        measures: "what a delivery of a feed costs: one in a room says what its handler publishes, and the next when all 500 have it",
        omits: "that an event is 40 B shorter than a message in a room, which says who it is from",
        family: Family::Publish,
        load: Load::Publish { receivers: 500, content: Content::Text(64) },
    },
    Scenario {
        name: "publish-5000",
        title: "One publish to 5,000 who listen, 64 B, one at a time, beside a broadcast in a room of 5,000",
        measures: "the same when sockets no longer fit the processor's caches",
        omits: "that an event is 40 B shorter than a message in a room, which says who it is from",
        family: Family::Publish,
        load: Load::Publish { receivers: 5000, content: Content::Text(64) },
    },
    Scenario {
        name: "idle-listeners",
        title: "10,000 who listen to feeds of ten, of which nothing is published",
        measures: "memory in user space that belongs to the server alone, less the empty server's, for each listener: through a WebSocket, \
                   and through server-sent events, which are an HTTP response each",
        omits: "what the kernel holds for each socket",
        family: Family::IdleListeners,
        load: Load::IdleListeners { connections: 10_000, slots: 2 },
    },
    Scenario {
        name: "wakes",
        title: "A live value that takes 50 ms to load, changed and woken 1,000 times a second, 500 who listen",
        measures: "how often it is loaded, and how long after the last wake everybody has what that one made of it",
        omits: "loads that use the processor",
        family: Family::Wakes,
        load: Load::Wakes { listeners: 500, content: Content::Text(64), per_second: 1000.0 },
    },
    Scenario {
        name: "cluster",
        title: "One sender to 1,500, 64 B, 50 messages a second, on three nodes",
        measures: "what a delivery costs all nodes together, beside one node that has all, and what the way from node to node adds",
        omits: "machines that are apart: nodes and broker share this one, and one processor",
        family: Family::Cluster,
        load: Load::Paced { rooms: 1, members: 1501, content: Content::Text(64), per_second: 50.0 },
    },
    Scenario {
        name: "cluster-rooms",
        title: "1,000 rooms of 10, 64 B, a message a second in each, on three nodes",
        measures: "the same where a message has few receivers, and one envelope goes to the broker for nine deliveries",
        omits: "machines that are apart: nodes and broker share this one, and one processor",
        family: Family::Cluster,
        load: Load::Paced { rooms: 1000, members: 10, content: Content::Text(64), per_second: 1000.0 },
    },
    Scenario {
        name: "cluster-cursors",
        title: "300 cursors at 30 Hz in one room, on three nodes",
        measures: "how many states arrive, and how old, where two of three receivers are at another node",
        omits: "machines that are apart: nodes and broker share this one, and one processor",
        family: Family::ClusterCursors,
        load: Load::Cursors { members: 300 },
    },
    Scenario {
        name: "cluster-joins",
        title: "200 come to a room of 300 one by one, on three nodes",
        measures: "how long it takes from a handshake until everybody's roster has the newcomer: at its node, and elsewhere",
        omits: "machines that are apart: nodes and broker share this one, and one processor",
        family: Family::Arrivals,
        load: Load::Arrivals { members: 500, newcomers: 200 },
    },
    Scenario {
        name: "cluster-crowd",
        title: "5,000 come into one room at once, on three nodes",
        measures: "how soon all rosters are right on all nodes",
        omits: "a room that says something meanwhile",
        family: Family::Nodes,
        load: Load::Joins { members: 5000 },
    },
    Scenario {
        name: "cluster-ghosts",
        title: "A node of three is killed, with a third of a room of 30",
        measures: "how long its members are still there for others: a lease of 10 s, and what the others need to see that it is over",
        omits: "a grace, in which they would be away",
        family: Family::Nodes,
        load: Load::Ghosts { members: 30 },
    },
    Scenario {
        name: "cluster-idle",
        title: "5,000 rooms of 3, one at each of three nodes, in which nothing happens",
        measures: "what a node says to the others all the time: heartbeats, each with one sum of all rooms",
        omits: "members who come and go",
        family: Family::IdleNodes,
        load: Load::IdleNodes { rooms: 5000, members: 3, slots: 20 },
    },
    Scenario {
        name: "stalled",
        title: "One of 500 stops reading, 8 KiB, 100 messages a second",
        measures: "the p99 of the other 499 beside that of the same server a moment before, and by how much its memory grew",
        omits: "several that do not read",
        family: Family::Stalled,
        load: Load::Stalled { receivers: 500, content: Content::Text(8192), per_second: 100.0 },
    },
    Scenario {
        name: "neighbour",
        title: "A room of 20 beside a room of 2,000 on the same processor, 64 B",
        measures: "by how much a huge room's fan-out delays a small one on the same thread: the small room says 20 messages a second, \
                   alone and then while one of the 2,000 says 52.36 a second. Latencies are the small room's, cores are for both",
        omits: "delays rarer than one message in a hundred; how late the large room's messages come; a server of several threads. The \
                load generator reads both rooms, so its reading of the large one's messages is in the latencies of every row",
        family: Family::Neighbour,
        load: Load::Neighbour {
            members: 20,
            per_second: 20.0,
            neighbours: 2000,
            neighbours_per_second: 52.36,
            content: Content::Text(64),
        },
    },
    Scenario {
        name: "floods",
        title: "Five rooms of 4 under floods, on one processor",
        measures: "how late messages of small rooms come, 100 a second in all, alone and while strangers in other rooms send what they can: \
                   200 send pings, 200 pongs, 200 empty fragments of a message without end, 50 messages, 10 compressed messages that inflate to \
                   60 KB (where the server compresses). And for how long the server is busy after they left, at the longest",
        omits: "strangers who come back when they were put out; more than 64 MB/s. The load generator makes the floods too, on its one \
                processor, and its lateness is in all rows",
        family: Family::Floods,
        load: Load::Floods { rooms: 5, members: 4, content: Content::Text(64), per_second: 100.0 },
    },
    Scenario {
        name: "deflate",
        title: "Compression, 1 KiB of JSON to 500, one at a time",
        measures: "bytes on the wire and processor time with `permessage-deflate`, as a ratio to the same server without",
        omits: "what clients spend on inflating; contents that do not compress",
        family: Family::Deflate,
        load: Load::Deflate { receivers: 500, content: Content::Document(1024) },
    },
    system_calls("syscalls-w1", "System calls, one sender to 500, 64 B, one at a time", 1),
    system_calls("syscalls-w16", "System calls, one sender to 500, 64 B, bursts of 16", 16),
    functions("functions-w1", "Our user time by function, one sender to 500, 64 B, one at a time", 1),
    functions("functions-w16", "Our user time by function, one sender to 500, 64 B, bursts of 16", 16),
];

impl Scenario {
    /// The scenario of this name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(name: &str) -> Result<&'static Self, Failure> {
        SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| {
            Failure::Usage(format!("there is no scenario `{name}`; `cargo xtask bench --list` prints those there are"))
        })
    }
}

const fn system_calls(name: &'static str, title: &'static str, in_flight: usize) -> Scenario {
    Scenario {
        name,
        title,
        measures: "writes and calls of all kinds that the server makes for each delivery, counted by `strace` in a slot of its own",
        omits: "time: `strace` makes every call slower, so a server has more to do at once than it would have without",
        family: Family::SystemCalls,
        load: Load::SystemCalls { receivers: 500, in_flight },
    }
}

const fn functions(name: &'static str, title: &'static str, in_flight: usize) -> Scenario {
    Scenario {
        name,
        title,
        measures: "the kernel's part of our processor time, and which functions in user space take the rest, sampled by `perf`",
        omits: "what the compiler put into its caller, which counts as the caller",
        family: Family::Functions,
        load: Load::Functions { receivers: 500, in_flight },
    }
}

const fn cursors(name: &'static str, title: &'static str, members: usize) -> Scenario {
    Scenario {
        name,
        title,
        measures: "states that arrive, of those offered; how old they are; processors busy. Presence where there is a roster, a message \
                   to all others where there is not",
        omits: "that a state left out for a newer one is no loss to a reader: it counts as not delivered",
        family: Family::Cursors,
        load: Load::Cursors { members },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_rooms_messages_meet_every_stage_of_its_neighbours() {
        let load = Scenario::find("neighbour").map(|scenario| scenario.load);
        let Ok(Load::Neighbour { per_second, neighbours_per_second, .. }) = load else { panic!("{load:?}") };
        // As parts of the time between two of the neighbour's messages, for as many as are said in a slot of a full run.
        let phase = |message: u32| (f64::from(message) / per_second * neighbours_per_second).fract();
        let mut phases: Vec<f64> = (0..96).map(phase).chain([1.0]).collect();
        phases.sort_by(f64::total_cmp);
        let widest = phases.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        assert!(widest < 0.05, "none falls into {widest} of the time");
    }

    #[test]
    fn no_two_scenarios_share_a_name() {
        let mut names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SCENARIOS.len());
    }
}
