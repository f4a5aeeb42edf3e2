//! Many WebSockets over one connection, each with an end of its own.

use futures_util::SinkExt as _;
use roomful::MemberId;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Http2, STREAM_WINDOW, serve, until_over};
use crate::support::{Client, connect, hall, within};

#[tokio::test]
async fn members_over_one_connection_and_over_others_are_in_one_room() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut a = http2.join("h").await;
    let mut b = http2.join("h").await;
    let mut other = Http2::connect(served.address).await.join("h").await;
    a.told("join", &b.id).await;
    a.told("join", &other.id).await;
    b.told("join", &other.id).await;
    for size in [1, 125, 70_000, 1 << 20] {
        let body = "x".repeat(size);
        a.say(&body).await;
        let expected = (a.id.clone(), body);
        assert!(a.message().await == expected && b.message().await == expected && other.message().await == expected);
    }
}

#[tokio::test]
async fn a_stream_closes_from_either_side_with_its_code_and_the_others_go_on() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut stays = http2.join("h").await;
    let mut closes = http2.join("h").await;
    stays.told("join", &closes.id).await;
    closes.close(4321).await;
    assert_eq!(closes.closed().await, 4321);
    stays.told("leave", &closes.id).await;
    let mut is_closed = http2.join("h").await;
    stays.told("join", &is_closed.id).await;
    is_closed.say("/close").await;
    assert_eq!(is_closed.closed().await, 4500);
    stays.told("leave", &is_closed.id).await;
    let mut is_kicked = http2.join("h").await;
    stays.told("join", &is_kicked.id).await;
    assert!(served.rooms.at(&hall("h")).kick(&MemberId::parse(&is_kicked.id).unwrap(), "").await.unwrap());
    assert_eq!(is_kicked.closed().await, 4410);
    stays.told("leave", &is_kicked.id).await;
    stays.say("still here").await;
    assert_eq!(stays.message().await.1, "still here");
}

#[tokio::test]
async fn whatever_ends_a_stream_is_a_leave() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut stays = http2.join("h").await;
    // It is reset when it is dropped.
    let reset = http2.join("h").await;
    stays.told("join", &reset.id).await;
    let id = reset.id.clone();
    drop(reset);
    stays.told("leave", &id).await;
    // It ends its half without a close frame, and the server ends the other.
    let mut half = http2.join("h").await;
    stays.told("join", &half.id).await;
    within("its half is ended", half.ws.get_mut().shutdown()).await.unwrap();
    stays.told("leave", &half.id).await;
    until_over(&mut half).await;
    // With the connection all of its streams are gone.
    let mut another = Http2::connect(served.address).await;
    let lost = another.join("h").await;
    stays.told("join", &lost.id).await;
    let id = lost.id.clone();
    drop((another, lost));
    stays.told("leave", &id).await;
    stays.say("still here").await;
    assert_eq!(stays.message().await.1, "still here");
}

/// What is for it waits for its own window.
#[tokio::test]
async fn a_stream_that_is_not_read_stops_no_other() {
    let served = serve(|limits| limits.outbox_bytes(64 << 20)).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut deaf = http2.join("h").await;
    let mut talks = http2.join("h").await;
    deaf.told("join", &talks.id).await;
    let body = "x".repeat(STREAM_WINDOW as usize);
    const MESSAGES: usize = 40;
    for _ in 0..MESSAGES {
        talks.say(&body).await;
        assert!(talks.message().await.1 == body);
    }
    for _ in 0..MESSAGES {
        assert!(deaf.message().await.1 == body, "it waited");
    }
}

/// The room's handler takes no more of it, so its stream is not read; the connection's window is larger than the stream's.
#[tokio::test]
async fn a_stream_that_the_server_does_not_read_stops_no_other() {
    let served = serve(|limits| limits.handler_queue(1)).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut floods = http2.join("h").await;
    floods.say("/wait").await;
    assert_eq!(floods.message().await.1, "waiting");
    let frame = format!(r#"{{"t":"msg","msg":"{}"}}"#, "x".repeat(60_000));
    // Until its window is full, and what is between there and the room.
    let stuck = async {
        loop {
            if floods.ws.send(Message::text(&*frame)).await.is_err() {
                break;
            }
        }
    };
    let others = async {
        for room in ["a", "b", "c"] {
            let mut other = http2.join(room).await;
            for n in 0..100 {
                other.say(&format!("{n} {}", "y".repeat(10_000))).await;
                assert!(other.message().await.1.starts_with(&format!("{n} ")));
            }
        }
    };
    tokio::select! {
        () = stuck => panic!("it is not closed for that"),
        () = others => {}
    }
}

#[tokio::test]
async fn the_rooms_are_drained_over_http_2_too() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    let mut member = http2.join("h").await;
    let mut plain: Client<_> = Http2::connect(served.address).await.join("g").await;
    let rooms = served.rooms.clone();
    let drained = tokio::spawn(async move { rooms.drain(&roomful::Drain::default()).await });
    assert_eq!((member.closed().await, plain.closed().await), (1012, 1012));
    assert!(within("all is over", drained).await.unwrap());
    drop(connect(served.address).await);
}
