//! Roomful and its peers, side by side in one run: what each delivery costs the server, and how late it comes.
//!
//! One process is the load generator for all servers. It takes turns: a slot of a few seconds with one server, then with
//! the next, round after round in rotated order, so that what disturbs the machine disturbs all of them. A ratio is taken
//! inside a round only.
//!
//! - [`peer`] is who is compared, and how each is started;
//! - [`client`] is a WebSocket client that costs little, and thousands of it on one thread;
//! - [`mark`] is what a message carries so that its delivery can be checked and timed without parsing it;
//! - [`tally`] and [`roster`] are what receivers saw, and what they must not see; [`session`] is what they come back with;
//! - [`processors`] is who runs where; [`server`] and [`meter`] are a server's processes, their processor time and memory, [`broker`] is
//!   what several of them talk over;
//! - [`probe`] is what looks into a server while it works;
//! - [`trial`] is one server under load, by its own [`schedule`] or as fast as it will; [`scenario`] is all loads there are;
//! - [`reading`] is a slot from its beginning to its end, [`figures`] what it measured, [`report`] what is written of them.
//!
//! It must never reach beyond the loopback interface, nor leave a server running.

pub mod args;
pub mod broker;
pub mod client;
pub mod clock;
pub mod content;
pub mod dialect;
pub mod failure;
pub mod figures;
pub mod flood;
pub mod machine;
pub mod mark;
pub mod meter;
pub mod peer;
pub mod probe;
pub mod processors;
pub mod reading;
pub mod report;
pub mod roster;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod server;
pub mod session;
pub mod tally;
pub mod trial;
