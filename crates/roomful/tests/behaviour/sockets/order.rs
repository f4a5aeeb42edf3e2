//! One connection's messages one at a time, in order; different connections never wait for each other.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use roomful::{Close, Limits, SocketExt as _, Stats, test::TestSocket};
use roomful_core::Dialect;
use tokio::sync::Semaphore;

use super::{Order, Play, Scripted, said};
use crate::scripted::Log;

#[tokio::test]
async fn a_slow_message_is_not_overtaken_and_holds_nobody_else_up() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.open("ann").await, play.open("ben").await);
    ann.send(&Order::Wait("slow".into()));
    ann.send(&Order::Send("fast".into()));
    ben.send(&Order::Send("meanwhile".into()));
    assert_eq!(ben.next().await, said("meanwhile"));
    play.gate.add_permits(1);
    assert_eq!(ann.settle().await, [said("slow"), said("fast")]);
}

#[tokio::test]
async fn messages_wait_for_open() {
    let play = Play::new();
    let mut ann = play.open("waits in open").await;
    ann.send(&Order::Wait("early".into()));
    play.gate.add_permits(2);
    assert_eq!(ann.next().await, said("early"));
    assert_eq!(play.log.take(), ["opened", "early"]);
}

#[tokio::test]
async fn open_ends_before_the_end_begins() {
    let play = Play::new();
    let ann = play.open("waits in open").await;
    ann.send(&Order::Wait("said before the end".into()));
    drop(ann);
    play.socket.advance(play.socket.rooms().limits().leave_timeout_ms - 1).await;
    assert_eq!(play.log.take(), [""; 0], "nothing overtakes the hook that runs");
    play.gate.add_permits(2);
    assert_eq!(play.socket.stats().await, Stats::default());
    assert_eq!(play.log.take(), ["opened", "said before the end", "teardown", "close 1006 ", "deferred late"]);
}

#[tokio::test]
async fn what_was_said_before_the_end_has_its_time() {
    let play = Play::new();
    let ann = play.open("waits in open").await;
    ann.send(&Order::Wait("said before the end".into()));
    drop(ann);
    play.socket.advance(play.socket.rooms().limits().leave_timeout_ms).await;
    play.gate.add_permits(1);
    assert_eq!(play.socket.stats().await, Stats::default());
    assert_eq!(play.log.take(), ["opened", "teardown", "close 1006 ", "deferred late"]);
}

#[tokio::test]
async fn a_socket_that_ends_before_its_data_is_found_never_opens() {
    let play = Play::new();
    let uri = "/?m=test&s=socket&r=%7B%22id%22:%221%22%7D&name=waits+in+data";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let mut connection = play.socket.rooms().platform().read(parts, Dialect::V1).connect();
    play.socket.advance(0).await;
    connection.receive(br#"{"Wait":"never handled"}"#);
    connection.end(&Close::LOST, None);
    play.gate.add_permits(2);
    play.socket.advance(0).await;
    assert_eq!(connection.mailbox().try_next(), None);
    drop(connection);
    assert_eq!(play.socket.stats().await, Stats::default());
    assert_eq!(play.log.take(), [""; 0]);
}

#[tokio::test]
async fn a_full_queue_stops_the_reading_of_that_socket() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let limits = Limits::default().early_frames(2).handler_queue(3);
    let socket = TestSocket::new(Scripted { log: log.clone(), gate: Arc::clone(&gate) }.limits(limits));
    let uri = "/?m=test&s=socket&r=%7B%22id%22:%221%22%7D&name=waits+in+data";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let mut connection = socket.rooms().platform().read(parts, Dialect::Plain).connect();
    socket.advance(0).await;
    let has_space = |connection: &roomful_runtime::Connection| {
        connection.poll_space(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    };
    for n in 0..2 {
        assert!(has_space(&connection), "{n}");
        connection.receive(format!(r#"{{"Wait":"{n}"}}"#).as_bytes());
    }
    assert!(!has_space(&connection), "before `open`");
    gate.add_permits(1);
    socket.advance(0).await;
    for n in 2..4 {
        assert!(has_space(&connection), "{n}");
        connection.receive(format!(r#"{{"Wait":"{n}"}}"#).as_bytes());
    }
    assert!(!has_space(&connection), "while the first message is handled");
    gate.add_permits(4);
    socket.advance(0).await;
    assert!(has_space(&connection));
    assert_eq!(log.take(), ["0", "1", "2", "3"]);
    drop(connection);
    socket.stats().await;
}
