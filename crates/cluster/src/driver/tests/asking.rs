//! What nodes ask each other, and whether what they say is given to the broker.

use std::time::Duration;

use futures_util::FutureExt as _;
use roomful_core::cluster::{Answer, Command};

use super::model::Node;
use super::{pass, three};

/// The room that `one` and `two` of three have a member in, and how many a question finds there.
const ROOM: &str = "asked";

fn count() -> Command {
    Command::Count { topic: ROOM.into() }
}

fn found(node: &Node, number: u64) -> usize {
    match node.answered(number).answer {
        Some(Answer::Ids(members)) => members.len(),
        None => 0,
        answer => panic!("{answer:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_nobody_in_a_room_asks_those_that_have() {
    let (_broker, [one, two, three]) = three().await;
    one.join(ROOM, "m7");
    two.join(ROOM, "m8");
    pass(2).await;
    // No heartbeat has said yet who has it.
    three.ask(1, count());
    pass(2).await;
    assert_eq!(found(&three, 1), 2);
    let answered = three.answered(1);
    assert!(answered.silent.is_empty() && answered.unknown == 0 && !answered.is_cut_off, "{answered:?}");
    three.ask(2, Command::Count { topic: "nobody".into() });
    pass(2).await;
    assert_eq!(found(&three, 2), 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_killed_while_it_is_asked_is_named_until_its_lease_is_over() {
    let (_broker, [one, two, three]) = three().await;
    one.join(ROOM, "m7");
    two.join(ROOM, "m8");
    pass(2_100).await;
    let silent = |number| {
        let silent = three.answered(number).silent.into_iter();
        silent.map(|node| node.name.to_string()).collect::<Vec<_>>()
    };
    two.endpoint.set_mute(true);
    three.ask(0, count());
    pass(1_900).await;
    assert!(three.has_no_answer(0), "it may be slow");
    pass(200).await;
    assert_eq!((found(&three, 0), silent(0)), (1, vec!["two".to_owned()]));
    two.endpoint.set_mute(false);
    pass(3_000).await;
    two.kill();
    three.ask(1, count());
    pass(2_100).await;
    assert_eq!((found(&three, 1), silent(1)), (1, vec!["two".to_owned()]));
    pass(12_000).await;
    three.ask(2, count());
    pass(2).await;
    assert!(three.answered(2).silent.is_empty(), "{:?}", three.answered(2));
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_says_so_and_waits_for_nobody() {
    let (broker, [one, two, _three]) = three().await;
    two.join(ROOM, "m8");
    pass(100).await;
    broker.stop();
    pass(10).await;
    one.ask(1, count());
    pass(10).await;
    assert!(one.answered(1).is_cut_off, "there is no link");
    broker.start();
    pass(6_000).await;
    one.endpoint.set_deaf(true);
    pass(6_000).await;
    one.ask(2, count());
    pass(2_100).await;
    assert!(one.answered(2).is_cut_off, "it does not hear itself");
    one.endpoint.set_deaf(false);
    pass(6_000).await;
    one.ask(3, count());
    pass(100).await;
    assert!(!one.answered(3).is_cut_off && found(&one, 3) == 1, "{:?}", one.answered(3));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_is_given_when_the_broker_has_what_was_said() {
    let (broker, [one, _two, _three]) = three().await;
    one.say("a", "m1", "taken");
    let given = one.given();
    pass(1).await;
    assert!(matches!(given.now_or_never(), Some(true)));
    broker.stop();
    pass(1).await;
    one.say("a", "m1", "late");
    let given = one.given();
    pass(1).await;
    assert!(matches!(given.now_or_never(), Some(false)), "there is no link");
}

/// It is repaired, later; who waits for it is not kept that long.
#[tokio::test(start_paused = true)]
async fn a_receipt_is_dropped_with_what_waited_for_too_long() {
    let (_broker, [one, _two, _three]) = three().await;
    one.endpoint.set_stalled(true);
    (0..3).for_each(|i| one.say("a", "m1", &i.to_string()));
    let given = one.given();
    tokio::pin!(given);
    pass(1_000).await;
    assert!((&mut given).now_or_never().is_none());
    let dropped = tokio::time::timeout(Duration::from_secs(4), given).await;
    assert_eq!(dropped, Ok(false));
}
