//! Who may listen, and what a client may say.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use roomful::{Close, Drain, Limits, Result};

use super::*;

fn request(query: &str) -> Request<()> {
    Request::get(format!("/?{query}")).body(()).unwrap()
}

#[tokio::test]
async fn a_guard_decides_and_a_panic_lets_nobody_in() {
    async fn with_token(upgrade: Upgrade<Board>) -> Result<(), Deny> {
        upgrade.query("token").map(|_| ()).ok_or_else(Deny::forbidden)
    }
    let feed = TestFeed::new(Ticker.guard(with_token));
    let listen = async |key: &str, query: &str| feed.connect(&board(key), request(query)).await.map(drop);
    assert_eq!(listen("a", "").await, Err(Close::FORBIDDEN));
    assert_eq!(listen("a", "token=1").await, Ok(()));
    assert_eq!(listen("a", "token=1&panics=1").await, Err(Close::JOIN_FAILED));
    assert_eq!(listen("", "token=1").await, Err(Close::FORBIDDEN), "its key is empty");
    assert_eq!(feed.stats().await.connections, 0);
}

#[tokio::test]
async fn a_client_only_listens() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    for (text, answer) in [
        (r#"{"t":"ping"}"#, r#"{"t":"pong"}"#),
        (
            r#"{"t":"msg","msg":1,"id":3}"#,
            r#"{"t":"error","id":3,"code":"bad_frame","reason":"a client only listens here"}"#,
        ),
        (r#"{"t":"presence","state":1}"#, r#"{"t":"error","code":"bad_frame","reason":"a client only listens here"}"#),
        (r#"{"t":"event","event":1}"#, r#"{"t":"error","code":"bad_frame","reason":"`t` is not known"}"#),
        ("5", r#"{"t":"error","code":"bad_frame","reason":"not a JSON object"}"#),
        (
            r#"{"t":"auth","credentials":"new","id":9}"#,
            r#"{"t":"error","id":9,"code":"bad_frame","reason":"new credentials are not taken here"}"#,
        ),
    ] {
        ann.send_raw(text);
        assert_eq!(heard(&mut ann, &play).await, [answer], "{text}");
    }
    play.publish([1]).await;
    assert_eq!(ann.next().await, said(1), "and hears on");
    ann.send_raw(r#"{"t":"bye"}"#);
    ann.close(1000, "").await;
    assert_eq!(play.feed.rooms().stats().connections, 0);
}

#[tokio::test]
async fn too_many_bad_frames_end_it() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    (0..100).for_each(|_| ann.send_raw("5"));
    assert_eq!(ann.settle().await.last(), Some(&Heard::Closed(Close::BAD_FRAMES)));
}

#[tokio::test]
async fn a_drain_sends_listeners_away_and_ends_what_the_app_hears() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    let published = play.feed.rooms().subscribe(&board("a"));
    play.publish([1]).await;
    let drain = Drain::default().first_retry_ms(100);
    let client = async {
        let heard = [ann.next().await, ann.next().await];
        drop(ann);
        play.feed.advance(0).await;
        heard
    };
    let (ended, heard) = tokio::join!(play.feed.rooms().drain(&drain), client);
    assert!(ended, "nothing runs any more");
    assert_eq!(heard, [said(1), Heard::Closed(Close::restarting(200))]);
    assert_eq!(published.collect::<Vec<_>>().await, [roomful::Heard::Event(1)], "what waited, and then its end");
    let late = play.feed.rooms().subscribe(&board("a"));
    assert_eq!(late.collect::<Vec<_>>().await, []);
}

/// Its data is good for a second of the test, and for as long as new credentials say.
#[derive(Clone, Default)]
struct Passes(Arc<OnceLock<SystemTime>>);

impl Feed for Passes {
    type Channel = Board;
    type Data = u64;

    async fn data(&self, _: &Upgrade<Board>) -> Result<u64, Deny> {
        Ok(60_000)
    }

    fn expires(&self, until_ms: &u64) -> Option<SystemTime> {
        Some(*self.0.get().unwrap() + Duration::from_millis(*until_ms))
    }

    async fn refresh(&self, _: &Board, _: &u64, credentials: &str) -> Result<u64, Deny> {
        credentials.parse().map_err(|_| Deny::forbidden())
    }
}

#[tokio::test]
async fn who_has_expired_is_asked_and_closed() {
    let passes = Passes::default();
    let feed = TestFeed::new(passes.clone());
    passes.0.set(feed.system_time()).unwrap();
    let mut ann = feed.connect(&board("a"), Request::new(())).await.unwrap();
    let written = async |ann: &mut TestListener<u64>, ms: u64| {
        feed.advance(ms).await;
        std::iter::from_fn(|| ann.written()).collect::<Vec<_>>()
    };
    assert_eq!(written(&mut ann, 34_999).await, [""; 0]);
    assert_eq!(written(&mut ann, 1).await, [r#"{"t":"auth"}"#]);
    ann.send_raw(r#"{"t":"auth","credentials":"200000","id":1}"#);
    assert_eq!(written(&mut ann, 0).await, [r#"{"t":"ack","id":1}"#]);
    assert_eq!(written(&mut ann, 100_000).await, [""; 0]);
    assert_eq!(ann.settle().await, [Heard::Closed(Close::EXPIRED)]);
}
