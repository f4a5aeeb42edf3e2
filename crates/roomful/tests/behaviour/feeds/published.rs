//! What the app itself hears, and what publishing and rooms have to do with each other: nothing.

use futures_util::FutureExt as _;
use roomful::test::TestRoom;
use roomful::{Conn, ErrorKind, Heard as Published, Limits, Result, Room, Rooms, Subscription};

use super::*;

struct Cursors;

impl Room for Cursors {
    type Channel = Board;
    type Data = ();

    async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: u64) -> Result {
        conn.broadcast_all(&msg)
    }
}

/// What waits.
fn waiting(published: &mut Subscription<Board>) -> Vec<Published<u64>> {
    std::iter::from_fn(|| published.next().now_or_never().flatten()).collect()
}

fn event(event: u64) -> Published<u64> {
    Published::Event(event)
}

#[tokio::test]
async fn publishing_and_rooms_of_one_key_never_meet() {
    let room = TestRoom::new(Cursors);
    let mut ann = room.join(board("a"), ()).await;
    let mut published = room.rooms().subscribe(&board("a"));
    room.rooms().publish(&board("a"), &1).await.unwrap();
    ann.send(&2);
    room.at(&board("a")).broadcast(&3).await.unwrap();
    assert_eq!(ann.settle().await.len(), 2);
    assert_eq!(waiting(&mut published), [event(1)]);
    drop(ann);
    room.rooms().publish(&board("a"), &4).await.unwrap();
    assert_eq!(waiting(&mut published), [event(4)], "nobody is in the room");
}

#[tokio::test]
async fn without_any_feed_and_without_a_platform() {
    let rooms = Rooms::new().build().unwrap();
    let (mut first, mut of_other) = (rooms.subscribe(&board("a")), rooms.subscribe(&board("b")));
    rooms.publish(&board("a"), &1).await.unwrap();
    let mut second = rooms.subscribe(&board("a"));
    rooms.publish(&board("a"), &2).await.unwrap();
    assert_eq!(waiting(&mut first), [event(1), event(2)]);
    assert_eq!(waiting(&mut second), [event(2)], "from then on");
    assert_eq!(waiting(&mut of_other), []);
    assert_eq!(rooms.stats().feeds, 2);
    drop((first, second, of_other));
    assert_eq!(rooms.stats().feeds, 0);
    let mut no_key = rooms.subscribe(&board(""));
    rooms.publish(&board(""), &1).await.unwrap();
    assert_eq!(no_key.next().await, None, "a key that nothing can have");
}

#[tokio::test]
async fn a_gap_is_an_item() {
    let rooms = Rooms::new().limits(Limits::default().log_frames(2)).build().unwrap();
    let mut published = rooms.subscribe(&board("a"));
    for n in 1..=5 {
        rooms.publish(&board("a"), &n).await.unwrap();
    }
    assert_eq!(waiting(&mut published), [Published::Lagged { missed: 3 }, event(4), event(5)]);
}

#[tokio::test]
async fn who_waits_is_woken() {
    let rooms = Rooms::new().build().unwrap();
    let mut published = rooms.subscribe(&board("a"));
    let (heard, ()) = tokio::join!(published.next(), async { rooms.publish(&board("a"), &1).await.unwrap() });
    assert_eq!(heard, Some(event(1)));
}

#[tokio::test]
async fn what_is_too_large_is_the_publishers_mistake_whether_somebody_listens_or_not() {
    let play = Play::new(Limits::default().message_bytes(3));
    for n in 0..2 {
        let refused = play.feed.rooms().publish(&board("a"), &1_000).await.unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused}");
        play.feed.rooms().publish(&board("a"), &100).await.unwrap();
        if n == 0 {
            let mut ann = play.listen().await;
            play.publish([7]).await;
            assert_eq!(ann.settle().await, [said(7)]);
        }
    }
}
