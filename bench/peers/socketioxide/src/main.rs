//! A relay on socketioxide: an event `m` goes to everybody else in the room that the connection's query names.
//!
//! `peer-socketioxide redis URL` is one of several nodes, with its Redis adapter.

use std::error::Error;

use axum::Router;
use futures_util::FutureExt as _;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{Data, SocketRef};
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The default of 128 packets a connection is less than what a burst of a load test puts there.
const PACKETS: usize = 16_384;

#[derive(serde::Deserialize)]
struct Wanted {
    room: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let app = match words.as_slice() {
        [kind, url] if kind == "redis" => {
            let client = redis::Client::open(format!("{url}?protocol=resp3"))?;
            let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
            let (layer, io) =
                SocketIo::builder().max_buffer_size(PACKETS).with_adapter::<RedisAdapter<_>>(adapter).build_layer();
            io.ns("/", join_one_of_several).await?;
            Router::new().layer(layer)
        }
        _ => {
            let (layer, io) = SocketIo::builder().max_buffer_size(PACKETS).build_layer();
            io.ns("/", join);
            Router::new().layer(layer)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn join(socket: SocketRef) {
    let Some(room) = wanted(&socket) else { return };
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

async fn join_one_of_several<A: Adapter>(socket: SocketRef<A>) {
    let Some(room) = wanted(&socket) else { return };
    socket.join(room.clone());
    // With this adapter a broadcast waits for Redis. One task for each sender does them one after the other, and keeps their order.
    let (broadcasts, mut waiting) = mpsc::channel::<(SocketRef<A>, Value)>(PACKETS);
    tokio::spawn(async move {
        while let Some((socket, message)) = waiting.recv().await {
            if let Err(error) = socket.to(room.clone()).emit("m", &message).await {
                eprintln!("a broadcast did not reach everybody: {error}");
            }
        }
    });
    socket.on("m", move |socket: SocketRef<A>, Data::<Value>(message)| {
        if broadcasts.try_send((socket, message)).is_err() {
            eprintln!("a broadcast is dropped: {PACKETS} wait");
        }
        std::future::ready(())
    });
}

/// Without a room there is nobody to relay to.
fn wanted<A: Adapter>(socket: &SocketRef<A>) -> Option<String> {
    let query = socket.req_parts().uri.query().unwrap_or_default();
    let wanted = serde_urlencoded::from_str::<Wanted>(query);
    if wanted.is_err() {
        // It may be gone already.
        let _ = socket.clone().disconnect();
    }
    wanted.ok().map(|wanted| wanted.room)
}
