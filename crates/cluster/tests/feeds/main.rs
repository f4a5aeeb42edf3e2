//! Feeds, live values, and what is large, on several nodes, over the broker within a process and in virtual time.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

mod app;
mod sizes;

use roomful::{ErrorKind, Limits};
use roomful_cluster::MemoryBroker;

use self::app::{Database, Node, board, pass, waiting};

struct Three {
    broker: MemoryBroker,
    database: Database,
    nodes: [Node; 3],
}

/// Three nodes that have met.
async fn three() -> Three {
    let (broker, database) = (MemoryBroker::new(), Database::default());
    let start = |name| Node::start(&broker, name, &database);
    let nodes = [start("one").await, start("two").await, start("three").await];
    pass(5_000).await;
    nodes.iter().for_each(|node| assert!(node.is_well() && node.rooms.cluster().unwrap().live().count() == 2));
    Three { broker, database, nodes }
}

fn numbers(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_any_node_publishes_every_listener_hears_once_and_in_its_publishers_order() {
    let Three { nodes, .. } = three().await;
    let (mut a, _) = nodes[0].listen("ticker", "a").await;
    let (mut b, _) = nodes[1].listen("ticker", "a").await;
    let (mut other, _) = nodes[1].listen("ticker", "b").await;
    let mut subscribed = nodes[1].rooms.subscribe(&board("a"));
    subscribed.hears_others().await;
    for i in 0..50 {
        // The third has no listener.
        nodes[2].publish("a", i).await.unwrap();
        nodes[0].publish("a", 1_000 + i).await.unwrap();
    }
    pass(10).await;
    for heard in [a.heard(), b.heard(), waiting(&mut subscribed)] {
        let (of_third, of_first): (Vec<_>, Vec<_>) = heard.into_iter().partition(|event| event.len() < 4);
        assert_eq!((of_third, of_first), (numbers(0..50), numbers(1_000..1_050)));
    }
    assert!(other.heard().is_empty(), "it is of another key");
}

/// It may say so before any other node knows that it does, and before it knows who listens.
#[tokio::test(start_paused = true)]
async fn whoever_has_been_let_in_misses_nothing_and_whoever_publishes_first_is_heard() {
    let Three { nodes, .. } = three().await;
    for round in 0..20 {
        let id = format!("{round}");
        let (mut here, _) = nodes[0].listen("ticker", &id).await;
        nodes[1].publish(&id, 1).await.unwrap();
        let (mut there, _) = nodes[2].listen("ticker", &id).await;
        nodes[1].publish(&id, 2).await.unwrap();
        nodes[0].publish(&id, 3).await.unwrap();
        pass(20).await;
        let mut heard = [here.heard(), there.heard()];
        // It may have heard what was on its way when it came.
        heard[1].retain(|event| event != "1");
        heard.iter_mut().for_each(|heard| heard.sort());
        assert_eq!(heard, [numbers([1, 2, 3]), numbers([2, 3])], "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_is_reached_however_long_nothing_was_said() {
    let Three { nodes, database, .. } = three().await;
    let (mut event, _) = nodes[0].listen("ticker", "a").await;
    let (mut value, _) = nodes[1].listen("counter", "b").await;
    let mut subscribed = nodes[2].rooms.subscribe(&board("c"));
    pass(120_000).await;
    database.set(1);
    nodes[2].publish("a", 1).await.unwrap();
    nodes[2].wake("b").await.unwrap();
    nodes[0].publish("c", 1).await.unwrap();
    pass(10).await;
    // It has not read the value before, and need not any more.
    assert_eq!([event.heard(), value.heard(), waiting(&mut subscribed)], [["1"], ["=1"], ["1"]]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_for_no_room_of_its_channel() {
    let Three { nodes, .. } = three().await;
    let mut subscribed = nodes[1].rooms.subscribe(&board("a"));
    subscribed.hears_others().await;
    nodes[0].rooms.at(&board("a")).broadcast(&serde_json::json!(1)).await.unwrap();
    nodes[0].publish("a", 2).await.unwrap();
    pass(10).await;
    assert_eq!(waiting(&mut subscribed), ["2"]);
    assert_eq!(nodes[1].rooms.at(&board("a")).count().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wake_reaches_every_node_that_has_listeners_and_no_other_loads() {
    let Three { nodes, database, .. } = three().await;
    let (mut a, _) = nodes[0].listen("counter", "a").await;
    let (mut b, _) = nodes[1].listen("counter", "a").await;
    let (mut second, _) = nodes[1].listen("counter", "a").await;
    pass(10).await;
    assert_eq!([a.heard(), b.heard(), second.heard()], [["=0"], ["=0"], ["=0"]]);
    database.set(1);
    nodes[2].wake("a").await.unwrap();
    pass(10).await;
    assert_eq!([a.heard(), b.heard(), second.heard()], [["=1"], ["=1"], ["=1"]]);
    database.set(2);
    nodes[0].publish("a", 9).await.unwrap();
    pass(10).await;
    assert_eq!([a.heard(), b.heard(), second.heard()], [["=2"], ["=2"], ["=2"]], "to publish is to wake");
    assert_eq!(nodes[2].loads(), 0);
    assert!(nodes[1].loads() <= 6, "each loads once for all who listen there: {}", nodes[1].loads());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_gone_for_two_seconds_loses_nothing() {
    let Three { nodes, broker, database } = three().await;
    let (mut a, _) = nodes[0].listen("ticker", "a").await;
    let (mut value, _) = nodes[1].listen("counter", "a").await;
    nodes[2].publish("a", 0).await.unwrap();
    pass(10).await;
    broker.stop();
    for i in 1..20 {
        nodes[2].publish("a", i).await.unwrap();
        pass(100).await;
    }
    database.set(7);
    nodes[2].wake("a").await.unwrap();
    broker.start();
    pass(5_000).await;
    assert_eq!(a.heard(), numbers(0..20));
    assert_eq!(value.heard().last().unwrap(), "=7");
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_dropped_and_late_is_repaired() {
    let Three { nodes, .. } = three().await;
    let (mut a, _) = nodes[1].listen("ticker", "a").await;
    nodes[1].endpoint.set_delay(std::time::Duration::from_millis(80));
    for i in 0..200 {
        if i == 20 {
            nodes[1].endpoint.drop_next(7);
        }
        nodes[0].publish("a", i).await.unwrap();
        if i % 50 == 49 {
            nodes[0].endpoint.cut();
        }
        pass(7).await;
    }
    pass(6_000).await;
    assert_eq!(a.heard(), numbers(0..200));
}

#[tokio::test(start_paused = true)]
async fn an_isolated_node_says_so_and_what_is_lost_is_told_as_a_gap_and_no_value_stays_stale() {
    let Three { nodes, broker, database } = three().await;
    let (mut here, _) = nodes[0].listen("ticker", "a").await;
    let (mut there, first) = nodes[1].listen("ticker", "a").await;
    let (mut value, _) = nodes[1].listen("counter", "a").await;
    let mut subscribed = nodes[1].rooms.subscribe(&board("a"));
    nodes[0].publish("a", 0).await.unwrap();
    pass(10).await;
    broker.stop();
    pass(6_000).await;
    database.set(5);
    for i in 1..=2_000 {
        let error = nodes[0].publish("a", i).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Isolated), "{error}");
    }
    let error = nodes[0].wake("a").await.unwrap_err();
    assert!(error.to_string().contains("known here alone, and reaches them late or not at all"), "{error}");
    assert_eq!(here.heard().len(), 2_001, "those who are here hear it at once");
    pass(54_000).await;
    broker.start();
    pass(6_000).await;
    assert!(nodes.iter().all(Node::is_well));
    let heard = there.heard();
    assert!(heard.starts_with(&numbers([0])) && heard.contains(&"gap".to_owned()), "{}", heard.len());
    let heard = waiting(&mut subscribed);
    let told: u64 = heard.iter().filter_map(|heard| heard.strip_suffix(" missed")?.parse::<u64>().ok()).sum();
    let events = heard.iter().filter(|heard| !heard.ends_with("missed")).count() as u64;
    assert!(told + events >= 2_001, "{told} and {events}");
    assert_eq!(value.heard().last().unwrap(), "=5");
    // Whoever has heard less than the gap cannot be told what is missing, at this node and at any other.
    for node in [&nodes[1], &nodes[2]] {
        let (_, back) = node.resume("ticker", "a", Some((&first, 1))).await;
        assert_eq!(back["resumed"], false);
    }
    let (_, back) = nodes[1].resume("ticker", "a", Some((&first, 2_000_000))).await;
    assert_eq!(back["resumed"], false, "nobody has heard that");
}

/// It stays away for longer than it keeps its own stream open, and comes back saying only that it takes part no more.
#[tokio::test(start_paused = true)]
async fn what_a_node_said_before_it_was_cut_off_and_parted_is_told_to_be_missing() {
    let Three { nodes, broker, database } = three().await;
    let (mut there, _) = nodes[1].listen("ticker", "a").await;
    let (mut value, _) = nodes[1].listen("counter", "a").await;
    nodes[0].publish("a", 0).await.unwrap();
    pass(10).await;
    broker.stop();
    database.set(3);
    // It does not know yet that it is alone.
    nodes[0].publish("a", 1).await.unwrap();
    pass(60_000).await;
    broker.start();
    pass(6_000).await;
    assert_eq!(there.heard(), ["0", "gap"]);
    assert_eq!(value.heard().last().unwrap(), "=3");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_dies_may_have_said_more_and_one_that_ends_has_not() {
    let Three { mut nodes, database, .. } = three().await;
    let (mut there, _) = nodes[1].listen("ticker", "a").await;
    let (mut value, _) = nodes[1].listen("counter", "a").await;
    nodes[0].publish("a", 0).await.unwrap();
    // Of what two publish at once nobody knows which comes first.
    pass(10).await;
    nodes[2].publish("a", 1).await.unwrap();
    pass(10).await;
    database.set(4);
    nodes[0].kill();
    pass(12_000).await;
    assert_eq!(there.heard(), ["0", "1", "gap"]);
    assert_eq!(value.heard().last().unwrap(), "=4", "it may have said that it changed");
    nodes[2].publish("a", 2).await.unwrap();
    assert!(nodes[2].rooms.drain(&roomful::Drain::default()).await);
    pass(12_000).await;
    assert_eq!(there.heard(), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_to_another_node_is_told_that_it_cannot_have_what_it_missed() {
    let Three { nodes, .. } = three().await;
    let (listener, first) = nodes[0].listen("ticker", "a").await;
    let (_other, _) = nodes[1].listen("ticker", "a").await;
    drop(listener);
    nodes[2].publish("a", 1).await.unwrap();
    pass(10).await;
    let (_, there) = nodes[1].resume("ticker", "a", Some((&first, 0))).await;
    assert_eq!(there["resumed"], false);
    let (mut back, here) = nodes[0].resume("ticker", "a", Some((&first, 0))).await;
    assert_eq!((here["resumed"].clone(), back.heard()), (true.into(), numbers([1])), "where it was before it has all");
}

/// An app subscribes where it begins, and only then becomes a node.
#[tokio::test(start_paused = true)]
async fn what_was_listened_to_before_there_was_a_cluster_takes_part() {
    let (broker, database) = (MemoryBroker::new(), Database::default());
    let other = Node::start(&broker, "other", &database).await;
    let mut node = Node::alone(&broker, &database, Limits::default());
    let mut subscribed = node.rooms.subscribe(&board("a"));
    subscribed.hears_others().await;
    let (mut value, _) = node.listen("counter", "a").await;
    database.set(1);
    node.join("node").await;
    pass(5_000).await;
    other.publish("a", 3).await.unwrap();
    pass(10).await;
    assert_eq!(waiting(&mut subscribed).last().unwrap(), "3");
    assert_eq!(value.heard().last().unwrap(), "=1");
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_cannot_take_is_refused_at_the_call_and_heard_by_nobody() {
    let (broker, database) = (MemoryBroker::taking(4_096), Database::default());
    let nodes = [Node::start(&broker, "one", &database).await, Node::start(&broker, "two", &database).await];
    pass(5_000).await;
    let (mut here, _) = nodes[0].listen("ticker", "a").await;
    let (mut there, _) = nodes[1].listen("ticker", "a").await;
    let publish = async |bytes: usize| nodes[0].rooms.publish(&board("a"), &"x".repeat(bytes).into()).await;
    let error = publish(4_000).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLargeForBroker { limit: 4_096, .. }), "{error}");
    pass(100).await;
    assert!(here.heard().is_empty() && there.heard().is_empty());
    publish(2_000).await.unwrap();
    pass(100).await;
    assert_eq!((here.heard().len(), there.heard().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_publishes_now_and_then_leaves_nothing_behind() {
    let Three { nodes, .. } = three().await;
    let rooms = |node: &Node| node.rooms.cluster().unwrap().rooms;
    for i in 0..50 {
        nodes[0].publish(&format!("{i}"), i).await.unwrap();
    }
    pass(8_000).await;
    nodes[0].publish("later", 1).await.unwrap();
    // It stays in touch for as long as a room lingers, and then lingers.
    pass(7_000).await;
    assert_eq!(rooms(&nodes[0]), 51);
    pass(27_000).await;
    assert_eq!((rooms(&nodes[0]), rooms(&nodes[1])), (0, 0));
}
