//! A place among the connections that may be, and an upgrade that comes to nothing.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use roomful_axum::RoomsExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{connect, limits, listen, rooms, target, within};

#[tokio::test]
async fn an_upgrade_that_comes_to_nothing_gives_its_place_back() {
    let (rooms, _) = rooms(limits().connections(1));
    let (listener, address) = listen().await;
    let instead = from_fn(|request: Request, next: Next| async move {
        let answer = next.run(request).await;
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        StatusCode::IM_A_TEAPOT
    });
    let app: Router = rooms.router().layer(instead);
    tokio::spawn(axum::serve(listener, app).into_future());
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target("h")
    );
    for _ in 0..3 {
        let mut stream = connect(address).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        within("it is answered", stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 418");
        drop(stream);
        within("its place is free", async {
            let mut look_again = tokio::time::interval(Duration::from_millis(2));
            while rooms.stats().connections > 0 {
                look_again.tick().await;
            }
        })
        .await;
    }
}
