//! Many nodes in virtual time: the real engines of each and of its rooms, between links that lose, double and delay, and members'
//! sockets that believe nothing.
//!
//! Every run is drawn from one number, its seed: two to seven nodes with clocks that differ and drift, members that come, go,
//! move and talk, processes that pause, are killed and start again under their name, networks that split and heal. What a
//! room is told of another node, and what a socket is sent, must always make sense, and be said once and in order; nobody leaves whose
//! socket is whole and whose node was left alone; once everything is well again, every node and every socket must know of
//! every other node exactly what that one knows of itself. A run that fails prints its seed; with it
//! `ROOMFUL_SIM_SEED=<seed> cargo test -p roomful-core --test cluster` plays it again. `ROOMFUL_SIM_RUNS=<n>` plays the seeds
//! under n.

#[macro_use]
#[path = "../simulator/fault.rs"]
mod fault;
#[path = "../simulator/rng.rs"]
mod rng;

mod client;
mod live;
mod network;
mod process;
mod room;
mod run;
mod table;
#[path = "../simulator/view.rs"]
mod view;
mod world;
