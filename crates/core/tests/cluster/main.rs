//! Many nodes in virtual time: the real engines of each and of its rooms, between links that lose, double and delay, and members'
//! sockets that believe nothing.
//!
//! Every run is drawn from one number, its seed: two to seven nodes with clocks that differ and drift, members that come, go,
//! move and talk, processes that pause, are killed and start again under their name, networks that split and heal. What a
//! room is told of another node, and what a socket is sent, must always make sense, and be said once and in order; nobody leaves whose
//! socket is whole and whose node was left alone; once everything is well again, every node and every socket must know of
//! every other node exactly what that one knows of itself. A run that fails
//! prints its seed and the steps that it takes to fail; `seeds` says how to play it again, or more of them.
//! `ROOMFUL_SIM_NODES=<n>` has n nodes in every run.

#[macro_use]
#[path = "../simulator/fault.rs"]
mod fault;
#[path = "../simulator/rng.rs"]
mod rng;

mod client;
mod live;
mod network;
mod one_history;
mod process;
mod room;
mod run;
#[path = "../seeds/mod.rs"]
mod seeds;
mod table;
#[path = "../simulator/view.rs"]
mod view;
mod world;

#[test]
fn every_node_knows_what_every_other_one_knows_of_itself() {
    if let Err(why) = run::Nodes::from_env().and_then(|nodes| seeds::play_as_asked(&nodes)) {
        panic!("{why}");
    }
}
