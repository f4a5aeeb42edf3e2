//! Many nodes in virtual time: the real engine of each, between links that lose, double and delay, and rooms that believe
//! nothing.
//!
//! Every run is drawn from one number, its seed: two to seven nodes with clocks that differ and drift, members that come, go,
//! move and talk, processes that pause, are killed and start again under their name, networks that split and heal. What a
//! room is told of another node must always make sense, and be said once and in order; once everything is well again, every
//! node must know of every other exactly what that one knows of itself. A run that fails prints its seed; with it
//! `ROOMFUL_SIM_SEED=<seed> cargo test -p roomful-core --test cluster` plays it again. `ROOMFUL_SIM_RUNS=<n>` plays the seeds
//! under n.

#[macro_use]
#[path = "../simulator/fault.rs"]
mod fault;
#[path = "../simulator/rng.rs"]
mod rng;

mod network;
mod process;
mod room;
mod run;
mod table;
mod world;
