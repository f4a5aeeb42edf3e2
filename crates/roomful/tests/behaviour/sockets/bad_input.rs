//! What does not fit is told to its sender, and ends nothing.

use roomful::test::SocketEvent;
use roomful::{Close, Limits, Rate, SocketExt as _, test::TestSocket};
use tokio::sync::Semaphore;

use super::{Order, Play, Scripted, desk, said};
use crate::scripted::Log;

#[tokio::test]
async fn each_misfit_has_its_code() {
    let play = Play::new();
    let mut ann = play.open("ann").await;
    for (frame, code, about) in [
        (r#"{"Defer":5}"#, "bad_message", "expected a string"),
        (r#"{"Nothing":"known"}"#, "bad_message", "unknown variant"),
        ("null", "bad_message", "expected value"),
        (r#" {"t":"ping"}"#, "bad_message", "unknown variant"),
        (r#"{"t":"msg"}"#, "bad_message", "missing"),
        (r#"{"t":"msg","msg":{"Defer":5}}"#, "bad_message", "expected a string"),
        (r#"{"t":"presence","state":1}"#, "bad_frame", "`t` is not known"),
        ("oops", "bad_frame", "not JSON"),
        ("", "bad_frame", "not JSON"),
    ] {
        ann.send_raw(frame.to_owned());
        let SocketEvent::Error { code: found, reason } = ann.next().await else { panic!("no error: {frame}") };
        assert_eq!(found, code, "{frame}");
        assert!(reason.contains(about) && !reason.contains("line"), "{frame}: {reason}");
    }
    ann.send(&Order::Send("still here".into()));
    assert_eq!(ann.settle().await, [said("still here")]);
    assert_eq!(play.log.take(), [""; 0], "a misfit is no failure of a hook's");
}

#[tokio::test]
async fn a_message_over_its_limit_is_the_callers_error() {
    let play = Play::new();
    let mut ann = play.open("ann").await;
    ann.send(&Order::Send("x".repeat((1 << 20) - 2).into()));
    assert!(matches!(ann.next().await, SocketEvent::Message(_)), "the limit itself fits");
    ann.send(&Order::Send("x".repeat((1 << 20) - 1).into()));
    let SocketEvent::Error { code, .. } = ann.next().await else { panic!("no error frame") };
    assert_eq!(code, "handler_failed");
    let log = play.log.take();
    assert!(log[0].contains("1048577 bytes") && log[0].contains("`Limits::message_bytes`"), "{log:?}");
}

#[tokio::test]
async fn too_many_bad_frames_close_4400() {
    let scripted = Scripted { log: Log::default(), gate: Semaphore::new(0).into() };
    let limits = Limits::default().bad_frame_rate(Rate { per_second: 1, burst: 2 });
    let socket = TestSocket::new(scripted.limits(limits));
    let mut ann = socket.open(desk(), "ann".to_owned()).await;
    for _ in 0..3 {
        ann.send_raw("oops");
    }
    assert_eq!(ann.settle().await.last(), Some(&SocketEvent::Closed(Close::BAD_FRAMES)));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_1013() {
    let log = Log::default();
    let scripted = Scripted { log: log.clone(), gate: Semaphore::new(0).into() };
    let limits = Limits::default().outbox_bytes(600);
    let socket = TestSocket::new(scripted.limits(limits));
    let mut ann = socket.open(desk(), "ann".to_owned()).await;
    ann.send(&Order::FloodThenClose);
    socket.advance(0).await;
    assert_eq!(ann.next().await, SocketEvent::Closed(Close::TOO_SLOW));
    assert_eq!(
        log.take(),
        ["teardown", "close 1013 too slow", "deferred late"],
        "what its client sees, and no other close"
    );
}
