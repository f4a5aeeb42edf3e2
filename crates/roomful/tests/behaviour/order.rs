//! One connection's messages one at a time, in order; different connections never wait for each other.

use crate::scripted::{Order, Play, shown};
use roomful::test::Event;

#[tokio::test]
async fn a_slow_message_is_not_overtaken_and_holds_nobody_else_up() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    ann.send(&Order::Wait("slow".into()));
    ann.send(&Order::Broadcast("fast".into()));
    ben.send(&Order::Broadcast("meanwhile".into()));
    assert_eq!(ann.next().await, Event::message(&ben, "meanwhile".to_owned()));
    play.gate.add_permits(1);
    assert_eq!(ben.next().await, Event::message(&ann, "slow".to_owned()));
    assert_eq!(ben.next().await, Event::message(&ann, "fast".to_owned()));
}

#[tokio::test]
async fn what_was_sent_before_the_end_is_heard_before_the_leave() {
    let play = Play::new();
    let (ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    for text in ["one", "two", "three"] {
        ann.send(&Order::Broadcast(text.into()));
    }
    let id = ann.id().clone();
    let said = ["one", "two", "three"].map(|text| Event::message(&ann, text.to_owned()));
    drop(ann);
    assert_eq!(ben.settle().await, said.into_iter().chain([Event::Leave { id }]).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_handler_that_hangs_makes_no_ghost() {
    let play = Play::new();
    let (ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.send(&Order::Wait("late".into()));
    let id = ann.id().clone();
    drop(ann);
    play.room.advance(play.room.rooms().limits().leave_timeout_ms - 1).await;
    assert_eq!(play.room.at(&crate::scripted::stage()).count().await.unwrap(), 2);
    play.room.advance(1).await;
    assert_eq!(play.room.at(&crate::scripted::stage()).count().await.unwrap(), 1);
    assert_eq!(ben.next().await, Event::Leave { id });
    assert_eq!(play.log.take(), [""; 0], "teardowns and `on_leave` wait for the hook that runs");
    play.gate.add_permits(1);
    assert_eq!(ben.settle().await, [], "what it says after the leave is not heard");
    assert_eq!(play.log.take(), ["teardown", "on_leave", "deferred late"]);
}

#[tokio::test]
async fn messages_wait_for_on_join() {
    let play = Play::new();
    let mut ben = play.join("ben").await;
    let ann = play.join("waits in on_join").await;
    ann.send(&Order::Broadcast("early".into()));
    assert_eq!(ben.next().await, Event::join(&ann, Some(shown("fresh"))));
    play.gate.add_permits(1);
    assert_eq!(ben.next().await, Event::message(&ann, "early".to_owned()));
}

#[tokio::test]
async fn closing_while_on_join_runs_finishes_it_then_leaves_once() {
    let play = Play::new();
    let ann = play.join("waits in on_join").await;
    drop(ann);
    play.gate.add_permits(1);
    assert_eq!(play.room.stats().await, roomful::Stats::default());
    assert_eq!(play.log.take(), ["teardown", "on_leave", "deferred late"]);
}

#[tokio::test]
async fn a_state_and_the_message_after_it_keep_their_order() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    for mood in ["one", "two", "three"] {
        ann.set_presence(&shown(mood));
    }
    ann.send(&Order::Broadcast("after three".into()));
    let seen = ben.settle().await;
    let said = seen.iter().position(|event| *event == Event::message(&ann, "after three".to_owned())).unwrap();
    assert_eq!(seen[said - 1], Event::update(&ann, shown("three")), "{seen:?}");
    assert_eq!(said, seen.len() - 1);
}

#[tokio::test]
async fn a_busy_room_sends_the_latest_state_once_a_tick() {
    let play = Play::new();
    let (ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    for n in 0..100 {
        ann.send(&Order::Show(n.to_string()));
    }
    let seen = ben.settle().await;
    assert_eq!(seen, [Event::update(&ann, shown("0")), Event::update(&ann, shown("99"))]);
}
