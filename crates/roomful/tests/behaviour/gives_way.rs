//! Where there is no place for somebody who comes, who has been away the longest gives way.

use http::Request;
use metrics_util::debugging::{DebugValue, Snapshotter};
use roomful::test::TestMember;
use roomful::{Close, Limits, MemberId, Stats};
use serde_json::Value;

use crate::metrics::record;
use crate::scripted::{Play, Scripted, stage};

const GRACE_MS: u64 = 2_000;

fn limits() -> Limits {
    Limits::default().grace_ms(GRACE_MS)
}

async fn heard(play: &Play, member: &TestMember<Scripted>) -> Vec<String> {
    play.room.advance(0).await;
    std::iter::from_fn(|| member.written()).collect()
}

/// Ann, and two whose sockets are lost, the first of them first.
async fn two_away(play: &Play) -> (TestMember<Scripted>, [(MemberId, String); 2]) {
    let (ann, ben, cy) = (play.join("ann").await, play.join("ben").await, play.join("cy").await);
    let [ben_is, cy_is] = [&ben, &cy].map(|member| (member.id().clone(), token(member)));
    for member in [ben, cy] {
        drop(member);
        play.room.advance(1).await;
    }
    heard(play, &ann).await;
    (ann, [ben_is, cy_is])
}

fn token(member: &TestMember<Scripted>) -> String {
    let snapshot: Value = serde_json::from_str(member.snapshot()).unwrap();
    snapshot["session"].as_str().unwrap().to_owned()
}

async fn connect(play: &Play, name: &str, more: &str) -> Result<TestMember<Scripted>, Close> {
    let request = Request::get(format!("/?name={name}")).header("sec-websocket-protocol", format!("roomful.v1{more}"));
    play.room.connect(&stage(), request.body(()).unwrap()).await
}

async fn back(play: &Play, name: &str, token: &str) -> Result<TestMember<Scripted>, Close> {
    connect(play, name, &format!(", roomful.resume.{token}.0")).await
}

fn leave(id: &MemberId) -> String {
    format!(r#"{{"from":"{id}","t":"presence","op":"leave"}}"#)
}

fn let_go(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let counters = snapshotter.snapshot().into_vec().into_iter().filter_map(|(key, _, _, value)| match value {
        DebugValue::Counter(count) if key.key().name() == "roomful_sessions_let_go_total" => {
            Some((key.key().labels().next().unwrap().value().to_owned(), count))
        }
        _ => None,
    });
    counters.collect()
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_who_has_been_away_the_longest() {
    for (limits, bound, full) in [
        (limits().members(3), "members", Close::ROOM_FULL),
        (limits().connections(3), "connections", Close::OVERLOADED),
    ] {
        let (snapshotter, _guard) = record();
        let play = Play::with(limits);
        let (ann, away) = two_away(&play).await;
        let mut newcomers = Vec::new();
        for (id, _) in &away {
            let newcomer = connect(&play, "newcomer", "").await.unwrap();
            assert_eq!(newcomer.members().len(), 3, "{bound}");
            let told = heard(&play, &ann).await;
            assert_eq!((&told[0], told.len()), (&leave(id), 2), "{bound}");
            newcomers.push(newcomer);
        }
        assert_eq!(connect(&play, "late", "").await.err(), Some(full), "{bound}: nobody is away");
        assert_eq!(let_go(&snapshotter), [(bound.to_owned(), 2)]);
        let (_, token) = &away[0];
        assert!(back(&play, "ben", token).await.is_err(), "{bound}: it has left");
    }
}

#[tokio::test]
async fn who_is_back_gives_way_to_nobody() {
    let play = Play::with(limits().members(3));
    let (ann, [(ben_id, ben), (cy_id, _)]) = two_away(&play).await;
    let ben = back(&play, "ben", &ben).await.unwrap();
    assert_eq!(ben.id(), &ben_id);
    heard(&play, &ann).await;
    let _dan = connect(&play, "dan", "").await.unwrap();
    assert_eq!(heard(&play, &ann).await[0], leave(&cy_id));
    assert_eq!(connect(&play, "eve", "").await.err(), Some(Close::ROOM_FULL));
}

/// It comes for its own place, and has one until it is in that.
#[tokio::test]
async fn who_comes_back_costs_nobody_a_place() {
    let play = Play::with(limits().connections(3));
    let (ann, [(ben_id, ben), (cy_id, cy)]) = two_away(&play).await;
    let ben = back(&play, "ben", &ben).await.unwrap();
    assert_eq!(ben.id(), &ben_id);
    assert!(!heard(&play, &ann).await.contains(&leave(&cy_id)));
    let _dan = connect(&play, "dan", "").await.unwrap();
    assert!(heard(&play, &ann).await.contains(&leave(&cy_id)), "a newcomer does");
    let token = token(&ben);
    drop(ben);
    play.room.advance(0).await;
    let ben = back(&play, "ben", &token).await.unwrap();
    assert_eq!(ben.id(), &ben_id);
    assert_eq!(back(&play, "cy", &cy).await.err(), Some(Close::OVERLOADED), "it is a newcomer, and nobody is away");
}

#[tokio::test]
async fn no_more_are_held_than_may_be() {
    let (snapshotter, _guard) = record();
    let play = Play::with(limits().held_members(1));
    let (ann, ben, cy) = (play.join("ann").await, play.join("ben").await, play.join("cy").await);
    let (ben_id, cy_id) = (ben.id().clone(), cy.id().clone());
    heard(&play, &ann).await;
    drop(ben);
    assert_eq!(heard(&play, &ann).await.len(), 1);
    drop(cy);
    let told = heard(&play, &ann).await;
    assert!(told.contains(&leave(&ben_id)) && !told.contains(&leave(&cy_id)), "{told:?}");
    assert_eq!(let_go(&snapshotter), [("held_members".to_owned(), 1)]);
    ann.close(&Close::DONE);
    play.room.advance(GRACE_MS).await;
    assert_eq!(play.room.rooms().stats(), Stats::default());

    let play = Play::with(limits().held_members(0));
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    let id = ben.id().clone();
    heard(&play, &ann).await;
    drop(ben);
    assert_eq!(heard(&play, &ann).await.last(), Some(&leave(&id)));
}
