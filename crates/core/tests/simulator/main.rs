//! Rooms in virtual time: the real engine, outbox and intake between clients that believe nothing.
//!
//! Every run is drawn from one number, its seed: members of both dialects join, leave, talk, move and drop at random, lose
//! their sockets and come back with others, are removed, read promptly, slowly or not at all; the app's code for them takes
//! its time; the room is put away and restored under them, or its process stops. After every step each client that has
//! read all there is must hold the roster that the server holds, every client must have seen each message once and in
//! order, over all its sockets, or have been told that it did not, what it says must be handled once, every life must be where the roster says, and no frame may break what the protocol promises. A run that fails
//! prints its seed and the steps that it takes to fail. `seeds` says how to play it again, or more of them.

#[macro_use]
mod fault;
mod act;
mod client;
mod deliver;
mod door;
mod lane;
mod ledger;
mod lives;
mod member;
mod plan;
mod races;
mod rng;
mod run;
mod say;
#[path = "../seeds/mod.rs"]
mod seeds;
mod seen;
mod sessions;
mod socket;
mod users;
mod view;
mod world;

use run::Rooms;

#[test]
fn what_every_member_sees_is_what_happened() {
    if let Err(why) = seeds::play_as_asked(&Rooms) {
        panic!("{why}");
    }
}
