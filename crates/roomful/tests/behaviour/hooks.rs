//! What a room's hooks see, and what they can do to others: nothing but what they mean to.

use crate::scripted::{Order, Play, Seen, shown, stage};
use roomful::test::Event;
use roomful::{Close, MemberId};

const LEFT: [&str; 3] = ["teardown", "on_leave", "deferred late"];

#[tokio::test]
async fn a_join_carries_the_seed_and_what_on_join_sets_is_an_update() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    assert_eq!(ann.members()[0].state, Some(shown("fresh")));
    let mut ben = play.join("shows in on_join").await;
    assert_eq!(ben.members().len(), 2, "the snapshot holds the joiner");
    assert_eq!(ann.settle().await, [Event::join(&ben, Some(shown("fresh"))), Event::update(&ben, shown("joined"))]);
    assert_eq!(ben.settle().await, [Event::update(&ben, shown("joined"))]);
    let cy = play.join("nobody").await;
    assert_eq!(cy.members()[2].state, None);
}

#[tokio::test]
async fn a_hook_sees_what_its_member_shows() {
    let play = Play::new();
    for (name, shows) in [("ann", "fresh"), ("shows in on_join", "joined"), ("nobody", "nothing")] {
        let mut member = play.join(name).await;
        member.send(&Order::Mirror);
        let said = Event::message(&member, shows.to_owned());
        assert!(member.settle().await.contains(&said), "{name}");
    }
}

#[tokio::test]
async fn every_hook_runs_in_its_connections_span() {
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry());
    let play = Play::new();
    let request = http::Request::get("/?name=ann").body(()).unwrap();
    let mut ann = play.room.connect(&stage(), request).await.unwrap();
    // Each in a task of its own.
    for _ in 0..2 {
        ann.send(&Order::Span);
        assert_eq!(ann.next().await, Event::message(&ann, "connection".to_owned()));
    }
}

#[tokio::test]
async fn who_hears_what() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    ann.send(&Order::Broadcast("others".into()));
    ann.send(&Order::BroadcastAll("all".into()));
    ann.send(&Order::Send("me".into()));
    let from_ann = |text: &str| Event::message(&ann, text.to_owned());
    let (others, all, me) = (from_ann("others"), from_ann("all"), from_ann("me"));
    assert_eq!(ben.settle().await, [others, all.clone()]);
    assert_eq!(ann.settle().await, [all, me]);
}

#[tokio::test]
async fn a_hook_that_fails_ends_nothing_but_itself() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    for (order, logged) in [
        (Order::Fail, "on_error: failed on purpose"),
        (Order::Panic, "on_error: a hook panicked: panicked on purpose"),
        (Order::Close(999, String::new()), "on_error: an app closes with 1000 or 3000 to 4999, not 999"),
        (Order::Close(4000, "r".repeat(124)), "on_error: a close reason has at most 123 bytes, not 124"),
    ] {
        ann.send(&order);
        let Event::Error { code, .. } = ann.next().await else { panic!("no error frame") };
        assert_eq!(code, "handler_failed");
        assert_eq!(play.log.take(), [logged]);
    }
    ann.send(&Order::Broadcast("still here".into()));
    assert_eq!(ben.settle().await, [Event::message(&ann, "still here".to_owned())]);
}

#[tokio::test]
async fn a_join_that_fails_is_closed_1011_and_leaves_once() {
    for (name, logged) in [("panics in on_join", "a hook panicked: on_join"), ("fails in on_join", "no")] {
        let play = Play::new();
        let mut ann = play.join("ann").await;
        let mut ben = play.join(name).await;
        assert_eq!(ben.next().await, Seen::Closed(Close::JOIN_FAILED));
        let ben_id = ben.id().clone();
        assert_eq!(ann.settle().await, [Event::join(&ben, Some(shown("fresh"))), Event::Leave { id: ben_id }]);
        let mut expected = vec![format!("on_error: {logged}")];
        expected.extend(LEFT.map(String::from));
        assert_eq!(play.log.take(), expected);
        drop(ben);
        assert_eq!(play.room.stats().await.members, 1);
        assert_eq!(play.log.take(), [""; 0], "losing the socket afterwards is no second leave");
    }
}

#[tokio::test]
async fn a_seed_that_panics_is_closed_1011_and_never_joins() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    let request = http::Request::get("/?name=panics%20in%20presence").body(()).unwrap();
    assert_eq!(play.room.connect(&stage(), request).await.err(), Some(Close::JOIN_FAILED));
    assert_eq!(ann.settle().await, []);
    let log = play.log.take();
    assert!(log.len() == 1 && log[0].starts_with("on_error: a hook panicked"), "{log:?}");
}

#[tokio::test]
async fn what_is_said_while_closing_reaches_the_others_before_the_leave() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    ann.send(&Order::CloseThenTalk);
    ann.send(&Order::Broadcast("not handled any more".into()));
    let id = ann.id().clone();
    assert_eq!(ben.settle().await, [Event::message(&ann, "to all".to_owned()), Event::Leave { id }]);
    assert_eq!(ann.next().await, Seen::Closed(Close::from_app(4001, "bye").unwrap()));
    assert_eq!(ann.try_next().await, None);
    assert_eq!(play.log.take(), LEFT);
}

#[tokio::test]
async fn teardowns_run_last_first_and_a_panic_in_one_stops_no_other() {
    let play = Play::new();
    let ann = play.join("ann").await;
    ann.send(&Order::Defer("second".into()));
    ann.send(&Order::Defer("panics".into()));
    ann.leave().await;
    let log = play.log.take();
    assert_eq!(log[..3], ["panics", "second", "teardown"]);
    assert!(log[3].starts_with("on_error: a hook panicked"), "{log:?}");
    assert_eq!(log[4..], ["on_leave", "deferred late"]);
}

#[tokio::test]
async fn an_on_leave_that_panics_or_sets_presence_makes_no_ghost() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    let ben = play.join("panics in on_leave").await;
    let id = ben.id().clone();
    let joined = Event::join(&ben, Some(shown("fresh")));
    ben.leave().await;
    assert_eq!(ann.settle().await, [joined, Event::Leave { id }]);
    assert_eq!(play.room.at(&stage()).count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_lost_connection_leaves_like_a_closed_one() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    let ben = play.join("ben").await;
    let id = ben.id().clone();
    drop(ben);
    assert_eq!(ann.settle().await.pop(), Some(Event::Leave { id }));
    assert_eq!(play.log.take(), LEFT);
    drop(ann);
    assert_eq!(play.room.stats().await, roomful::Stats::default());
}

#[tokio::test]
async fn a_room_is_reached_from_outside() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    let room = play.room.at(&stage());
    room.broadcast(&"hear".into()).await.unwrap();
    assert_eq!(ben.settle().await, [Event::announcement("hear".to_owned())]);
    let ids: Vec<_> = room.members().await.unwrap().into_iter().map(|member| (member.id, member.state)).collect();
    let json = serde_json::to_value(&room.members().await.unwrap()[0]).unwrap();
    assert_eq!(json, serde_json::json!({ "id": ann.id().as_str(), "state": { "mood": "fresh" } }));
    assert_eq!(ids, [(ann.id().clone(), Some(shown("fresh"))), (ben.id().clone(), Some(shown("fresh")))]);

    let nobody = MemberId::parse("nobody").unwrap();
    assert!(!room.kick(&nobody, "").await.unwrap() && !room.send(&nobody, &"you".into()).await.unwrap());
    assert!(room.send(ben.id(), &"you".into()).await.unwrap());
    assert_eq!(ben.settle().await, [Event::message(&ben, "you".to_owned())]);
    assert!(room.kick(ann.id(), "").await.unwrap());
    assert_eq!(room.count().await.unwrap(), 1, "a kicked member is out at once");
    assert_eq!(ann.settle().await, [Event::announcement("hear".to_owned()), Seen::Closed(Close::KICKED)]);
    assert_eq!(play.log.take(), LEFT);

    let elsewhere = play.room.at(&crate::scripted::Stage { id: "2".into() });
    elsewhere.broadcast(&"hear".into()).await.unwrap();
    assert_eq!((elsewhere.count().await.unwrap(), elsewhere.local().count()), (0, 0));
}
