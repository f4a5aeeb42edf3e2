//! Listeners on a platform that puts its process away while their sockets stay open.

use std::sync::Arc;

use roomful::Rooms;
use roomful_core::Dialect;

use super::*;
use crate::keeper::{Beside, Platform, until, written};

/// A new process, with nothing in memory.
fn process(beside: &Beside) -> Rooms {
    let rooms = Rooms::new().module("m", |m| m.feed("ticker", Ticker)).build().unwrap();
    rooms.platform().start(|| Arc::new(Platform::new(beside)));
    rooms
}

#[tokio::test(start_paused = true)]
async fn who_listened_to_a_process_that_is_no_more_is_told_to_come_back() {
    let beside = Beside::default();
    let first = process(&beside);
    let (parts, ()) = Request::get("/?m=m&s=ticker&r=%7B%22id%22:%22a%22%7D").body(()).unwrap().into_parts();
    let admitted = first.platform().read(parts, Dialect::V1).admit(std::future::pending()).await.unwrap();
    assert_eq!(admitted.topic().map(ToString::to_string), Some("board/a".to_owned()), "it is served where its key is");
    let connection = first.platform().connect(admitted);
    assert!(written(&connection).await.starts_with(r#"{"t":"feed","seq":0,"#));
    first.publish(&board("a"), &1).await.unwrap();
    assert_eq!(written(&connection).await, r#"{"t":"event","event":1,"seq":1}"#);
    until("opened", || first.stats().tasks == 0).await;

    first.platform().put_away();
    first.publish(&board("a"), &2).await.unwrap();
    assert_eq!(connection.mailbox().try_next(), None, "here nothing is sent any more");
    let second = process(&beside);
    let restored = second.platform().restore(beside.all(), Vec::new());
    let close = written(&restored[0]).await;
    assert!(close.starts_with("close 1012 retry="), "{close}");
    until("forgotten", || beside.all().is_empty() && second.stats().tasks == 0).await;
    drop((connection, restored));
    assert_eq!((second.stats().rooms, second.stats().connections), (0, 0));
}
