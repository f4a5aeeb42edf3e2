//! One thread of sockets or several, with io_uring and without: nobody can tell.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::num::NonZero;

use futures_util::future::join_all;
use roomful_axum::{RoomsExt as _, Sockets};

use crate::support::{Client, connect, limits, listen, rooms, text};

async fn serve(sockets: Sockets) -> SocketAddr {
    let (rooms, _) = rooms(limits());
    let (listener, address) = listen().await;
    let app = rooms.router_with(sockets);
    tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
    address
}

fn every_setting() -> impl Iterator<Item = Sockets> {
    let counts = [1, 4].map(|threads| NonZero::new(threads).unwrap());
    counts.into_iter().flat_map(|threads| [false, true].map(|ring| Sockets::new().threads(threads).io_uring(ring)))
}

#[tokio::test]
async fn a_small_session_is_the_same_with_every_setting() {
    for sockets in every_setting() {
        let address = serve(sockets).await;
        // More than are worth a ring.
        let mut members: Vec<Client> = Vec::new();
        for _ in 0..8 {
            let newcomer = Client::join(connect(address).await, "h").await;
            for member in &mut members {
                member.told("join", &newcomer.id).await;
            }
            members.push(newcomer);
        }
        for talker in 0..members.len() {
            let (id, body) = (members[talker].id.clone(), "x".repeat(1 << (2 * talker)));
            members[talker].say(&body).await;
            for member in &mut members {
                assert_eq!(member.message().await, (id.clone(), body.clone()));
            }
        }
        members[0].show("here").await;
        let id = members[0].id.clone();
        for member in &mut members {
            assert_eq!(member.told("update", &id).await, "here");
        }
        let mut leaver = members.pop().unwrap();
        leaver.close(1000).await;
        assert_eq!(leaver.closed().await, 1000);
        for member in &mut members {
            member.told("leave", &leaver.id).await;
        }
    }
}

/// From so many on a room is spread over threads: see `Shards::choose`.
const SPREAD: usize = 257;

const LISTENERS: usize = 12;
const TALKERS: usize = 4;
const MESSAGES: usize = 50;

#[tokio::test]
async fn members_on_different_threads_see_one_order() {
    for io_uring in [false, true] {
        let address = serve(Sockets::new().threads(NonZero::new(4).unwrap()).io_uring(io_uring)).await;
        let join = || async { Client::join(connect(address).await, "h").await };
        let mut early = join_all((0..SPREAD).map(|_| join())).await;
        let mut late = join_all((0..LISTENERS).map(|_| join())).await;
        late.extend(early.drain(..LISTENERS));
        let mut talkers = join_all((0..TALKERS).map(|_| join())).await;
        let ids: HashSet<String> = talkers.iter().map(|talker| talker.id.clone()).collect();
        join_all(talkers.iter_mut().map(|talker| async move {
            for n in 0..MESSAGES {
                talker.say(&n.to_string()).await;
            }
        }))
        .await;
        late.extend(talkers);
        let heard = join_all(late.iter_mut().map(hear)).await;
        for order in &heard {
            assert_eq!(order, &heard[0], "everybody hears the same");
        }
        let mut next: HashMap<&str, usize> = HashMap::new();
        for (from, said) in &heard[0] {
            assert!(ids.contains(from));
            let next = next.entry(from).or_default();
            assert_eq!(said, &next.to_string(), "in the order of its sender, once");
            *next += 1;
        }
    }
}

/// All that is said, by members that were in the snapshot or have joined before.
async fn hear(member: &mut Client) -> Vec<(String, String)> {
    let snapshot = member.snapshot["members"].as_array().unwrap();
    let mut known: HashSet<String> = snapshot.iter().map(|member| text(&member["id"])).collect();
    let mut heard = Vec::new();
    while heard.len() < TALKERS * MESSAGES {
        let frame = member.frame().await;
        let from = text(&frame["from"]);
        if frame["t"] == "msg" {
            assert!(known.contains(&from), "who speaks has joined");
            heard.push((from, text(&frame["msg"])));
        } else {
            assert_eq!(frame["op"], "join", "{frame}");
            assert!(known.insert(from), "nobody joins twice");
        }
    }
    heard
}
