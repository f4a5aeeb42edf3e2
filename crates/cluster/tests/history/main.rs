//! Rooms whose history is in the broker, over the broker within a process and in virtual time.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

mod app;

use roomful::{History, Limits};
use roomful_cluster::MemoryBroker;
use roomful_core::Json;
use roomful_core::cluster::{Change, Input, Subject};
use roomful_core::room::Audience;
use serde_json::{Value, json};

use self::app::{Client, Node, board, pass};

struct Three {
    broker: MemoryBroker,
    nodes: [Node; 3],
}

/// Three nodes that have met.
async fn three() -> Three {
    let broker = MemoryBroker::new();
    let nodes =
        [Node::start(&broker, "one").await, Node::start(&broker, "two").await, Node::start(&broker, "three").await];
    pass(5_000).await;
    nodes.iter().for_each(|node| assert!(node.is_well() && node.rooms.cluster().unwrap().live().count() == 2));
    Three { broker, nodes }
}

/// The room of that id with one member on each node.
async fn members(nodes: &[Node; 3], id: &str) -> ([Client; 3], [Value; 3]) {
    let (a, first) = nodes[0].enter(id).await;
    let (b, second) = nodes[1].enter(id).await;
    let (c, third) = nodes[2].enter(id).await;
    pass(100).await;
    let mut clients = [a, b, c];
    clients.iter_mut().for_each(|client| drop(client.frames()));
    (clients, [first, second, third])
}

#[tokio::test(start_paused = true)]
async fn all_receivers_on_all_nodes_see_one_order_and_one_run_of_numbers() {
    let Three { nodes, .. } = three().await;
    let (mut clients, firsts) = members(&nodes, "a").await;
    let epochs: Vec<_> = firsts.iter().map(|first| first["epoch"].as_str().unwrap()).collect();
    assert!(epochs[0] == epochs[1] && epochs[1] == epochs[2], "{epochs:?}");
    for id in 1..=40 {
        for (nth, client) in clients.iter_mut().enumerate() {
            client.say(id, &json!([nth, id]));
        }
        nodes[2].rooms.at(&board("a")).broadcast(&json!(["app", id])).await.unwrap();
    }
    pass(100).await;
    let heard = clients.each_mut().map(Client::messages);
    assert_eq!(heard[0].len(), 160);
    assert!(heard[0].windows(2).all(|two| two[0].0 + 1 == two[1].0), "each number once: {:?}", heard[0]);
    assert!(heard[0] == heard[1] && heard[1] == heard[2]);
    for of in [json!(0), json!(1), json!(2), json!("app")] {
        let said: Vec<_> =
            heard[0].iter().filter(|(_, msg)| msg[0] == of).map(|(_, msg)| msg[1].as_u64().unwrap()).collect();
        assert_eq!(said, (1..=40).collect::<Vec<_>>(), "{of}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_elsewhere_when_its_node_has_died_misses_nothing() {
    let Three { mut nodes, .. } = three().await;
    let (mut clients, firsts) = members(&nodes, "a").await;
    clients[0].say(1, &json!("before"));
    clients[1].say(1, &json!({ "me": "to the second alone" }));
    pass(10).await;
    let seen = clients[0].messages().last().unwrap().0;
    clients[1].messages();
    nodes[0].kill();
    clients[0].lose();
    clients[1].say(2, &json!("missed"));
    clients[2].say(1, &json!("missed, too"));
    pass(20_000).await;
    let (mut back, first) = nodes[1].resume("a", Some((&firsts[0], seen))).await;
    assert_eq!((&first["self"], &first["resumed"]), (&firsts[0]["self"], &json!(true)), "{first}");
    clients[2].say(2, &json!("after"));
    pass(10).await;
    let (heard, by_another) = (back.messages(), clients[2].messages());
    // That one was not told what was to the second alone.
    let due: Vec<_> = by_another.into_iter().filter(|(seq, _)| *seq > seen).collect();
    assert_eq!(heard, due);
    assert_eq!((heard.len(), &heard[2].1), (3, &json!("after")));
}

/// Nobody else of that room was there.
#[tokio::test(start_paused = true)]
async fn a_node_that_opens_the_room_has_what_was_said_before() {
    let Three { mut nodes, .. } = three().await;
    let (mut clients, firsts) = members(&nodes, "a").await;
    let seen = firsts[0]["seq"].as_u64().unwrap();
    (1..=100).for_each(|id| clients[1].say(id, &json!(id)));
    pass(10).await;
    let fourth = &mut nodes[2];
    clients[2].leave();
    pass(30_000).await;
    // It has the room no more, and now again.
    let (mut back, first) = fourth.resume("a", Some((&firsts[0], seen))).await;
    assert_eq!((&first["self"], &first["resumed"]), (&firsts[0]["self"], &json!(true)), "{first}");
    pass(10).await;
    let heard = back.messages();
    let numbers: Vec<_> = heard.iter().filter_map(|(_, msg)| msg.as_u64()).collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_lost_its_memory_is_a_new_epoch() {
    let Three { broker, mut nodes } = three().await;
    let (mut clients, firsts) = members(&nodes, "a").await;
    clients[0].say(1, &json!(1));
    pass(10).await;
    let seen = clients[0].messages().last().unwrap().0;
    nodes[0].kill();
    clients[0].lose();
    broker.forget();
    clients[1].say(1, &json!(2));
    pass(20_000).await;
    let heard = clients[2].frames();
    let gap = heard.iter().find(|frame| frame["t"] == "gap").unwrap();
    assert_ne!(gap["epoch"], firsts[2]["epoch"]);
    assert!(heard.iter().any(|frame| frame["msg"] == 2), "{heard:?}");
    let (mut back, first) = nodes[1].resume("a", Some((&firsts[0], seen))).await;
    assert_eq!((&first["self"], &first["resumed"]), (&firsts[0]["self"], &json!(false)), "{first}");
    assert_eq!(first["epoch"], gap["epoch"]);
    pass(10).await;
    assert_eq!(back.messages(), []);
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_does_not_take_in_time_is_an_error_to_its_sender_and_was_said_to_nobody() {
    let Three { nodes, .. } = three().await;
    let (mut clients, _) = members(&nodes, "a").await;
    nodes[0].endpoint.set_stalled(true);
    clients[0].say(1, &json!("lost"));
    pass(2_300).await;
    let failed = clients[0].frames();
    assert!(failed.iter().any(|frame| frame["t"] == "error" && frame["id"] == 1), "{failed:?}");
    assert!(nodes[0].errors()[0].contains("has not taken this message in time"));
    let from_outside = nodes[0].rooms.at(&board("a")).broadcast(&json!("lost")).await;
    assert!(from_outside.unwrap_err().to_string().contains("has not taken this message in time"));
    nodes[0].endpoint.set_stalled(false);
    pass(5_000).await;
    clients[0].say(2, &json!("said"));
    pass(10).await;
    for client in &mut clients {
        let said: Vec<_> = client.messages().into_iter().map(|(_, msg)| msg).collect();
        assert_eq!(said, [json!("said")]);
    }
}

/// The two take different ways.
#[tokio::test(start_paused = true)]
async fn a_members_words_are_heard_between_its_join_and_its_leave() {
    let Three { nodes, .. } = three().await;
    let (mut clients, _) = members(&nodes, "a").await;
    for _ in 0..20 {
        let (mut guest, first) = nodes[0].enter("a").await;
        guest.say(1, &json!("hello"));
        guest.show(&json!("here"));
        guest.say(2, &json!("there"));
        guest.leave();
        pass(3_000).await;
        for client in &mut clients {
            let of = |frame: &Value| frame["from"] == first["self"];
            let heard: Vec<_> = client.frames().into_iter().filter(of).collect();
            let seen: Vec<_> =
                heard.iter().map(|frame| frame.get("msg").or(frame.get("op")).unwrap().clone()).collect();
            let seen: Vec<_> = seen.into_iter().filter(|seen| seen != "update").collect();
            assert_eq!(
                seen,
                [json!("join"), json!("hello"), json!("there"), json!("leave"), json!("bye")],
                "{heard:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_node_did_not_hear_it_reads() {
    let Three { nodes, .. } = three().await;
    let (mut clients, _) = members(&nodes, "a").await;
    nodes[2].endpoint.drop_next(1);
    clients[0].say(1, &json!(1));
    pass(10).await;
    clients[0].say(2, &json!(2));
    pass(10).await;
    assert_eq!(clients[2].messages(), clients[1].messages(), "a gap");
    nodes[2].endpoint.cut();
    clients[0].say(3, &json!(3));
    pass(3_000).await;
    let heard = clients[2].messages();
    assert_eq!(heard, clients[1].messages(), "a link that was lost");
    assert_eq!(heard.last().unwrap().1, json!(3));
}

#[tokio::test(start_paused = true)]
async fn a_node_without_the_room_says_something_once() {
    let Three { nodes, .. } = three().await;
    let (mut a, _) = nodes[0].enter("a").await;
    let (mut b, _) = nodes[1].enter("a").await;
    pass(100).await;
    [&mut a, &mut b].into_iter().for_each(|client| drop(client.frames()));
    nodes[2].rooms.at(&board("a")).broadcast(&json!("to all")).await.unwrap();
    pass(10).await;
    let heard = a.messages();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard, b.messages());
}

#[tokio::test(start_paused = true)]
async fn a_process_without_a_cluster_lets_nobody_into_such_a_room() {
    let node = Node::alone(&MemoryBroker::new(), Limits::default().history(History::Broker));
    let mut connection = node.upgrade("a", None).connect();
    let mailbox = std::sync::Arc::clone(connection.mailbox());
    let written = std::future::poll_fn(|cx| mailbox.poll_next(cx)).await;
    assert!(matches!(&written, roomful_runtime::ToWrite::Close(close) if close.code == 1013), "{written:?}");
    connection.receive(b"");
}

#[tokio::test(start_paused = true)]
async fn what_one_member_is_told_fits_into_what_the_broker_takes_or_is_refused_by_name() {
    let node = Node::start(&MemoryBroker::taking(4_096), "one").await;
    pass(5_000).await;
    let (mut ann, _) = node.enter("a").await;
    ann.say(1, &json!({ "me": "x".repeat(3_500) }));
    ann.say(2, &json!({ "me": "x".repeat(2_000) }));
    pass(100).await;
    let errors = node.errors();
    assert!(errors.len() == 1 && errors[0].contains("does not fit into the 4096"), "{errors:?}");
    let told = ann.messages();
    assert!(matches!(&told[..], [(_, msg)] if msg.as_str().map(str::len) == Some(2_000)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn while_a_node_is_behind_nobody_new_is_let_in() {
    let node = Node::alone(&MemoryBroker::new(), Limits::default());
    let (queue, _rooms) = node.rooms.platform().join_cluster("shop", node.run("one")).unwrap();
    let most = Limits::default().cluster_queue_bytes;
    let (subject, to) = (Subject::of("shop", "another"), Audience::Everybody);
    let said = Change::Said { from: None, to, msg: Json::encode(&"x".repeat(most)).unwrap() };
    queue.push(Input::Publish { subject, changes: vec![said] });
    let mut client = node.come("a");
    assert_eq!(client.next().await, json!({ "closed": 1013 }));
    while queue.try_next().is_some() {}
    let mut client = node.come("a");
    pass(1_000).await;
    assert_eq!(client.frames(), Vec::<Value>::new(), "it waits for what others say, and is not closed");
}
