//! What a socket's hooks see, and that each runs as often as it should.

use roomful::test::SocketEvent;
use roomful::{Close, Stats};

use super::{Order, Play, Seen, desk, said};

#[tokio::test]
async fn a_connection_knows_itself_and_is_nobody_elses() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.open("ann").await, play.open("ben").await);
    ann.send(&Order::WhoAmI);
    assert_eq!(ann.settle().await, [said(serde_json::json!([ann.id(), "1", null, "ann"]))]);
    assert_eq!(ben.settle().await, []);
    assert_ne!(ann.id(), ben.id());
    let there_is = play.socket.stats().await;
    assert_eq!((there_is.connections, there_is.rooms, there_is.members), (2, 0, 0), "neither rooms nor members");
}

#[tokio::test]
async fn what_open_says_comes_before_any_answer() {
    let play = Play::new();
    let mut ann = play.open("talks in open").await;
    ann.send(&Order::Send("answer".into()));
    assert_eq!(ann.settle().await, [said("opened"), said("answer")]);
}

#[tokio::test]
async fn every_hook_runs_in_its_connections_span() {
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry());
    let play = Play::new();
    let request = http::Request::get("/?name=ann").body(()).unwrap();
    let mut ann = play.socket.connect(&desk(), request).await.unwrap();
    // Each in a task of its own.
    for _ in 0..2 {
        ann.send(&Order::Span);
        assert_eq!(ann.next().await, said("connection"));
    }
}

#[tokio::test]
async fn a_hook_that_fails_ends_nothing_but_itself() {
    let play = Play::new();
    let mut ann = play.open("ann").await;
    for (order, logged) in [
        (Order::Fail, "error: failed on purpose"),
        (Order::Panic, "error: a hook panicked: panicked on purpose"),
        (Order::Close(999, String::new()), "error: an app closes with 1000 or 3000 to 4999, not 999"),
        (Order::Close(1001, String::new()), "error: an app closes with 1000 or 3000 to 4999, not 1001"),
        (Order::Close(5000, String::new()), "error: an app closes with 1000 or 3000 to 4999, not 5000"),
        (Order::Close(4000, "r".repeat(124)), "error: a close reason has at most 123 bytes, not 124"),
    ] {
        ann.send(&order);
        let Seen::Error { code, .. } = ann.next().await else { panic!("no error frame") };
        assert_eq!(code, "handler_failed");
        assert_eq!(play.log.take(), [logged]);
    }
    ann.send(&Order::Send("still here".into()));
    assert_eq!(ann.settle().await, [said("still here")]);
}

#[tokio::test]
async fn an_open_that_fails_is_closed_1011_and_ends_once() {
    for (name, logged) in [("panics in open", "error: a hook panicked: open"), ("fails in open", "error: no")] {
        let play = Play::new();
        let mut ann = play.open(name).await;
        ann.send(&Order::Send("not handled".into()));
        assert_eq!(ann.settle().await, [SocketEvent::Closed(Close::JOIN_FAILED)]);
        assert_eq!(play.log.take(), [logged, "teardown", "close 1011 join failed", "deferred late"]);
        drop(ann);
        assert_eq!(play.socket.stats().await, Stats::default());
        assert_eq!(play.log.take(), [""; 0], "losing the socket afterwards is no second end");
    }
}

#[tokio::test]
async fn the_end_says_what_ended_it() {
    let play = Play::new();
    let ann = play.open("ann").await;
    ann.close(4321, "enough").await;
    assert_eq!(play.log.take(), ["teardown", "close 4321 enough", "deferred late"]);

    let ben = play.open("ben").await;
    drop(ben);
    assert_eq!(play.socket.stats().await, Stats::default());
    assert_eq!(play.log.take(), ["teardown", "close 1006 ", "deferred late"]);

    for (code, reason) in [(1000, ""), (3000, "r"), (4999, "rrr")] {
        let mut cy = play.open("cy").await;
        cy.send(&Order::Close(code, reason.to_owned()));
        cy.send(&Order::Send("not handled any more".into()));
        assert_eq!(cy.settle().await, [SocketEvent::Closed(Close::from_app(code, reason).unwrap())]);
        assert_eq!(play.log.take(), ["teardown".to_owned(), format!("close {code} {reason}"), "deferred late".into()]);
    }
}

#[tokio::test]
async fn after_a_close_nothing_is_sent_and_the_first_close_stands() {
    let play = Play::new();
    let mut ann = play.open("ann").await;
    ann.send(&Order::CloseThenTalk);
    assert_eq!(ann.settle().await, [SocketEvent::Closed(Close::from_app(4001, "bye").unwrap())]);
    assert_eq!(play.log.take(), ["teardown", "close 4001 bye", "deferred late"]);
}

#[tokio::test]
async fn teardowns_run_last_first_and_a_panic_stops_no_other_hook() {
    let play = Play::new();
    let ann = play.open("panics in close").await;
    ann.send(&Order::Defer("second".into()));
    ann.send(&Order::Defer("panics".into()));
    ann.close(1000, "").await;
    let log = play.log.take();
    assert_eq!(log[..3], ["panics", "second", "teardown"]);
    assert!(log[3].starts_with("error: a hook panicked"), "{log:?}");
    assert_eq!(log[4..6], ["close 1000 ", "deferred late"]);
    assert!(log[6].starts_with("error: a hook panicked"), "{log:?}");
    assert_eq!(log.len(), 7);
    assert_eq!(play.socket.stats().await, Stats::default());
}

#[tokio::test]
async fn a_panic_in_error_ends_nothing() {
    let play = Play::new();
    let mut ann = play.open("panics in error").await;
    ann.send(&Order::Fail);
    ann.send(&Order::Send("still here".into()));
    let seen = ann.settle().await;
    assert_eq!(seen.last(), Some(&said("still here")), "{seen:?}");
}

#[tokio::test]
async fn every_client_is_told_when_to_return_when_the_process_stops() {
    let play = Play::new();
    let mut ann = play.open("ann").await;
    let drain = roomful::Drain::default().first_retry_ms(100);
    let client = async {
        let close = ann.next().await;
        drop(ann);
        play.socket.advance(0).await;
        close
    };
    let (ended, close) = tokio::join!(play.socket.rooms().drain(&drain), client);
    assert!(ended, "nothing runs any more");
    assert_eq!(close, SocketEvent::Closed(Close::restarting(200)));
    assert_eq!(play.log.take(), ["teardown", "close 1012 retry=200", "deferred late"]);
}
