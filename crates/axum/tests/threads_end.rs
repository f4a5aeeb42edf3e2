//! The threads of sockets end with the last socket, once nobody can bring another. A process of its own: the threads of
//! other tests would be counted with these.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod support;

use std::num::NonZero;
use std::time::Duration;

use roomful_axum::{RoomsExt as _, Sockets};

use support::{Client, connect, limits, listen, rooms, within};

/// The threads of this process that own sockets, by the name that they have in the system.
fn socket_threads() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    // One that has just ended has no name any more.
    let names = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("roomful-shard-")).count()
}

/// A thread gives itself its name, a moment after it was started.
async fn until_there_are(threads: usize) {
    within(&format!("there are {threads} threads"), async {
        let mut look_again = tokio::time::interval(Duration::from_millis(2));
        while socket_threads() != threads {
            look_again.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn threads_of_sockets_end_with_the_last_of_them() {
    let sockets = || Sockets::new().threads(NonZero::new(3).unwrap());

    // The server is dropped, and a socket lives on.
    let (rooms, _) = rooms(limits());
    let (listener, address) = listen().await;
    let server = tokio::spawn(axum::serve(listener, rooms.router_with::<()>(sockets())).into_future());
    let mut member = Client::join(connect(address).await, "h").await;
    until_there_are(3).await;
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    member.say("on").await;
    assert_eq!(member.message().await.1, "on");
    member.close(1000).await;
    assert_eq!(member.closed().await, 1000);
    until_there_are(0).await;

    // The server stops in order.
    let (listener, address) = listen().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (app, served) = (rooms.router_with(sockets()), rooms.clone());
    let server = tokio::spawn(async move {
        let stopped = async { stopped.await.expect("it is told to stop") };
        roomful_axum::serve(listener, app, &served, stopped).await
    });
    let mut member = Client::join(connect(address).await, "h").await;
    until_there_are(3).await;
    stop.send(()).unwrap();
    assert_eq!(member.closed().await, 1012);
    within("the server ends", server).await.unwrap().unwrap();
    until_there_are(0).await;
}
