//! A test's client that loses its connection and comes back: what it says and hears is what a real one would.

use http::Request;
use roomful::Limits;
use roomful::test::{Event, TestMember};

use crate::scripted::{Order, Play, Scripted, Seen, shown, stage};

const GRACE_MS: u64 = 2_000;

fn play() -> Play {
    Play::with(Limits::default().grace_ms(GRACE_MS))
}

async fn two(play: &Play) -> (TestMember<Scripted>, TestMember<Scripted>) {
    let (mut ann, ben) = (play.join("ann").await, play.join("ben").await);
    assert_eq!(ann.next().await, Event::join(&ben, Some(shown("fresh"))));
    (ann, ben)
}

fn says(text: &str) -> Order {
    Order::Broadcast(text.into())
}

fn said(by: &TestMember<Scripted>, text: &str) -> Seen {
    Event::message(by, text.into())
}

/// The next so many events.
async fn next(member: &mut TestMember<Scripted>, count: usize) -> Vec<Seen> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(member.next().await);
    }
    events
}

#[tokio::test]
async fn what_is_said_to_and_by_somebody_in_a_tunnel_arrives_once_and_in_order() {
    let play = play();
    let (mut ann, mut ben) = two(&play).await;
    let id = ann.id().clone();
    ben.send(&says("read"));
    ben.send(&says("not read before the tunnel"));
    assert_eq!(ann.next().await, said(&ben, "read"));

    ann.drop_connection();
    assert_eq!(ann.try_next().await, None);
    assert_eq!(ben.next().await, Event::away(&ann));
    assert!(ben.members()[0].away);
    ben.send(&says("said into the tunnel"));
    ann.send(&says("one"));
    ann.set_presence(&shown("tired"));
    ann.send(&says("two"));
    play.room.advance(GRACE_MS / 2).await;

    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!((ann.id(), ann.members().len()), (&id, 2));
    assert_eq!(
        next(&mut ann, 2).await,
        ["not read before the tunnel", "said into the tunnel"].map(|text| said(&ben, text))
    );
    let back = Event::update(&ann, shown("fresh"));
    let tired = Event::update(&ann, shown("tired"));
    let heard = next(&mut ben, 4).await;
    assert_eq!(heard[0], back);
    assert!(!ben.members()[0].away);
    let words: Vec<_> = heard.iter().filter(|event| matches!(event, Event::Message { .. })).cloned().collect();
    assert_eq!(words, [said(&ann, "one"), said(&ann, "two")]);
    assert!(heard.contains(&tired));
}

#[tokio::test]
async fn what_the_server_has_but_could_not_say_so_is_handled_once() {
    let play = play();
    let (mut ann, mut ben) = two(&play).await;
    ann.send(&says("once"));
    ann.drop_connection();
    assert_eq!(ann.resume().await, Ok(true));
    ann.send(&says("and again"));
    let words: Vec<_> = ben.settle().await.into_iter().filter(|event| matches!(event, Event::Message { .. })).collect();
    assert_eq!(words, [said(&ann, "once"), said(&ann, "and again")]);
}

#[tokio::test]
async fn who_is_late_is_another_and_is_told_what_nobody_knows_of() {
    let play = play();
    let (mut ann, mut ben) = two(&play).await;
    let before = ann.id().clone();
    ann.send(&Order::Fail);
    ann.drop_connection();
    ann.send(&says("waits"));
    play.room.advance(0).await;
    play.room.advance(GRACE_MS).await;
    assert_eq!(next(&mut ben, 2).await, [Event::Away { id: before.clone() }, Event::Leave { id: before.clone() }]);

    assert_eq!(ann.resume().await, Ok(false));
    assert_ne!(ann.id(), &before);
    let lost = ann.next().await;
    assert!(matches!(&lost, Event::Error { code, .. } if code == "lost"), "{lost:?}");
    assert_eq!(next(&mut ben, 2).await, [Event::join(&ann, Some(shown("fresh"))), said(&ann, "waits")]);
}

#[tokio::test]
async fn what_cannot_be_had_any_more_is_missing_and_said_to_be() {
    let play = Play::with(Limits::default().grace_ms(GRACE_MS).log_frames(1));
    let (mut ann, ben) = two(&play).await;
    let id = ann.id().clone();
    ann.drop_connection();
    ben.send(&says("let go"));
    ben.send(&says("kept"));
    play.room.advance(0).await;
    assert_eq!(ann.resume().await, Ok(false));
    assert_eq!(ann.id(), &id);
    ben.send(&says("new"));
    assert_eq!(ann.next().await, said(&ben, "new"));
}

#[tokio::test]
async fn another_network_takes_over_from_the_one_before() {
    let play = play();
    let (mut ann, mut ben) = two(&play).await;
    ben.send(&says("on the way"));
    play.room.advance(0).await;
    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!(ann.next().await, said(&ben, "on the way"));
    ann.send(&says("from the new one"));
    assert_eq!(ben.next().await, said(&ann, "from the new one"));
    assert_eq!(ben.members().len(), 2);
}

#[tokio::test]
async fn guards_and_data_are_asked_again_where_a_request_made_it_a_member() {
    let play = play();
    let mut ben = play.join("ben").await;
    let mut ann = play.room.connect(&stage(), Request::get("/?name=ann").body(()).unwrap()).await.unwrap();
    ann.drop_connection();
    assert_eq!(ann.resume().await, Ok(true));
    play.room.advance(0).await;
    ann.drop_connection();
    play.room.advance(0).await;
    assert_eq!(ann.resume().await, Ok(true));
    play.room.advance(0).await;
    assert!(play.log.take().contains(&"on_return ann".to_owned()));
    assert_eq!(ben.next().await, Event::join(&ann, Some(shown("fresh"))));
}

#[tokio::test]
async fn where_there_are_no_sessions_it_comes_back_as_somebody_new() {
    let play = Play::with(Limits::default().grace_ms(0));
    let (mut ann, mut ben) = two(&play).await;
    let before = ann.id().clone();
    ann.send(&says("said"));
    assert_eq!(ben.next().await, said(&ann, "said"));
    ann.drop_connection();
    ann.send(&says("waits"));
    assert_eq!(ben.next().await, Event::Leave { id: before });
    assert_eq!(ann.resume().await, Ok(false));
    assert_eq!(next(&mut ben, 2).await, [Event::join(&ann, Some(shown("fresh"))), said(&ann, "waits")]);
}
