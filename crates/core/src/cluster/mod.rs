//! The same rooms on several nodes: what they say to each other, and what each makes of it.
//!
//! **Every node speaks for the members that are connected to it, and for nobody else.** What it says of a room is one numbered
//! stream of [changes](Change); each other node that takes part in the room has a replica of how far it came, and asks the
//! origin, and nobody else, for what is missing. So an entry has one writer, nobody repeats what another said, and whoever is
//! gone is gone when its lease is over.
//!
//! [`ClusterEngine`] is one process's part of that. It takes what its rooms [publish](Input::Publish), what the broker
//! [hands over](Input::Heard) and the time, and says what is to be published and what a room must be told. It knows no roster:
//! when another node needs one, it asks the [room](Effect::NeedRoster), whose answer stands in the same order as all that the
//! room publishes. Like everything here it does no I/O, reads no clock and draws no numbers.
//!
//! | file | what it decides |
//! |---|---|
//! | `incarnation`, `claim` | which run of a node counts, and which node has a member |
//! | `wire`, `change`, `message`, `envelope`, `replays` | what stands in an envelope, and which is believed |
//! | `watch` | whether this node is well, before it says of another that it is not |
//! | `command`, `asking`, `deeds` | what one node has another one do, once |
//! | `word` | a message that the broker numbers and keeps |
//! | `release` | what a node gives away of a member whose client has come to another |
//! | `words` | how much of a stream was heard, counted in messages |
//! | `origin`, `replica` | a stream where it is said, and where it is heard |
//! | `sums` | where two nodes differ, found by one number in a heartbeat |
//! | `lobby` | for whom the first member of a room waits |
//! | `peer`, `engine/` | all of it together |
//! | `outgoing` | what waits for the broker |

mod asking;
mod change;
mod claim;
mod command;
mod deeds;
mod engine;
mod envelope;
mod in_flight;
mod incarnation;
mod lobby;
mod message;
mod news;
mod origin;
mod outgoing;
mod pages;
mod peer;
mod release;
mod repairs;
mod replays;
mod replica;
mod settings;
mod stay;
mod subject;
mod sums;
mod verdict;
mod watch;
mod wire;
mod word;
mod words;

pub use change::{Change, Present};
pub use claim::Claim;
pub use command::{Answer, Closing, Command, UserThere};
pub use engine::{Address, ClusterConfig, ClusterEngine, Effect, Input, PeerReport};
pub use envelope::{ClusterKey, Rejected};
pub use incarnation::{Incarnation, InvalidNodeName, NodeName};
pub use lobby::Audible;
pub use news::News;
pub use outgoing::Outgoing;
pub use release::{MissedFrame, Released};
pub use repairs::Repairs;
pub use settings::ClusterSettings;
pub use stay::{StayAnswer, StayWord};
pub use subject::Subject;
pub use verdict::Verdict;
pub use watch::Health;
pub use word::{HistoryNews, Numbered, Page, Word};
pub use words::{Heard, Words};
