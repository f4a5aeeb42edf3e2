//! A room that gathers what is said within a window, which here is a minute: whatever comes did not wait for its end.

use std::num::NonZero;

use roomful::{MemberId, Rooms};
use roomful_axum::{RoomsExt as _, Sockets};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, FIN, Hall, PING, connect, hall, limits, listen, masked, rooms, within};

async fn two() -> (Rooms, Client, Client) {
    let (rooms, _) = rooms(limits().broadcast_window_ms(60_000));
    let (listener, address) = listen().await;
    let (app, served) = (rooms.router_with(Sockets::new().threads(NonZero::<usize>::MIN)), rooms.clone());
    tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });
    let mut a = Client::join(connect(address).await, "h").await;
    let b = Client::join(connect(address).await, "h").await;
    // The first frame goes out at once, and opens the window.
    a.told("join", &b.id).await;
    (rooms, a, b)
}

async fn say(rooms: &Rooms, msg: &str) {
    rooms.at::<Hall>(&hall("h")).broadcast(&msg.to_owned()).await.unwrap();
}

/// The pong says that the thread has looked at all that was said before.
async fn has_nothing(member: &mut Client) {
    within("a ping is sent", member.ws.get_mut().write_all(&masked(FIN | PING, b""))).await.unwrap();
    assert!(matches!(member.next("a pong comes").await, Some(Message::Pong(_))), "nothing comes before it");
}

#[tokio::test]
async fn what_is_for_one_alone_does_not_wait_nor_overtake() {
    let (rooms, mut a, mut b) = two().await;
    say(&rooms, "1").await;
    say(&rooms, "2").await;
    has_nothing(&mut a).await;
    has_nothing(&mut b).await;
    b.say("/answer").await;
    for msg in ["1", "2", "the answer"] {
        assert_eq!(b.frame().await["msg"], msg);
    }
    has_nothing(&mut a).await;
}

#[tokio::test]
async fn a_close_of_either_side_comes_behind_what_was_said() {
    let (rooms, mut a, mut b) = two().await;
    say(&rooms, "1").await;
    has_nothing(&mut a).await;
    a.close(1000).await;
    assert_eq!(a.frame().await["msg"], "1");
    assert_eq!(a.closed().await, 1000);
    has_nothing(&mut b).await;
    assert!(rooms.at(&hall("h")).kick(&MemberId::parse(&b.id).unwrap(), "").await.unwrap());
    assert_eq!(b.frame().await["msg"], "1");
    b.told("leave", &a.id).await;
    assert_eq!(b.closed().await, 4410);
}
