//! Each event, once and in order, or the word that some are missing.

use roomful::Limits;

use super::*;

/// For so long what is published is kept.
const KEPT_MS: u64 = 40_000;

#[tokio::test]
async fn who_listens_is_told_where_it_is_and_then_each_event() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    assert!(ann.first().starts_with(r#"{"t":"feed","seq":0,"epoch":""#), "{}", ann.first());
    assert!(ann.first().contains(r#","resumed":false,"heartbeat":25000,"limits":{"frame":65536}}"#), "{}", ann.first());
    play.publish([5, 6]).await;
    let mut ben = play.listen().await;
    assert!(ben.first().contains(r#""seq":2,"#), "{}", ben.first());
    play.publish([7]).await;
    let frame = |event: u64, seq: u64| format!(r#"{{"t":"event","event":{event},"seq":{seq}}}"#);
    assert_eq!(heard(&mut ann, &play).await, [frame(5, 1), frame(6, 2), frame(7, 3)]);
    assert_eq!(heard(&mut ben, &play).await, [frame(7, 3)]);
    play.feed.rooms().publish(&board("b"), &8).await.unwrap();
    assert_eq!(heard(&mut ann, &play).await, [""; 0], "of another key");
}

#[tokio::test]
async fn who_comes_back_has_missed_nothing() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    play.publish([1]).await;
    assert_eq!(ann.next().await, said(1));
    play.lose(&mut ann).await;
    play.publish([2, 3]).await;
    assert_eq!(ann.resume().await, Ok(true));
    play.publish([4]).await;
    for event in [2, 3, 4] {
        assert_eq!(ann.next().await, said(event));
    }
    play.lose(&mut ann).await;
    assert_eq!(ann.resume().await, Ok(true), "nothing was missed");
}

#[tokio::test]
async fn what_is_published_while_nobody_listens_is_kept_for_its_time() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    play.lose(&mut ann).await;
    play.feed.advance(KEPT_MS - 1).await;
    play.publish([1]).await;
    play.feed.advance(KEPT_MS - 1).await;
    assert_eq!(ann.resume().await, Ok(true));
    assert_eq!(ann.next().await, said(1));
    play.lose(&mut ann).await;
    play.publish([2]).await;
    play.feed.advance(KEPT_MS).await;
    assert_eq!(ann.resume().await, Ok(false), "it is told that something is missing");
    play.publish([3]).await;
    assert_eq!(ann.next().await, said(3));
}

#[tokio::test]
async fn a_feed_that_nobody_can_come_back_to_is_forgotten() {
    let play = Play::new(Limits::default());
    play.publish([1]).await;
    assert_eq!(play.feed.rooms().stats().feeds, 0, "nobody ever listened");
    let mut ann = play.listen().await;
    let first = ann.first().to_owned();
    play.lose(&mut ann).await;
    play.publish([2]).await;
    play.feed.advance(KEPT_MS - 1).await;
    assert_eq!(play.feed.rooms().stats().feeds, 1);
    play.feed.advance(1).await;
    let stats = play.feed.rooms().stats();
    assert_eq!((stats.feeds, stats.connections, stats.tasks, stats.bytes), (0, 0, 0, 0));
    assert_eq!(ann.resume().await, Ok(false));
    assert_ne!(ann.first(), first, "its numbers are of another run");
    assert!(ann.first().contains(r#""seq":0,"#), "{}", ann.first());
}

#[tokio::test]
async fn where_nothing_is_kept_a_gap_is_told_all_the_same() {
    let play = Play::new(Limits::default().grace_ms(0));
    let (mut ann, _ben) = (play.listen().await, play.listen().await);
    play.lose(&mut ann).await;
    assert_eq!(ann.resume().await, Ok(true), "nothing was published");
    play.lose(&mut ann).await;
    play.publish([1]).await;
    assert_eq!(ann.resume().await, Ok(false));
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_what_is_too_much_at_once_is_told() {
    let play = Play::new(Limits::default().log_frames(3));
    let (mut ann, mut ben) = (play.listen().await, play.listen().await);
    play.publish([1]).await;
    assert_eq!((ann.next().await, ben.next().await), (said(1), said(1)));
    play.lose(&mut ann).await;
    play.publish([2, 3, 4]).await;
    assert_eq!(ann.resume().await, Ok(true));
    play.lose(&mut ben).await;
    play.publish([5]).await;
    assert_eq!(ben.resume().await, Ok(false));

    let play = Play::new(Limits::default().outbox_bytes(600));
    let mut ann = play.listen().await;
    play.lose(&mut ann).await;
    play.publish(1..=10).await;
    assert_eq!(ann.resume().await, Ok(false), "it would overflow at once");
}

#[tokio::test]
async fn a_resume_of_something_else_is_as_if_it_were_not_there() {
    let play = Play::new(Limits::default());
    let mut ann = play.listen().await;
    play.publish([1]).await;
    let mut elsewhere = play.feed.connect(&board("b"), Request::new(())).await.unwrap();
    let token = |first: &str| first.split(r#""session":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (of_ann, of_other) = (token(ann.first()), token(elsewhere.first()));
    assert_ne!(of_ann, of_other);
    for offer in [format!("{of_other}.0"), format!("{of_ann}.7"), "nonsense.0".to_owned(), format!("{of_ann}.-1")] {
        let mut request = Request::new(());
        request.headers_mut().insert("sec-websocket-protocol", format!("roomful.resume.{offer}").parse().unwrap());
        let listener = play.feed.connect(&board("a"), request).await.unwrap();
        assert!(listener.first().contains(r#""resumed":false"#), "{offer}: {}", listener.first());
    }
    assert_eq!((ann.settle().await, elsewhere.settle().await), (vec![said(1)], vec![]));
}
