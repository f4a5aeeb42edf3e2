//! A relay on socketioxide: an event `m` goes to everybody else in the room that the connection's query names.

use std::io;

use axum::Router;
use futures_util::FutureExt as _;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpListener;

#[derive(serde::Deserialize)]
struct Wanted {
    room: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    // The default of 128 packets a connection is less than what a burst of a load test puts there.
    let (layer, io) = SocketIo::builder().max_buffer_size(16_384).build_layer();
    io.ns("/", join);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().layer(layer)).await
}

async fn join(socket: SocketRef) {
    let query = socket.req_parts().uri.query().unwrap_or_default();
    let Ok(wanted) = serde_urlencoded::from_str::<Wanted>(query) else {
        // Without a room there is nobody to relay to.
        let _ = socket.disconnect();
        return;
    };
    let room = wanted.room;
    socket.join(room.clone());
    // The future of a handler becomes a task, and tasks overtake each other: a sender's order would be lost. So all is done
    // before there is a future; with the local adapter a broadcast is done when it is first polled.
    socket.on("m", move |socket: SocketRef, Data::<Value>(message)| {
        if let Some(Err(error)) = socket.to(room.clone()).emit("m", &message).now_or_never() {
            eprintln!("a broadcast did not reach everybody: {error}");
        }
        std::future::ready(())
    });
}
