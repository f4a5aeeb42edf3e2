//! A client that comes back for its member: with what it missed, and as nobody else.

use http::Request;
use roomful::test::{Event, TestMember};
use roomful::{Close, Limits, MemberId, Stats};
use serde_json::Value;

use crate::scripted::{Order, Play, Scripted, stage};

const GRACE_MS: u64 = 2_000;

fn play() -> Play {
    Play::with(Limits::default().grace_ms(GRACE_MS))
}

async fn heard(play: &Play, member: &TestMember<Scripted>) -> Vec<String> {
    play.room.advance(0).await;
    std::iter::from_fn(|| member.written()).collect()
}

/// What a snapshot says under this key.
fn says(member: &TestMember<Scripted>, key: &str) -> Value {
    let snapshot: Value = serde_json::from_str(member.snapshot()).unwrap();
    snapshot[key].clone()
}

fn token(member: &TestMember<Scripted>) -> String {
    says(member, "session").as_str().unwrap().to_owned()
}

async fn back(play: &Play, name: &str, token: &str, seen: u64) -> Result<TestMember<Scripted>, Close> {
    let request = Request::get(format!("/?name={}", name.replace(' ', "%20")))
        .header("sec-websocket-protocol", format!("roomful.v1, roomful.resume.{token}.{seen}"));
    play.room.connect(&stage(), request.body(()).unwrap()).await
}

fn presence(id: &MemberId, op: &str) -> String {
    format!(r#"{{"from":"{id}","t":"presence","op":"{op}"}}"#)
}

fn said(from: &MemberId, text: &str, seq: u8) -> String {
    format!(r#"{{"from":"{from}","t":"msg","msg":"{text}","seq":{seq}}}"#)
}

async fn two(play: &Play) -> (TestMember<Scripted>, TestMember<Scripted>) {
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    heard(play, &ann).await;
    play.log.take();
    (ann, ben)
}

#[tokio::test]
async fn who_is_back_in_time_is_the_same_and_is_sent_what_it_missed() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    assert_eq!(says(&ben, "resumed"), false);
    ann.send(&Order::Broadcast("seen".into()));
    assert_eq!(heard(&play, &ben).await, [said(ann.id(), "seen", 1)]);
    drop(ben);
    ann.send(&Order::Broadcast("missed".into()));
    ann.send(&Order::Send("not for ben".into()));
    assert_eq!(heard(&play, &ann).await, [presence(&id, "away"), said(ann.id(), "not for ben", 3)]);

    let ben = back(&play, "ben", &session, 1).await.unwrap();
    assert_eq!((ben.id(), says(&ben, "resumed"), says(&ben, "seq")), (&id, Value::from(true), Value::from(3)));
    assert_ne!(token(&ben), session);
    ann.send(&Order::Broadcast("live".into()));
    assert_eq!(heard(&play, &ben).await, [said(ann.id(), "missed", 2), said(ann.id(), "live", 4)]);
    let update = format!(r#"{{"from":"{id}","t":"presence","op":"update","state":{{"mood":"fresh"}}}}"#);
    assert_eq!(heard(&play, &ann).await, [update]);
    assert_eq!(play.log.take(), ["on_away", "on_return ben"], "it joined once");

    play.room.advance(2 * GRACE_MS).await;
    ben.send(&Order::Send("still here".into()));
    assert_eq!(heard(&play, &ben).await, [said(&id, "still here", 5)]);
    drop((ann, ben));
    play.room.advance(GRACE_MS).await;
    assert_eq!(play.room.rooms().stats(), Stats::default());
}

#[tokio::test]
async fn who_is_late_is_another() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    drop(ben);
    play.room.advance(0).await;
    play.room.advance(GRACE_MS).await;
    let other = back(&play, "ben", &session, 0).await.unwrap();
    assert_ne!(other.id(), &id);
    assert_eq!((says(&other, "resumed"), other.members().len()), (Value::from(false), 2));
    drop(ann);
}

#[tokio::test]
async fn what_cannot_be_had_is_said_to_be_lost() {
    let play = Play::with(Limits::default().grace_ms(GRACE_MS).log_frames(1));
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    drop(ben);
    ann.send(&Order::Broadcast("one".into()));
    ann.send(&Order::Broadcast("two".into()));
    play.room.advance(0).await;
    let ben = back(&play, "ben", &session, 0).await.unwrap();
    assert_eq!((ben.id(), says(&ben, "resumed")), (&id, Value::from(false)));
    assert_eq!(heard(&play, &ben).await, [""; 0]);
}

#[tokio::test]
async fn a_newer_socket_takes_over() {
    let play = play();
    let (ann, mut ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    let newer = back(&play, "newer", &session, 0).await.unwrap();
    assert_eq!((newer.id(), newer.members().len()), (&id, 2));
    assert_eq!(ben.next().await, Event::Closed(Close::TAKEN_OVER));
    ben.send(&Order::Broadcast("from the old one".into()));
    drop(ben);
    newer.send(&Order::Broadcast("from the new one".into()));
    assert_eq!(heard(&play, &ann).await, [said(&id, "from the new one", 1)], "the others notice nothing else");
    assert_eq!(play.log.take(), ["on_return newer"]);
}

#[tokio::test]
async fn a_snapshot_that_is_lost_loses_nothing() {
    let play = play();
    let (_ann, ben) = two(&play).await;
    let (id, first) = (ben.id().clone(), token(&ben));
    drop(ben);
    let ben = back(&play, "ben", &first, 0).await.unwrap();
    let second = token(&ben);
    drop(ben);
    // That snapshot never came.
    let ben = back(&play, "ben", &first, 0).await.unwrap();
    let third = token(&ben);
    assert_eq!(ben.id(), &id);
    drop(ben);
    let other = back(&play, "ben", &second, 0).await.unwrap();
    assert_ne!(other.id(), &id, "that one was good until another was given");
    let ben = back(&play, "ben", &third, 0).await.unwrap();
    assert_eq!(ben.id(), &id);
    drop(ben);
    assert_ne!(back(&play, "ben", &first, 0).await.unwrap().id(), &id, "the newest was presented");
}

/// Its last words still wait, so it is in the roster; and it has said that it goes.
#[tokio::test]
async fn who_is_leaving_is_not_gone_on_with() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    ben.send(&Order::Wait("my last words".into()));
    ben.send_raw(r#"{"t":"bye"}"#);
    heard(&play, &ben).await;
    drop(ben);
    let other = back(&play, "ben", &session, 0).await.unwrap();
    assert_ne!(other.id(), &id);
    assert_eq!((says(&other, "resumed"), other.members().len()), (Value::from(false), 3));
    heard(&play, &ann).await;
    play.gate.add_permits(1);
    assert_eq!(heard(&play, &ann).await, [said(&id, "my last words", 1), presence(&id, "leave")]);
}

#[tokio::test]
async fn who_is_denied_is_gone_at_once() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    drop(ben);
    heard(&play, &ann).await;
    let request = Request::get("/").header("sec-websocket-protocol", format!("roomful.v1, roomful.resume.{session}.0"));
    let denied = play.room.connect(&stage(), request.body(()).unwrap()).await.err().unwrap();
    assert_eq!(denied.code, 4403);
    assert_eq!(heard(&play, &ann).await, [presence(&id, "leave")]);
}

#[tokio::test]
async fn a_token_is_good_in_its_room_alone() {
    let play = play();
    let (_ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    let request =
        Request::get("/?name=ben").header("sec-websocket-protocol", format!("roomful.v1, roomful.resume.{session}.0"));
    let elsewhere = crate::scripted::Stage { id: "2".into() };
    let other = play.room.connect(&elsewhere, request.body(()).unwrap()).await.unwrap();
    assert_ne!(other.id(), &id);
    assert_eq!(other.members().len(), 1);
    assert_eq!(heard(&play, &ben).await, [""; 0], "it is not taken over");
}

#[tokio::test]
async fn what_it_sends_before_its_snapshot_is_handled_after_what_it_said_before() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    ben.send(&Order::Wait("before".into()));
    drop(ben);
    heard(&play, &ann).await;
    let ben = back(&play, "shows in on_away", &session, 0).await.unwrap();
    says_with_id(&ben, &Order::Broadcast("after".into()), 2);
    play.gate.add_permits(1);
    let update = format!(r#"{{"from":"{id}","t":"presence","op":"update","state":{{"mood":"fresh"}}}}"#);
    assert_eq!(heard(&play, &ann).await, [update, said(&id, "before", 1), said(&id, "after", 2)]);
    assert_eq!(play.log.take(), [""; 0], "it was back before either hook ran");
    drop(ben);
    assert_eq!(heard(&play, &ann).await.len(), 3, "away, and what the hook with the newest data shows then");
}

fn says_with_id(member: &TestMember<Scripted>, order: &Order, id: u64) {
    member.send_raw(serde_json::json!({ "t": "msg", "msg": order, "id": id }).to_string());
}

fn ack(id: u64, seq: u64) -> String {
    format!(r#"{{"t":"ack","id":{id},"seq":{seq}}}"#)
}

#[tokio::test]
async fn what_a_client_says_is_acknowledged_late_and_for_many() {
    let play = play();
    let (ann, ben) = two(&play).await;
    for id in [2, 3, 7] {
        says_with_id(&ben, &Order::Broadcast(id.to_string()), id);
    }
    assert_eq!(heard(&play, &ben).await, [""; 0]);
    play.room.advance(249).await;
    assert_eq!(heard(&play, &ben).await, [""; 0]);
    play.room.advance(1).await;
    assert_eq!(heard(&play, &ben).await, [ack(7, 3)]);
    for id in 8..=39 {
        says_with_id(&ben, &Order::Broadcast(id.to_string()), id);
    }
    assert_eq!(heard(&play, &ben).await, [ack(39, 35)], "as many as may wait");
    play.room.advance(1_000).await;
    assert_eq!(heard(&play, &ben).await, [""; 0]);
    assert_eq!(heard(&play, &ann).await.len(), 35);
}

#[tokio::test]
async fn what_a_client_says_twice_is_handled_once_over_all_its_sockets() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    says_with_id(&ben, &Order::Wait("1".into()), 1);
    says_with_id(&ben, &Order::Broadcast("2".into()), 2);
    says_with_id(&ben, &Order::Broadcast("2 again".into()), 2);
    drop(ben);
    heard(&play, &ann).await;
    let ben = back(&play, "ben", &session, 0).await.unwrap();
    assert_eq!(says(&ben, "acked"), 2, "they are here, though nothing of them is done");
    assert_eq!(heard(&play, &ben).await, [""; 0]);
    says_with_id(&ben, &Order::Broadcast("1 again".into()), 1);
    says_with_id(&ben, &Order::Broadcast("3".into()), 3);
    play.gate.add_permits(1);
    let words = [said(&id, "1", 1), said(&id, "2", 2), said(&id, "3", 3)];
    assert_eq!(heard(&play, &ann).await[1..], words);
    play.room.advance(250).await;
    assert_eq!(heard(&play, &ben).await, [ack(3, 3)]);
}

#[tokio::test]
async fn what_failed_is_told_again_and_before_any_ack_above_it() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let session = token(&ben);
    says_with_id(&ben, &Order::Broadcast("1".into()), 1);
    says_with_id(&ben, &Order::Fail, 2);
    let failed = r#"{"t":"error","id":2,"code":"handler_failed","reason":"the handler failed"}"#.to_owned();
    assert_eq!(heard(&play, &ben).await, std::slice::from_ref(&failed), "at once");
    says_with_id(&ben, &Order::Fail, 3);
    says_with_id(&ben, &Order::Broadcast("4".into()), 4);
    drop(ben);
    heard(&play, &ann).await;
    // What was told on that socket may have been lost with it, and the last of it was told to nobody.
    let ben = back(&play, "ben", &session, 0).await.unwrap();
    assert_eq!(says(&ben, "acked"), 4);
    let told = [failed.clone(), failed.replace("\"id\":2", "\"id\":3"), ack(4, 2)];
    assert_eq!(heard(&play, &ben).await, told);
    play.room.advance(1_000).await;
    assert_eq!(heard(&play, &ben).await, [""; 0]);
}

#[tokio::test]
async fn where_there_is_no_grace_each_message_is_acknowledged_as_before() {
    let play = Play::new();
    let (_ann, ben) = two(&play).await;
    assert_eq!(
        (says(&ben, "session"), says(&ben, "resumed"), says(&ben, "acked")),
        (Value::Null, Value::Null, Value::Null)
    );
    says_with_id(&ben, &Order::Broadcast("1".into()), 7);
    says_with_id(&ben, &Order::Broadcast("1".into()), 3);
    assert_eq!(heard(&play, &ben).await, [r#"{"t":"ack","id":7}"#, r#"{"t":"ack","id":3}"#]);
}

fn error(id: u64, code: &str, reason: &str) -> String {
    format!(r#"{{"t":"error","id":{id},"code":"{code}","reason":"{reason}"}}"#)
}

#[tokio::test]
async fn what_is_no_frame_has_its_number_too_and_is_told_again() {
    let play = play();
    let (ann, ben) = two(&play).await;
    let session = token(&ben);
    let refused = error(1, "bad_frame", "`t` is not known");
    ben.send_raw(r#"{"t":"nope","id":1}"#);
    assert_eq!(heard(&play, &ben).await, std::slice::from_ref(&refused));
    ben.send_raw(r#"{"t":"nope","id":1}"#);
    says_with_id(&ben, &Order::Broadcast("not twice".into()), 1);
    assert_eq!(heard(&play, &ben).await, [""; 0], "it was answered");
    says_with_id(&ben, &Order::Broadcast("0".into()), 0);
    let no_count = r#"{"t":"error","code":"bad_frame","reason":"`id` is a count from 1"}"#;
    assert_eq!(heard(&play, &ben).await, [no_count]);
    drop(ben);
    heard(&play, &ann).await;
    let ben = back(&play, "ben", &session, 0).await.unwrap();
    assert_eq!(says(&ben, "acked"), 1);
    assert_eq!(heard(&play, &ben).await, [refused]);
    // No ack says that it was handled, while what was said before it still waits.
    says_with_id(&ben, &Order::Wait("2".into()), 2);
    ben.send_raw(r#"{"t":"nope","id":3}"#);
    assert_eq!(heard(&play, &ben).await, [error(3, "bad_frame", "`t` is not known")]);
    play.room.advance(1_000).await;
    assert_eq!(heard(&play, &ben).await, [""; 0]);
    play.gate.add_permits(1);
    heard(&play, &ben).await;
    play.room.advance(250).await;
    assert_eq!(heard(&play, &ben).await, [ack(2, 1)]);
}

/// It is among those who hold most, and may be back. What it said and is not handled is not handled in silence.
#[tokio::test]
async fn who_is_closed_for_memory_is_away_and_told_what_was_dropped() {
    let play = Play::with(Limits::default().grace_ms(GRACE_MS).process_bytes(Some(6_000)));
    let (ann, ben) = two(&play).await;
    let (id, session) = (ben.id().clone(), token(&ben));
    says_with_id(&ben, &Order::Wait("first".into()), 1);
    heard(&play, &ben).await;
    for n in 2..=5 {
        says_with_id(&ben, &Order::Broadcast("x".repeat(1_500)), n);
    }
    // Whatever comes next finds that it is too much.
    ann.send_raw(r#"{"t":"ping"}"#);
    let pong = r#"{"t":"pong"}"#.to_owned();
    let mut told = heard(&play, &ann).await;
    told.sort_by_key(|frame| frame == &pong);
    assert_eq!(told, [presence(&id, "away"), pong]);
    let ben = back(&play, "ben", &session, 0).await.unwrap();
    assert_eq!((ben.id(), says(&ben, "acked")), (&id, Value::from(5)));
    let dropped = |n| error(n, "rate_limited", "the server holds as much as it may");
    assert_eq!(heard(&play, &ben).await, [dropped(2), dropped(3), dropped(4), dropped(5)]);
    heard(&play, &ann).await;
    play.gate.add_permits(1);
    assert_eq!(heard(&play, &ann).await, [said(&id, "first", 1)]);
    play.room.advance(250).await;
    assert_eq!(heard(&play, &ben).await, [ack(1, 1)]);
}
