//! Clients that come back to another node than the one that has their member, over the broker within a process and in virtual time.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

mod app;
mod races;

use std::collections::BTreeMap;
use std::time::Duration;

use roomful::{Limits, MemberId};
use roomful_cluster::MemoryBroker;
use roomful_core::Close;

use self::app::{Client, Node, hall, pass};

const GRACE_MS: u64 = 4_000;

struct Three {
    broker: MemoryBroker,
    nodes: [Node; 3],
}

/// Three nodes that have met.
async fn three() -> Three {
    over(MemoryBroker::new(), Limits::default().grace_ms(GRACE_MS)).await
}

async fn over(broker: MemoryBroker, limits: Limits) -> Three {
    let start = |name| Node::start(&broker, name, limits.clone());
    let nodes = [start("one").await, start("two").await, start("three").await];
    pass(5_000).await;
    nodes.iter().for_each(|node| assert!(node.is_well() && node.rooms.cluster().unwrap().live().count() == 2));
    Three { broker, nodes }
}

/// One client at each of them, who know each other.
async fn ann_ben_cy(nodes: &[Node; 3]) -> [Client; 3] {
    let mut clients =
        [nodes[0].come("ann", None).await, nodes[1].come("ben", None).await, nodes[2].come("cy", None).await];
    pass(50).await;
    clients.iter_mut().for_each(|client| assert_eq!(client.heard(), [""; 0]));
    clients
}

/// Every node knows these, and whether they are away.
async fn all_know(nodes: impl IntoIterator<Item = &Node>, due: &[(&str, bool)]) {
    let due: BTreeMap<_, _> = due.iter().map(|(id, away)| ((*id).to_owned(), *away)).collect();
    for node in nodes {
        assert_eq!(node.members().await, due);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_another_node_hears_what_it_missed_once_in_its_order_and_then_what_is_said_there() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, mut cy] = ann_ben_cy(&nodes).await;
    ann.say("1");
    pass(10).await;
    ben.show("sad");
    ben.say("of ben");
    pass(50).await;
    assert_eq!(ben.heard(), ["1"]);
    ben.lose();
    pass(10).await;
    ann.say("2");
    pass(10).await;
    cy.say("3");
    pass(10).await;
    ann.say("4");
    pass(10).await;
    let told = |heard: Vec<String>| heard.join(" ");
    assert_eq!((told(ann.heard()), told(cy.heard())), ("of ben away 3".into(), "1 of ben away 2 4".into()));
    let id = ben.id().to_owned();
    let mut ben = nodes[2].come("ben", Some(&ben)).await;
    assert_eq!((ben.id(), ben.is_resumed(), ben.acked()), (&*id, true, Some(2)));
    assert_eq!(ben.state_of(&id), Some("sad".into()));
    assert_eq!(ben.heard(), ["2", "3", "4"]);
    ann.say("5");
    pass(10).await;
    cy.say("6");
    ben.say("of ben again");
    pass(50).await;
    assert_eq!(ben.heard(), ["5", "6"]);
    assert_eq!((told(ann.heard()), told(cy.heard())), ("6 of ben again".into(), "5 of ben again".into()));
    all_know(&nodes, &[(ann.id(), false), (&id, false), (cy.id(), false)]).await;
    assert_eq!(nodes[1].handled(), ["ben \"of ben\""], "nobody left");
    // And so on, as often as it likes.
    for node in [0, 1, 2, 1] {
        ben.lose();
        pass(5).await;
        ann.say(node);
        pass(5).await;
        ben = nodes[node].come("ben", Some(&ben)).await;
        assert_eq!((ben.id(), ben.is_resumed()), (&*id, true), "{node}");
        assert_eq!(ben.heard(), [node.to_string()]);
    }
}

/// Whichever of the two nodes hears later, or all that is said.
#[tokio::test(start_paused = true)]
async fn at_the_seam_no_word_is_missing_and_none_comes_twice() {
    for delays in [[0, 0, 0], [0, 90, 0], [0, 0, 90], [0, 40, 90], [60, 90, 30]] {
        let Three { nodes, .. } = three().await;
        let [mut ann, mut ben, mut cy] = ann_ben_cy(&nodes).await;
        for (node, ms) in nodes.iter().zip(delays) {
            node.endpoint.set_delay(Duration::from_millis(ms));
        }
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for round in 0..12 {
            if round % 3 == 1 {
                ben.lose();
                let came = nodes[[2, 1, 0, 1][round / 3]].come("ben", Some(&ben));
                let (came, ()) = tokio::join!(came, async {
                    for word in 0..20 {
                        let speaker = if word % 2 == 0 { &mut ann } else { &mut cy };
                        speaker.say(format!("{round} {word}"));
                        pass(7).await;
                    }
                });
                ben = came;
                assert!(ben.is_resumed(), "{delays:?} {round}");
                said.extend((0..20).map(|word| format!("{round} {word}")));
            }
            pass(20).await;
            heard.extend(ben.heard());
        }
        pass(500).await;
        heard.extend(ben.heard());
        for of in [0, 1] {
            let of = |words: &[String]| {
                let its = |word: &&String| word.rsplit(' ').next().unwrap().parse::<usize>().unwrap() % 2 == of;
                words.iter().filter(its).cloned().collect::<Vec<_>>()
            };
            assert_eq!(of(&heard), of(&said), "{delays:?}: each of one speaker once and in order");
        }
        assert_eq!(heard.len(), said.len());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_client_has_said_is_handled_once_over_all_nodes_and_what_failed_is_told() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, _cy] = ann_ben_cy(&nodes).await;
    ben.say("one");
    ben.say("fail");
    ben.say("wait");
    ben.say("four");
    ben.say("five");
    pass(10).await;
    ben.lose();
    let comes = nodes[2].come("ben", Some(&ben));
    let (mut back, ()) = tokio::join!(comes, async {
        pass(100).await;
        nodes[1].gate.add_permits(1);
    });
    assert_eq!((back.id(), back.is_resumed(), back.acked()), (ben.id(), true, Some(3)));
    assert_eq!(back.heard(), ["handler_failed 2"]);
    for (id, word) in [(3, "wait"), (4, "four"), (5, "five")] {
        back.say_as(id, word);
    }
    pass(50).await;
    assert_eq!(nodes[1].handled(), ["ben \"one\"", "ben \"fail\"", "ben \"wait\""]);
    assert_eq!(nodes[2].handled(), ["ben \"four\"", "ben \"five\""]);
    assert_eq!(ann.heard(), ["one", "away", "wait", "four", "five"]);
}

#[tokio::test(start_paused = true)]
async fn what_it_said_here_is_heard_after_what_it_said_there() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, _cy] = ann_ben_cy(&nodes).await;
    // The node of who listens hears of the first one late, and of the second at once: over a broker they are two publishers.
    nodes[1].endpoint.set_delay(Duration::from_millis(0));
    ben.say("there");
    nodes[0].endpoint.set_delay(Duration::from_millis(30));
    ben.lose();
    let mut ben = nodes[2].come("ben", Some(&ben)).await;
    ben.say("here");
    pass(500).await;
    let words: Vec<_> = ann.heard().into_iter().filter(|word| word != "away").collect();
    assert_eq!(words, ["there", "here"]);
}

/// Nobody is told of it who does not need to be: neither its app at the node before, nor the others.
#[tokio::test(start_paused = true)]
async fn whoever_still_has_a_socket_elsewhere_loses_it_and_nobody_notices() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, mut cy] = ann_ben_cy(&nodes).await;
    let mut back = nodes[2].come("ben", Some(&ben)).await;
    assert_eq!((back.id(), back.is_resumed()), (ben.id(), true));
    pass(50).await;
    assert_eq!(ben.closed(), Some(Close::TAKEN_OVER.code));
    ben.say("too late");
    back.say("in time");
    pass(50).await;
    assert_eq!((ann.heard(), cy.heard()), (vec!["in time".to_owned()], vec!["in time".to_owned()]));
    assert_eq!(nodes[1].handled(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_is_somebody_else_or_has_left_is_somebody_new() {
    let Three { nodes, .. } = three().await;
    let [mut ann, ben, _cy] = ann_ben_cy(&nodes).await;
    let other = nodes[2].come("eve", Some(&ben)).await;
    assert_ne!(other.id(), ben.id(), "another user");
    ben.close(&Close::DONE);
    pass(50).await;
    assert_eq!(ann.heard(), ["leave"]);
    let again = nodes[2].come("ben", Some(&ben)).await;
    assert_ne!(again.id(), ben.id());
    assert!(!again.is_resumed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_waits_for_its_members_to_be_taken_and_no_longer() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, mut cy] = ann_ben_cy(&nodes).await;
    let id = ben.id().to_owned();
    let drained = nodes[1].drain();
    pass(10).await;
    assert_eq!(ben.closed(), Some(1012));
    ben.lose();
    ann.say("meanwhile");
    pass(300).await;
    assert!(!drained.is_finished());
    let mut back = nodes[2].come("ben", Some(&ben)).await;
    drop(ben);
    assert_eq!((back.id(), back.is_resumed()), (&*id, true));
    assert_eq!(back.heard(), ["meanwhile"]);
    pass(100).await;
    assert!(drained.is_finished() && drained.await.unwrap());
    back.say("and on");
    pass(50).await;
    assert_eq!(
        (ann.heard(), cy.heard()),
        (vec!["away".into(), "and on".into()], vec!["away".into(), "meanwhile".to_owned(), "and on".into()])
    );
    all_know([&nodes[0], &nodes[2]], &[(ann.id(), false), (back.id(), false), (cy.id(), false)]).await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_broker_is_said_to_be_missing() {
    let Three { nodes, .. } = over(MemoryBroker::taking(9_000), Limits::default().grace_ms(GRACE_MS)).await;
    let [_ann, ben, _cy] = ann_ben_cy(&nodes).await;
    ben.lose();
    pass(10).await;
    let id = MemberId::parse(ben.id()).unwrap();
    nodes[1].rooms.at(&hall()).send(&id, &"x".repeat(10_000).into()).await.unwrap();
    let mut back = nodes[2].come("ben", Some(&ben)).await;
    assert_eq!((back.id(), back.is_resumed(), back.acked()), (ben.id(), false, Some(0)));
    assert_eq!(back.heard(), [""; 0]);
}

/// Each node has it from the app's node, at a moment of its own: whether it was heard on the one before nobody can tell.
#[tokio::test(start_paused = true)]
async fn where_the_app_spoke_from_a_node_without_the_room_what_was_missed_is_honest() {
    let Three { broker, nodes } = three().await;
    let app = Node::start(&broker, "four", Limits::default().grace_ms(GRACE_MS)).await;
    pass(5_000).await;
    let [_ann, ben, _cy] = ann_ben_cy(&nodes).await;
    ben.lose();
    pass(10).await;
    app.rooms.at(&hall()).broadcast(&"from outside".into()).await.unwrap();
    let back = nodes[2].come("ben", Some(&ben)).await;
    assert_eq!((back.id(), back.is_resumed()), (ben.id(), false));
    back.lose();
    app.rooms.at(&hall()).broadcast(&"once more".into()).await.unwrap();
    pass(2_500).await;
    let mut back = nodes[1].come("ben", Some(&back)).await;
    assert!(back.is_resumed());
    assert_eq!(back.heard(), ["once more"]);
}
