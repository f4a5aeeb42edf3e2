//! Nodes over the broker within a process, in virtual time.

mod asking;
mod model;

use std::time::Duration;

use self::model::Node;
use crate::{ConnectError, MemoryBroker};

async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Three that have met, each with one member in room `a`.
async fn three() -> (MemoryBroker, [Node; 3]) {
    let broker = MemoryBroker::new();
    let nodes =
        [Node::start(&broker, "one").await, Node::start(&broker, "two").await, Node::start(&broker, "three").await];
    pass(5_000).await;
    for (node, member) in nodes.iter().zip(["m1", "m2", "m3"]) {
        assert!(node.health().is_well && node.health().live().count() == 2, "{:?}", node.health());
        node.join("a", member);
    }
    pass(1_000).await;
    for node in &nodes {
        assert_eq!(node.roster("a"), ["m1", "m2", "m3"]);
        assert!(node.is_ready("a"));
    }
    (broker, nodes)
}

#[tokio::test(start_paused = true)]
async fn every_node_sees_everybody_and_hears_each_word_once_and_in_order() {
    let (_broker, nodes) = three().await;
    for i in 0..100 {
        nodes[0].say("a", "m1", &format!("{i}"));
    }
    nodes[2].leave("a", "m3");
    pass(100).await;
    let due: Vec<_> = (0..100).map(|i| i.to_string()).collect();
    assert_eq!(nodes[1].heard("a"), due);
    assert_eq!([0, 1].map(|i| nodes[i].roster("a").join(" ")), ["m1 m2", "m1 m2"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_opens_a_room_that_nobody_has_does_not_wait() {
    let (_broker, nodes) = three().await;
    nodes[0].join("b", "m1");
    pass(2).await;
    assert!(nodes[0].is_ready("b"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_gone_for_two_seconds_is_repaired() {
    let (broker, nodes) = three().await;
    broker.stop();
    for i in 0..20 {
        nodes[0].say("a", "m1", &format!("{i}"));
        pass(100).await;
    }
    broker.start();
    pass(5_000).await;
    let due: Vec<_> = (0..20).map(|i| i.to_string()).collect();
    for node in &nodes[1..] {
        assert_eq!((node.roster("a").join(" ").as_str(), node.heard("a")), ("m1 m2 m3", due.clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_gone_for_a_minute_isolates_all_and_loses_nobody() {
    let (broker, nodes) = three().await;
    broker.stop();
    pass(6_000).await;
    nodes[1].join("a", "m4");
    // The others keep a thousand changes for half a minute.
    (0..2_000).for_each(|i| nodes[0].say("a", "m1", &i.to_string()));
    pass(54_000).await;
    for (node, roster) in nodes.iter().zip(["m1 m2 m3", "m1 m2 m3 m4", "m1 m2 m3"]) {
        let health = node.health();
        assert!(!health.is_well && !health.is_linked, "{health:?}");
        assert_eq!(node.roster("a").join(" "), roster, "nobody is away");
    }
    // Without others, at once.
    nodes[2].join("b", "m3");
    pass(2).await;
    assert!(nodes[2].is_ready("b"));
    broker.start();
    pass(5_000).await;
    for node in &nodes {
        assert!(node.health().is_well);
        assert_eq!(node.roster("a").join(" "), "m1 m2 m3 m4");
    }
    assert_eq!(nodes[1].missed("a") + nodes[1].heard("a").len() as u64, 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_killed_is_lost_after_its_lease_and_one_that_ends_at_once() {
    let (_broker, [one, two, three]) = three().await;
    three.kill();
    pass(9_000).await;
    assert_eq!(one.roster("a").join(" "), "m1 m2 m3");
    pass(3_000).await;
    assert_eq!(one.roster("a").join(" "), "m1 m2 m3*");
    two.end().await;
    pass(10).await;
    assert_eq!(one.roster("a").join(" "), "m1 m2* m3*");
    assert_eq!(one.health().live().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_only_looks_well_is_made_anew() {
    let (_broker, nodes) = three().await;
    nodes[0].endpoint.set_deaf(true);
    pass(6_000).await;
    assert!(!nodes[0].health().is_well);
    nodes[0].say("a", "m1", "still heard");
    pass(100).await;
    assert_eq!(nodes[1].heard("a"), ["still heard"]);
    assert_eq!(nodes[1].roster("a").join(" "), "m1 m2 m3", "it is heard, so it is not away");
    pass(60_000).await;
    nodes[0].endpoint.set_deaf(false);
    nodes[1].say("a", "m2", "heard again");
    pass(5_000).await;
    assert!(nodes[0].health().is_well);
    assert_eq!(nodes[0].heard("a"), ["heard again"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_dropped_and_late_is_repaired() {
    let (_broker, nodes) = three().await;
    nodes[1].endpoint.set_delay(Duration::from_millis(80));
    nodes[2].endpoint.drop_next(7);
    for i in 0..200 {
        nodes[0].say("a", "m1", &i.to_string());
        if i % 50 == 0 {
            nodes[0].endpoint.cut();
        }
        pass(7).await;
    }
    pass(6_000).await;
    let due: Vec<_> = (0..200).map(|i| i.to_string()).collect();
    for node in &nodes[1..] {
        assert_eq!((node.roster("a").join(" ").as_str(), node.heard("a")), ("m1 m2 m3", due.clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_name_twice_isolates_the_older_one() {
    let (broker, nodes) = three().await;
    let twin = Node::start(&broker, "one").await;
    twin.join("a", "m9");
    pass(5_000).await;
    assert!(nodes[0].health().is_superseded);
    assert!(twin.health().is_well);
    assert_eq!(nodes[1].roster("a").join(" "), "m1* m2 m3 m9");
}

#[tokio::test(start_paused = true)]
async fn without_its_broker_it_does_not_begin_unless_it_may() {
    let broker = MemoryBroker::new();
    broker.stop();
    let refused = Node::try_start(&broker, "one", false).await.map(|_| ()).expect_err("no broker");
    assert!(matches!(refused, ConnectError::NoAnswer { .. }));
    let node = Node::try_start(&broker, "one", true).await.unwrap();
    node.join("a", "m1");
    pass(1_000).await;
    assert!(node.is_ready("a") && !node.health().is_well);
    broker.start();
    pass(4_000).await;
    assert!(node.health().is_well);
}

#[tokio::test(start_paused = true)]
async fn rubbish_on_the_subjects_changes_nothing() {
    use roomful_core::cluster::{Address, Subject};

    use crate::{Broker as _, Command, Heard};
    let (broker, nodes) = three().await;
    let heard = Heard::new(1 << 20);
    let mut link = broker.endpoint(model::APP).connect(heard.ear().0).await.unwrap();
    for to in [Address::Everybody, Address::Room(Subject::of(model::APP, "a"))] {
        for rubbish in [&b"rubbish"[..], b"rf", b"rf\x01\0", b"rf\x09\0xxxxxxxxxxxxx", &[0xff; 5_000]] {
            link.speaker.say(Command::Publish { to, envelope: rubbish.to_vec().into() }).await.unwrap();
        }
    }
    nodes[0].say("a", "m1", "a word");
    pass(100).await;
    assert_eq!(nodes[1].heard("a"), ["a word"]);
    assert_eq!(nodes[1].roster("a").join(" "), "m1 m2 m3");
}

/// Each of them fits into it, and not all of them at once.
#[tokio::test(start_paused = true)]
async fn a_roster_that_is_longer_than_what_the_broker_takes_comes_in_pages_that_are_not() {
    let broker = MemoryBroker::taking(4_096);
    let [a, b] = [Node::start(&broker, "one").await, Node::start(&broker, "two").await];
    pass(5_000).await;
    let names: Vec<_> = (0..200).map(|i| format!("{i:060}")).collect();
    names.iter().for_each(|name| a.join("room", name));
    pass(1_000).await;
    b.join("room", "last");
    pass(1_000).await;
    let due: Vec<_> = names.into_iter().chain(["last".to_owned()]).collect();
    assert_eq!(b.roster("room"), due);
    assert_eq!(a.roster("room"), due);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_opens_many_rooms_at_once_is_heard_by_a_broker_that_takes_little() {
    let broker = MemoryBroker::taking(4_096);
    let [a, b] = [Node::start(&broker, "one").await, Node::start(&broker, "two").await];
    pass(5_000).await;
    (0..500).for_each(|room| a.join(&format!("room{room}"), "ann"));
    pass(20_000).await;
    assert!(a.health().is_well && b.health().is_well);
    assert_eq!(b.health().live().map(|peer| peer.rooms).sum::<usize>(), 500);
}
