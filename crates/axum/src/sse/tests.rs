//! The stream in virtual time.

use std::sync::Arc;

use axum::body::BodyDataStream;
use axum::extract::State;
use axum::http::header::{ACCEPT, HeaderName, UPGRADE};
use axum::http::{Method, Request as HttpRequest};
use axum::response::sse::{Event, Sse};
use futures_util::StreamExt as _;
use roomful::{Channel, Deny, Drain, Feed, Heard, Rooms, Upgrade};
use tokio::time::{Instant, advance};

use super::*;
use crate::host::TokioHost;

#[derive(Clone, Channel)]
#[channel("ticks", event = u64)]
struct Ticks;

struct Ticker;

impl Feed for Ticker {
    type Channel = Ticks;
    type Data = ();

    async fn data(&self, _: &Upgrade<Ticks>) -> roomful::Result<(), Deny> {
        Ok(())
    }
}

#[derive(Clone, Channel)]
#[channel("sheets", event = String)]
struct Sheets;

struct Pages;

impl Feed for Pages {
    type Channel = Sheets;
    type Data = ();

    async fn data(&self, _: &Upgrade<Sheets>) -> roomful::Result<(), Deny> {
        Ok(())
    }
}

fn rooms(limits: roomful::Limits) -> Rooms {
    Rooms::new().limits(limits).module("m", |m| m.feed("ticker", Ticker)).build().unwrap()
}

async fn open(rooms: &Rooms) -> (StatusCode, BodyDataStream) {
    let platform = rooms.platform();
    platform.start(|| Arc::new(TokioHost::current()));
    let request = HttpRequest::get("/__sockets?m=m&s=ticker").header(ACCEPT, "text/event-stream").body(Body::empty());
    let (parts, _) = request.unwrap().into_parts();
    let place = platform.take_place(&parts).unwrap();
    let response = listen(&platform, parts, place).await;
    (response.status(), response.into_body().into_data_stream())
}

async fn chunk(stream: &mut BodyDataStream) -> Option<String> {
    Some(String::from_utf8(stream.next().await?.unwrap().to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_comment_comes_when_nothing_has_for_a_while() {
    let rooms = rooms(roomful::Limits::default());
    let (_, mut stream) = open(&rooms).await;
    assert!(chunk(&mut stream).await.unwrap().starts_with("id: "));
    let began = Instant::now();
    for n in 1..=3 {
        assert_eq!(chunk(&mut stream).await.unwrap(), ":\n\n");
        assert_eq!(began.elapsed(), n * COMMENT_EVERY);
    }
    advance(COMMENT_EVERY - Duration::from_secs(1)).await;
    rooms.publish(&Ticks, &1).await.unwrap();
    let event = chunk(&mut stream).await.unwrap();
    assert!(event.ends_with(".1\nevent: event\ndata: 1\n\n"), "{event}");
    let began = Instant::now();
    assert_eq!(chunk(&mut stream).await.unwrap(), ":\n\n");
    assert_eq!(began.elapsed(), COMMENT_EVERY);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_written_together_and_what_is_too_much_ends_it() {
    let rooms = rooms(roomful::Limits::default().outbox_bytes(1_000));
    let (_, mut stream) = open(&rooms).await;
    for event in 1..=3 {
        rooms.publish(&Ticks, &event).await.unwrap();
    }
    let chunks = chunk(&mut stream).await.unwrap();
    assert_eq!(chunks.matches("data: ").count(), 3, "{chunks}");
    for event in 0..100 {
        rooms.publish(&Ticks, &event).await.unwrap();
    }
    assert_eq!(chunk(&mut stream).await, None);
    tokio::task::yield_now().await;
    assert_eq!(rooms.stats().connections, 0);
}

/// So one who reads slowly holds no copy of all that waits for it.
#[tokio::test(start_paused = true)]
async fn what_is_written_together_has_a_bound() {
    let rooms = Rooms::new().module("m", |m| m.feed("ticker", Pages)).build().unwrap();
    let (_, mut stream) = open(&rooms).await;
    for _ in 0..3 {
        rooms.publish(&Sheets, &"x".repeat(10 << 10)).await.unwrap();
    }
    let events = |chunk: Option<String>| chunk.unwrap().matches("data: ").count();
    assert_eq!((events(chunk(&mut stream).await), events(chunk(&mut stream).await)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_says_when_to_come_back_and_lets_nobody_in() {
    let rooms = rooms(roomful::Limits::default());
    let (_, mut stream) = open(&rooms).await;
    assert!(chunk(&mut stream).await.is_some());
    let drain = Drain::default().first_retry_ms(500);
    let client = async {
        let last = (chunk(&mut stream).await, chunk(&mut stream).await);
        drop(stream);
        last
    };
    let (ended, last) = tokio::join!(rooms.drain(&drain), client);
    assert!(ended, "nothing runs any more");
    assert_eq!(last, (Some("retry: 600\n\n".to_owned()), None));
    assert_eq!(open(&rooms).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// Whoever writes the stream may wait for its client for ever.
#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_who_takes_nothing() {
    let rooms = rooms(roomful::Limits::default());
    let ((_, mut deaf), (_, mut reads)) = (open(&rooms).await, open(&rooms).await);
    assert!(chunk(&mut deaf).await.is_some() && chunk(&mut reads).await.is_some());
    let (drain, began) = (Drain::default(), Instant::now());
    let (last, ended) = tokio::join!(chunk(&mut reads), rooms.drain(&drain));
    assert!(last.is_some_and(|retry| retry.starts_with("retry: ")), "who reads is told");
    assert_eq!((ended, rooms.stats().connections), (true, 0));
    assert!(began.elapsed() < Duration::from_millis(drain.wait_ms));
    assert!(chunk(&mut deaf).await.unwrap().starts_with("retry: "), "it is there for when it is taken");
    assert_eq!(chunk(&mut deaf).await, None);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_is_gone() {
    let rooms = rooms(roomful::Limits::default());
    let (status, stream) = open(&rooms).await;
    assert_eq!((status, rooms.stats().connections), (StatusCode::OK, 1));
    drop(stream);
    tokio::task::yield_now().await;
    assert_eq!(rooms.stats().connections, 0);
}

/// As the guide says it.
#[tokio::test]
async fn an_apps_own_handler_answers_with_what_is_published_until_the_drain() {
    async fn ticks(State(rooms): State<Rooms>) -> impl IntoResponse {
        Sse::new(rooms.subscribe(&Ticks).map(|heard| match heard {
            Heard::Event(tick) => Event::default().json_data(tick),
            Heard::Lagged { missed } => Ok(Event::default().event("gap").data(missed.to_string())),
        }))
    }
    let rooms = rooms(roomful::Limits::default().log_frames(2));
    rooms.platform().start(|| Arc::new(TokioHost::current()));
    let mut stream = ticks(State(rooms.clone())).await.into_response().into_body().into_data_stream();
    rooms.publish(&Ticks, &7).await.unwrap();
    assert_eq!(chunk(&mut stream).await.unwrap(), "data: 7\n\n");
    for tick in 1..=3 {
        rooms.publish(&Ticks, &tick).await.unwrap();
    }
    let (drain, mut heard) = (Drain::default(), String::new());
    let all = async {
        while let Some(chunk) = chunk(&mut stream).await {
            heard.push_str(&chunk);
        }
    };
    let ((), ended) = tokio::join!(all, rooms.drain(&drain));
    assert_eq!((&*heard, ended), ("event: gap\ndata: 1\n\ndata: 2\n\ndata: 3\n\n", true));
}

#[test]
fn who_asks_for_it() {
    let asks = |method: Method, headers: &[(HeaderName, &str)]| {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        request.headers_mut().extend(headers);
        is_asked_for(&request)
    };
    for accept in
        ["text/event-stream", "Text/Event-Stream", "text/html, text/event-stream;q=0.5", "text/event-stream; x=1"]
    {
        assert!(asks(Method::GET, &[(ACCEPT, accept)]), "{accept}");
        assert!(!asks(Method::POST, &[(ACCEPT, accept)]));
        assert!(!asks(Method::GET, &[(ACCEPT, accept), (UPGRADE, "websocket")]), "a WebSocket is meant");
    }
    for accept in ["*/*", "text/*", "text/event-streams", "text/event-stream;q=0", ""] {
        assert!(!asks(Method::GET, &[(ACCEPT, accept)]), "{accept}");
    }
}
