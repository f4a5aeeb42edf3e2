//! What a member shows is told to other nodes in one piece, and the broker takes so much at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use roomful::Limits;
use roomful_cluster::MemoryBroker;
use serde_json::{Value, json};

use crate::app::{Database, Listener, Node, Sockets, pass};

const BROKER: usize = 4_096;

async fn two() -> [Node; 2] {
    let (broker, database) = (MemoryBroker::taking(BROKER), Database::default());
    let nodes = [Node::start(&broker, "one", &database).await, Node::start(&broker, "two", &database).await];
    pass(5_000).await;
    nodes
}

/// What the others see of the first member, and whoever comes to the other node.
async fn seen(node: &Node) -> Value {
    let mut listener = node.enter(0);
    let snapshot = listener.next().await;
    let members = snapshot["members"].as_array().unwrap().clone();
    members.into_iter().find(|member| member["from"] != snapshot["self"]).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_a_client_shows_is_refused_by_name_where_the_broker_cannot_take_it() {
    let nodes = two().await;
    let mut ann = nodes[0].enter(10);
    ann.next().await;
    for (id, bytes, code) in [(1, 3_500, Some("too_large")), (2, 2_500, None), (3, 3_500, Some("too_large"))] {
        let answer = ann.ask(json!({ "t": "presence", "state": "x".repeat(bytes), "id": id })).await;
        assert_eq!(answer["code"].as_str(), code, "{answer}");
    }
    pass(1_000).await;
    assert_eq!(seen(&nodes[1]).await["state"].as_str().map(str::len), Some(2_500));
}

/// It is all of a member that has to fit, whichever part of it comes last.
#[tokio::test(start_paused = true)]
async fn what_a_hook_has_a_member_show_is_an_error_by_name() {
    let nodes = two().await;
    let mut ann = nodes[0].enter(10);
    ann.next().await;
    for (what, bytes, is_taken) in [
        ("state", 2_900, false),
        ("state", 2_000, true),
        ("info", 1_000, false),
        ("info", 700, true),
        ("state", 2_300, false),
        ("state", 1_000, true),
        ("info", 1_000, true),
    ] {
        let mut answer = ann.ask(json!({ "t": "msg", "msg": { what: bytes } })).await;
        while answer["t"] != "msg" {
            // What it shows is told to itself, too.
            answer = ann.next().await;
        }
        let came = answer["msg"]["came"].take();
        assert_eq!(came == Value::Null, is_taken, "{what} of {bytes}: {came}");
        let by_name = format!("limit: {BROKER} }}");
        assert!(
            is_taken
                || came.as_str().is_some_and(|kind| kind.starts_with("TooLargeForBroker") && kind.ends_with(&by_name))
        );
    }
    pass(1_000).await;
    let seen = seen(&nodes[1]).await;
    assert_eq!([&seen["state"], &seen["info"]].map(|shown| shown.as_str().map(str::len)), [Some(1_000); 2]);
}

#[tokio::test(start_paused = true)]
async fn who_would_show_too_much_for_the_broker_is_not_let_in() {
    let nodes = two().await;
    assert_eq!(nodes[0].enter(2_900).next_or_close().await, Err(1011));
    let mut ann: Listener = nodes[0].enter(2_700);
    ann.next().await;
    pass(1_000).await;
    assert_eq!(seen(&nodes[1]).await["state"].as_str().map(str::len), Some(2_700));
}

/// Nobody on another node can be made to wait for these sockets.
#[tokio::test(start_paused = true)]
async fn what_others_say_while_the_sockets_are_behind_is_missed_and_said_to_be() {
    let (broker, database) = (MemoryBroker::new(), Database::default());
    let nodes = [Node::start(&broker, "one", &database).await, Node::start(&broker, "two", &database).await];
    pass(5_000).await;
    let sockets = Arc::new(Sockets::default());
    let _ann = nodes[1].enter_at(&sockets);
    let mut bob = nodes[0].enter(0);
    bob.next().await;
    pass(100).await;
    sockets.take();
    let limit = Limits::default().transport_bytes;
    let mut heard = async |waiting: usize, word: u64| {
        sockets.waiting.store(waiting, Ordering::Relaxed);
        bob.ask(json!({ "t": "msg", "msg": { "word": word } })).await;
        pass(100).await;
        let frames = sockets.take();
        frames.iter().map(|frame| (frame["t"].to_string(), frame["msg"]["word"].as_u64())).collect::<Vec<_>>()
    };
    let word = |word| vec![("\"msg\"".to_owned(), Some(word))];
    assert_eq!(heard(limit, 1).await, word(1));
    assert_eq!(heard(limit + 1, 2).await, [("\"gap\"".to_owned(), None)]);
    assert_eq!(heard(0, 3).await, word(3));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_broker_nothing_is_too_large_for_it() {
    let alone = Node::alone(&MemoryBroker::taking(BROKER), &Database::default(), Limits::default());
    let mut ann = alone.enter(3_500);
    assert_eq!(ann.next().await["t"], "snapshot");
}
