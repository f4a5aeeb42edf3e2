//! Streams of events: responses that last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get as on_get;
use axum::{Router, middleware};
use futures_util::Stream;
use roomful::{Channel, Deny, Drain, Feed, Limits, Rooms, Upgrade};
use roomful_axum::{RoomsExt as _, Server};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::raw::{Raw, get, status};
use crate::server::{SHORT, patient};
use crate::support::{listen, within};

/// More than the kernel takes of any connection.
const LARGE: usize = 32 << 20;

#[derive(Clone, Channel)]
#[channel("ticks", event = String)]
struct Ticks;

struct Ticker;

impl Feed for Ticker {
    type Channel = Ticks;
    type Data = ();

    async fn data(&self, _: &Upgrade<Ticks>) -> Result<(), Deny> {
        Ok(())
    }
}

struct Served {
    address: SocketAddr,
    rooms: Rooms,
    /// Says an event of `/events`; without it that ends.
    say: Option<mpsc::UnboundedSender<String>>,
    /// Something for each `/events` that nobody will go on to write.
    given_up: mpsc::UnboundedReceiver<()>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

/// What is said on `/events`, to the first who asks.
struct Said {
    said: mpsc::UnboundedReceiver<String>,
    gives_up: mpsc::UnboundedSender<()>,
}

impl Stream for Said {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.said.poll_recv(cx).map(|said| said.map(|said| Ok(Event::default().data(said))))
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        let _the_test_may_be_over = self.gives_up.send(());
    }
}

async fn serve(server: Server) -> Served {
    let limits = Limits::default().outbox_bytes(4 * LARGE);
    let rooms = Rooms::new().limits(limits).module("test", |module| module.feed("ticker", Ticker)).build().unwrap();
    let ((say, said), (gives_up, given_up)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let said = Arc::new(Mutex::new(Some(Said { said, gives_up })));
    let events = async move || said.lock().unwrap().take().map(Sse::new).ok_or(axum::http::StatusCode::GONE);
    let app = Router::new()
        .route("/", on_get(async || "hello"))
        .route("/fails", on_get(async || ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(fails()))))
        .route("/large", on_get(async || "x".repeat(LARGE)))
        .route("/events", on_get(events.clone()).post(async move |_body: String| events().await))
        .merge(rooms.router())
        .layer(middleware::map_response(async |mut response: Response| {
            response.headers_mut().insert("x-layer", "of the app".parse().unwrap());
            response
        }));
    let (listener, address) = listen().await;
    let (stop, stops) = oneshot::channel::<()>();
    let of_server = rooms.clone();
    let served =
        tokio::spawn(async move { server.serve(listener, app, &of_server, async { drop(stops.await) }).await });
    Served { address, rooms, say: Some(say), given_up, stop: Some(stop), served }
}

/// Two events and nothing between them, and then it fails.
fn fails() -> impl Stream<Item = Result<&'static str, std::io::Error>> {
    let error = std::io::Error::other("the source of the events is lost");
    futures_util::stream::iter([Ok("data: 1\n\n"), Ok(""), Ok("data: 2\n\n"), Err(error)])
}

impl Served {
    fn say(&self, what: &str) {
        self.say.as_ref().unwrap().send(what.to_owned()).unwrap();
    }

    async fn is_given_up(&mut self) {
        within("nobody writes it any more", self.given_up.recv()).await.unwrap();
    }

    /// Where every listener of the rooms has gone, the server has ended.
    async fn ends(mut self) {
        drop(self.stop.take());
        within("the server ends", self.served).await.unwrap().unwrap();
    }
}

const LISTENING: &str = "GET /__sockets?m=test&s=ticker HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n";

#[tokio::test]
async fn a_stream_of_events_has_the_head_that_the_app_gives_it_and_an_end() {
    let mut served = serve(patient()).await;
    let mut client = Raw::connect(served.address).await;
    client.write(get("/events")).await;
    let head = client.response().await.to_lowercase();
    assert_eq!(status(&head), 200);
    for line in
        ["content-type: text/event-stream", "x-layer: of the app", "transfer-encoding: chunked", "connection: close"]
    {
        assert_eq!(head.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line}: {head}");
    }
    assert!(head.contains("\r\ndate: "), "{head}");
    served.say("one");
    client.until("b\r\ndata: one\n\n\r\n").await;
    served.say("the second");
    client.until("12\r\ndata: the second\n\n\r\n").await;
    served.say = None;
    assert!(client.rest().await.ends_with("0\r\n\r\n"));
    served.is_given_up().await;
}

/// The last chunk would say that it is whole.
#[tokio::test]
async fn a_stream_that_fails_has_no_end() {
    let served = serve(patient()).await;
    let mut client = Raw::connect(served.address).await;
    client.write(get("/fails")).await;
    assert_eq!(status(&client.response().await), 200);
    assert_eq!(client.rest().await, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n");
}

#[tokio::test]
async fn a_client_that_is_gone_or_ends_its_side_is_noticed() {
    for ends_its_side in [false, true] {
        let mut served = serve(patient()).await;
        let mut client = Raw::connect(served.address).await;
        client.write(get("/events")).await;
        client.response().await;
        if ends_its_side {
            tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
            assert_eq!(client.rest().await, "", "the response is not whole");
        } else {
            drop(client);
        }
        served.is_given_up().await;
    }
}

#[tokio::test]
async fn what_is_asked_for_otherwise_is_answered_as_ever() {
    for request in [
        "GET /events HTTP/1.0\r\n\r\n",
        "POST /events HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    ] {
        let mut served = serve(patient()).await;
        let mut client = Raw::connect(served.address).await;
        client.write(request).await;
        let head = client.response().await.to_lowercase();
        assert_eq!((status(&head), head.contains("x-layer: of the app")), (200, true), "{head}");
        served.say("one");
        client.until("data: one\n\n").await;
        served.say = None;
        let is_chunked = head.contains("transfer-encoding: chunked");
        assert_eq!(client.rest().await.ends_with("0\r\n\r\n"), is_chunked, "{head}");
        assert_eq!(is_chunked, request.contains("HTTP/1.1"), "{head}");
    }
    let served = serve(patient()).await;
    let head = Raw::answer(served.address, "HEAD /events HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&head), head.split_once("\r\n\r\n").unwrap().1), (200, ""), "{head}");
}

/// Neither what comes before it nor what follows is lost, or mixed up with it; what is asked for after it is not answered.
#[tokio::test]
async fn what_is_sent_around_it_does_no_harm() {
    let mut served = serve(patient()).await;
    let mut client = Raw::connect_narrow(served.address).await;
    client.write(get("/") + &get("/large") + &get("/events") + &get("/")).await;
    assert!(client.response().await.ends_with("hello"));
    served.say("one");
    assert!(client.response().await.ends_with(&"x".repeat(LARGE)));
    assert_eq!(status(&client.response().await), 200);
    client.until("data: one\n\n").await;
    client.write(get("/")).await;
    served.say("two");
    client.until("data: two\n\n").await;
    drop(client);
    while !served.say.as_ref().unwrap().is_closed() {
        served.say("whoever has gone is found out by writing");
        tokio::task::yield_now().await;
    }
    served.is_given_up().await;

    let mut served = serve(patient()).await;
    let mut client = Raw::connect(served.address).await;
    client.write(get("/events") + &get("/")).await;
    client.response().await;
    served.say = None;
    let rest = client.rest().await;
    assert!(rest.ends_with("0\r\n\r\n") && !rest.contains("hello"), "{rest}");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_given_up() {
    let mut served = serve(patient().stall_timeout(SHORT)).await;
    let mut deaf = Raw::connect_narrow(served.address).await;
    deaf.write(get("/events")).await;
    served.say(&"x".repeat(LARGE));
    served.is_given_up().await;
    drop(deaf);
}

/// A listener of the rooms is one of their connections, which have a bound of their own; an app's own stream is none.
#[tokio::test]
async fn listeners_of_the_rooms_leave_their_places_to_others() {
    let mut served = serve(patient().http_connections(1)).await;
    let mut listeners = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::connect(served.address).await;
        raw.write(LISTENING).await;
        assert_eq!(status(&raw.response().await), 200);
        listeners.push(raw);
    }
    let mut own = Raw::connect_narrow(served.address).await;
    own.write(get("/events")).await;
    own.response().await;
    served.say(&"x".repeat(LARGE));
    // It is let in when the one that does not read is cut.
    let mut next = Raw::connect(served.address).await;
    next.write(get("/")).await;
    assert_eq!(status(&next.response().await), 200);
    served.is_given_up().await;
    served.rooms.publish(&Ticks, &"still here".to_owned()).await.unwrap();
    for mut raw in listeners {
        raw.until("still here").await;
    }
}

/// Who reads is told when to come back, and who does not is waited for by nobody.
#[tokio::test]
async fn the_end_waits_for_no_listener_that_does_not_read() {
    const DEAF: usize = 5;
    const EVENT: usize = 32 << 10;
    let served = serve(patient().drain(Drain::default().wait_ms(u64::MAX))).await;
    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        let mut raw = Raw::connect_narrow(served.address).await;
        raw.write(LISTENING).await;
        assert_eq!(status(&raw.response().await), 200);
        deaf.push(raw);
    }
    for _ in 0..LARGE / EVENT {
        served.rooms.publish(&Ticks, &"x".repeat(EVENT)).await.unwrap();
    }
    let mut reads = Raw::connect(served.address).await;
    reads.write(LISTENING).await;
    reads.until("id: ").await;
    served.rooms.publish(&Ticks, &"the last".to_owned()).await.unwrap();
    reads.until("the last").await;
    let told = tokio::spawn(async move {
        reads.until("retry: ").await;
        reads.rest().await
    });
    served.ends().await;
    assert!(told.await.unwrap().ends_with("0\r\n\r\n"));
    drop(deaf);
}

/// A response that had begun before the server stopped is not waited for once it has ended.
#[tokio::test]
async fn a_connection_is_closed_after_the_response_that_was_under_way() {
    let mut served = serve(patient().drain(Drain::default().wait_ms(u64::MAX))).await;
    let mut client = Raw::connect(served.address).await;
    client.write("POST /events HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n").await;
    client.response().await;
    drop(served.stop.take());
    served.say("while it stops");
    client.until("while it stops").await;
    // It stops from before the rooms let nobody in.
    while status(&Raw::answer(served.address, LISTENING).await) != 503 {
        tokio::task::yield_now().await;
    }
    served.say = None;
    client.until("0\r\n\r\n").await;
    within("the server ends", served.served).await.unwrap().unwrap();
    assert_eq!(client.rest().await.rsplit("data: while it stops\n\n\r\n").next(), Some("0\r\n\r\n"));
}
