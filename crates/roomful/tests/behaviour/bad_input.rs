//! What does not fit is told to its sender, and to nobody else.

use crate::scripted::{Order, Play, Scripted, shown, stage};
use roomful::test::{Event, TestMember};

async fn error_of(member: &mut TestMember<Scripted>) -> (String, String) {
    match member.next().await {
        Event::Error { code, reason } => (code, reason),
        other => panic!("not an error: {other:?}"),
    }
}

#[tokio::test]
async fn each_misfit_has_its_code() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    let large = format!(r#"{{"t":"presence","state":{{"mood":"{}"}}}}"#, "x".repeat(4096));
    for (frame, code, about) in [
        (r#"{"t":"msg","msg":{"Broadcast":5}}"#, "bad_message", "expected a string"),
        (r#"{"t":"msg","msg":{"Nothing":"known"}}"#, "bad_message", "unknown variant"),
        (r#"{"t":"msg"}"#, "bad_message", "missing"),
        (r#"{"t":"presence","state":{"mood":1}}"#, "bad_presence", "expected a string"),
        (r#"{"t":"presence","state":null}"#, "bad_presence", "null"),
        (r#"{"t":"presence"}"#, "bad_presence", "missing"),
        (large.as_str(), "too_large", "presence_bytes"),
        ("null", "bad_frame", "not a JSON object"),
    ] {
        ann.send_raw(frame.to_owned());
        let (found, reason) = error_of(&mut ann).await;
        assert_eq!(found, code, "{frame}");
        assert!(reason.contains(about) && !reason.contains("line"), "{frame}: {reason}");
    }
    assert_eq!(ben.settle().await, []);
    assert_eq!(play.room.at(&stage()).members().await.unwrap()[0].state, Some(shown("fresh")), "the old state stays");
}

#[tokio::test]
async fn others_get_the_state_as_its_type_writes_it() {
    let play = Play::new();
    let (ann, ben) = (play.join("ann").await, play.join("ben").await);
    ann.send_raw(r#"{"t":"presence","state":{ "extra": [1], "mood": "\u0067ood" }}"#);
    play.room.advance(0).await;
    let mailbox = std::iter::from_fn(|| ben.written());
    let frames: Vec<_> = mailbox.collect();
    assert_eq!(frames, [r#"{"t":"updates","of":[[0,{"mood":"good"}]]}"#], "ann is who came first");
}

#[tokio::test]
async fn a_message_over_its_limit_is_the_callers_error() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    ann.send(&Order::Send("x".repeat(1 << 20)));
    assert_eq!(error_of(&mut ann).await.0, "handler_failed");
    let log = play.log.take();
    assert!(log[0].contains("`Limits::message_bytes`"), "{log:?}");
}

#[tokio::test]
async fn a_state_that_does_not_fit_takes_nothing_with_it() {
    let play = Play::new();
    let mut ann = play.join("ann").await;
    ann.set_presence(&shown("good"));
    ann.send_raw(r#"{"t":"presence","state":5}"#);
    let seen = ann.settle().await;
    let [Event::Update { .. }, Event::Error { code, .. }] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(code, "bad_presence");
    assert_eq!(play.room.at(&stage()).members().await.unwrap()[0].state, Some(shown("good")));
}
