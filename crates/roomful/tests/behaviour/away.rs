//! A member whose client lost its socket: it keeps its place for its grace, and leaves once.

use metrics_util::debugging::{DebugValue, Snapshotter};
use roomful::test::{Event, TestMember};
use roomful::{Close, Drain, Limits, MemberId, Stats};

use crate::metrics::{counted, record};
use crate::scripted::{Order, Play, Scripted, stage};

const GRACE_MS: u64 = 2_000;

fn play() -> Play {
    Play::with(Limits::default().grace_ms(GRACE_MS))
}

/// Somebody who watches, and somebody whose socket is about to be lost.
async fn two(play: &Play, name: &str) -> (TestMember<Scripted>, TestMember<Scripted>, MemberId) {
    let ann = play.join("ann").await;
    let ben = play.join(name).await;
    heard(play, &ann).await;
    play.log.take();
    let id = ben.id().clone();
    (ann, ben, id)
}

/// What reaches this member before any time passes.
async fn heard(play: &Play, member: &TestMember<Scripted>) -> Vec<String> {
    play.room.advance(0).await;
    std::iter::from_fn(|| member.written()).collect()
}

fn presence(id: &MemberId, op: &str) -> String {
    format!(r#"{{"from":"{id}","t":"presence","op":"{op}"}}"#)
}

/// What somebody shows who came as the second.
fn shows(mood: &str) -> String {
    format!(r#"{{"t":"updates","of":[[1,{{"mood":"{mood}"}}]]}}"#)
}

/// By how many there are more than at the last look.
fn held(snapshotter: &Snapshotter) -> f64 {
    let gauges = snapshotter.snapshot().into_vec().into_iter().filter_map(|(key, _, _, value)| match value {
        DebugValue::Gauge(held) if key.key().name() == "roomful_members_held" => Some(held.into_inner()),
        _ => None,
    });
    gauges.sum()
}

#[tokio::test]
async fn who_loses_its_socket_is_away_and_leaves_when_its_grace_is_over() {
    let play = play();
    let (ann, ben, id) = two(&play, "ben").await;
    drop(ben);
    assert_eq!(heard(&play, &ann).await, [presence(&id, "away")]);
    assert_eq!(play.log.take(), ["on_away"]);
    play.room.advance(GRACE_MS - 1).await;
    assert_eq!(heard(&play, &ann).await, [""; 0]);
    assert_eq!(play.room.rooms().stats().members, 2);
    play.room.advance(1).await;
    assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")]);
    assert_eq!(play.log.take(), ["teardown", "on_leave", "deferred late"]);
    ann.leave().await;
    assert_eq!(play.room.stats().await, Stats::default());
}

#[tokio::test]
async fn who_leaves_on_purpose_is_gone_at_once() {
    for close in [Close::DONE, Close { code: 1001, reason: "".into() }, Close::NO_CODE] {
        let play = play();
        let (ann, ben, id) = two(&play, "ben").await;
        ben.close(&close);
        assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")], "{close:?}");
        assert_eq!(play.log.take(), ["teardown", "on_leave", "deferred late"]);
    }
    let play = play();
    let (ann, ben, id) = two(&play, "ben").await;
    ben.send_raw(r#"{"t":"bye"}"#);
    drop(ben);
    let gone = [presence(&id, "leave")];
    assert_eq!(heard(&play, &ann).await, gone, "it said so, and its socket was lost before its close frame came");
}

#[tokio::test]
async fn who_gives_its_socket_up_will_be_back() {
    let play = play();
    let (ann, ben, id) = two(&play, "ben").await;
    ben.close(&Close { code: Close::GIVEN_UP, reason: "".into() });
    assert_eq!(heard(&play, &ann).await, [presence(&id, "away")]);
}

#[tokio::test]
async fn nobody_is_held_where_the_grace_is_none() {
    let play = Play::with(Limits::default().grace_ms(0));
    let (ann, ben, id) = two(&play, "ben").await;
    drop(ben);
    assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")]);
}

#[tokio::test]
async fn what_the_app_closes_is_gone_whatever_the_code() {
    for code in [1000, 4401, 4900, 3000] {
        let play = play();
        let (ann, ben, id) = two(&play, "ben").await;
        ben.send(&Order::Close(code, String::new()));
        assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")], "{code}");
        drop(ben);
        assert_eq!(heard(&play, &ann).await, [""; 0], "{code}");
    }
}

#[tokio::test]
async fn who_is_away_is_removed_like_anybody() {
    let play = play();
    let (ann, ben, id) = two(&play, "ben").await;
    drop(ben);
    heard(&play, &ann).await;
    assert!(play.room.at(&stage()).kick(&id, "").await.unwrap());
    assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")]);
    play.room.advance(GRACE_MS).await;
    assert_eq!(play.log.take(), ["on_away", "teardown", "on_leave", "deferred late"]);
    assert_eq!(heard(&play, &ann).await, [""; 0]);
}

#[tokio::test]
async fn what_it_said_before_is_handled_while_it_is_away() {
    let play = play();
    let (ann, ben, id) = two(&play, "ben").await;
    ben.send(&Order::Wait("first".into()));
    ben.send(&Order::Broadcast("second".into()));
    ben.send(&Order::Show("still here".into()));
    drop(ben);
    assert_eq!(heard(&play, &ann).await, [presence(&id, "away")]);
    play.gate.add_permits(1);
    let said = |text: &str, seq: u8| format!(r#"{{"from":"{id}","t":"msg","msg":"{text}","seq":{seq}}}"#);
    let again = [said("first", 1), said("second", 2), shows("still here"), presence(&id, "away")];
    assert_eq!(heard(&play, &ann).await, again, "an update says that somebody is there, and it is not");
    assert_eq!(play.log.take(), ["on_away"], "after what it said before");
}

#[tokio::test]
async fn what_its_app_does_when_it_is_away_is_heard_and_what_fails_there_is_told() {
    let play = play();
    let (ann, ben, id) = two(&play, "shows in on_away").await;
    drop(ben);
    let told = [presence(&id, "away"), shows("away"), presence(&id, "away")];
    assert_eq!(heard(&play, &ann).await, told);
    let cy = play.join("panics in on_away").await;
    play.log.take();
    drop(cy);
    heard(&play, &ann).await;
    let noted = play.log.take();
    assert!(noted.len() == 2 && noted[1].starts_with("on_error: "), "{noted:?}");
}

#[tokio::test]
async fn who_is_lost_while_it_joins_is_away_and_joined_once() {
    let play = play();
    let (ann, ben, id) = two(&play, "waits in on_join").await;
    drop(ben);
    assert_eq!(heard(&play, &ann).await, [presence(&id, "away")]);
    assert_eq!(play.log.take(), [""; 0], "one hook at a time");
    play.gate.add_permits(1);
    heard(&play, &ann).await;
    assert_eq!(play.log.take(), ["on_away"]);
    play.room.advance(GRACE_MS).await;
    assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")]);
}

#[tokio::test]
async fn a_process_that_stops_holds_nobody() {
    let drain = Drain::default();
    let play = Play::with(Limits::default().grace_ms(2 * drain.wait_ms));
    let (mut ann, ben, _) = two(&play, "ben").await;
    drop(ben);
    heard(&play, &ann).await;
    assert_eq!(play.log.take(), ["on_away"]);
    let everybody = async {
        while !matches!(ann.next().await, Event::Closed(_)) {}
        drop(ann);
        play.room.advance(0).await;
    };
    let (ended, ()) = tokio::join!(play.room.rooms().drain(&drain), everybody);
    assert!(ended, "nobody is waited for who cannot come back");
    assert_eq!(play.room.rooms().stats(), Stats::default());
    let end = ["teardown", "on_leave", "deferred late"];
    assert_eq!(play.log.take(), [end, end].concat());
}

#[tokio::test]
async fn those_who_are_held_are_counted_and_counted_no_more() {
    let (snapshotter, _guard) = record();
    let play = play();
    let (ann, ben, _) = two(&play, "ben").await;
    let cy = play.join("cy").await;
    let id = cy.id().clone();
    drop((ben, cy));
    heard(&play, &ann).await;
    assert_eq!(held(&snapshotter), 2.0);
    assert!(play.room.at(&stage()).kick(&id, "").await.unwrap());
    heard(&play, &ann).await;
    assert_eq!(held(&snapshotter), -1.0);
    play.room.advance(GRACE_MS).await;
    heard(&play, &ann).await;
    assert_eq!(held(&snapshotter), -1.0);
}

/// Bytes that are held when everybody has read everything and no time has passed.
async fn bytes(play: &Play, members: &[&TestMember<Scripted>]) -> usize {
    for member in members {
        heard(play, member).await;
    }
    play.room.rooms().stats().bytes
}

#[tokio::test]
async fn what_is_said_is_kept_for_who_comes_back_and_no_longer() {
    let play = play();
    let (ann, ben, _) = two(&play, "ben").await;
    let before = bytes(&play, &[&ann, &ben]).await;
    let text = "x".repeat(1_000);
    ann.send(&Order::Broadcast(text.clone()));
    ann.send(&Order::Send(text));
    let kept = bytes(&play, &[&ann, &ben]).await - before;
    assert!((2_000..4_000).contains(&kept), "{kept} bytes are kept, once for all");
    play.room.advance(GRACE_MS + 9_999).await;
    assert_eq!(bytes(&play, &[&ann, &ben]).await, before + kept);
    play.room.advance(1).await;
    assert_eq!(bytes(&play, &[&ann, &ben]).await, before);
    ann.send(&Order::BroadcastAll("again".into()));
    assert!(bytes(&play, &[&ann, &ben]).await > before);
    ben.close(&Close::DONE);
    ann.close(&Close::DONE);
    play.room.advance(0).await;
    assert_eq!(play.room.rooms().stats(), Stats::default(), "nobody is there to come back, and no timer runs");
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_what_goes_for_it_is_counted() {
    let text = "x".repeat(1_000);
    let limits = || Limits::default().grace_ms(GRACE_MS);
    for (limits, most, bound) in [
        (limits().grace_ms(0), 0, None),
        (limits().log_frames(0), 0, Some("log_frames")),
        (limits().log_frames(2), 2, Some("log_frames")),
        (limits().log_bytes(3_500), 3, Some("log_bytes")),
        (limits().logs_bytes(4_800), 4, Some("logs_bytes")),
        (limits(), 6, None),
    ] {
        let (snapshotter, _guard) = record();
        let play = Play::with(limits);
        let (ann, ben, _) = two(&play, "ben").await;
        let before = bytes(&play, &[&ann, &ben]).await;
        for _ in 0..6 {
            ann.send(&Order::Broadcast(text.clone()));
        }
        let kept = bytes(&play, &[&ann, &ben]).await - before;
        assert!((most * 1_000..=most * 1_200).contains(&kept), "{kept} bytes, of {most} messages");
        let mut counted = counted(&snapshotter);
        counted.retain(|(name, _)| name.starts_with("roomful_log_let_go_total"));
        let let_go = bound.map(|bound| (format!("roomful_log_let_go_total{{bound={bound}}}"), 6 - most as u64));
        assert_eq!(counted, Vec::from_iter(let_go));
    }
}
