//! There are so many feeds and no more.

use roomful::test::TestFeed;
use roomful::{Close, Limits};

use super::*;

async fn listen(feed: &TestFeed<Ticker>, key: &str) -> Result<TestListener<u64>, Close> {
    feed.connect(&board(key), Request::new(())).await
}

#[tokio::test]
async fn the_one_that_nobody_has_listened_to_for_the_longest_makes_room() {
    let play = Play::new(Limits::default().feeds(2));
    let (mut a, mut b) = (listen(&play.feed, "a").await.unwrap(), listen(&play.feed, "b").await.unwrap());
    assert_eq!(listen(&play.feed, "c").await.map(drop), Err(Close::OVERLOADED), "somebody listens to each");
    play.lose(&mut a).await;
    play.lose(&mut b).await;
    assert_eq!(a.resume().await, Ok(true));
    play.lose(&mut a).await;
    let c = listen(&play.feed, "c").await.unwrap();
    assert_eq!((a.resume().await, play.feed.rooms().stats().feeds), (Ok(true), 2), "`b` has gone");
    drop(c);
    assert_eq!(b.resume().await, Ok(false));
}

#[tokio::test]
async fn what_the_app_itself_hears_is_never_refused() {
    let play = Play::new(Limits::default().feeds(1));
    let _ann = play.listen().await;
    let published = play.feed.rooms().subscribe(&board("b"));
    assert_eq!(play.feed.rooms().stats().feeds, 2);
    drop(published);
    assert_eq!(play.feed.rooms().stats().feeds, 1);
}

#[tokio::test]
async fn all_logs_together_are_bounded() {
    let play = Play::new(Limits::default().logs_bytes(1_000));
    let mut ann = play.listen().await;
    play.publish([0]).await;
    assert_eq!(ann.next().await, said(0));
    play.lose(&mut ann).await;
    play.publish(1..=100).await;
    let held = play.feed.rooms().stats().bytes;
    assert!(0 < held && held <= 1_000, "{held}");
    assert_eq!(ann.resume().await, Ok(false));
}

#[tokio::test]
async fn a_slow_listener_hurts_itself_and_may_come_back() {
    let play = Play::new(Limits::default().outbox_bytes(400));
    let (mut ann, mut ben) = (play.listen().await, play.listen().await);
    play.publish([1]).await;
    assert_eq!((ann.next().await, ben.next().await), (said(1), said(1)));
    for n in 2..=40 {
        play.publish([n]).await;
        assert_eq!(ben.next().await, said(n));
    }
    assert_eq!(ann.settle().await.last(), Some(&Heard::Closed(Close::TOO_SLOW)));
    assert_eq!(ann.resume().await, Ok(false), "and is told what it has missed");
}
