//! Mounted in an app, over a socket.

use roomful::{Deny, Rooms, Upgrade};
use roomful_axum::RoomsExt as _;
use roomful_inspect::InspectExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn from_this_machine(upgrade: Upgrade) -> Result<(), Deny> {
    match upgrade.peer() {
        Some(peer) if peer.is_loopback() => Ok(()),
        peer => Err(Deny::because(format!("it comes from {peer:?}"))),
    }
}

#[tokio::test]
async fn it_answers_below_where_it_is_mounted_and_its_guard_knows_who_asks() {
    let rooms = Rooms::new().build().unwrap();
    let app = axum::Router::new().merge(rooms.router()).nest_service("/ops", rooms.inspector(from_this_machine));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
    for (path, answers) in [
        ("/ops", "<title>Roomful inspector</title>"),
        ("/ops/", "<title>Roomful inspector</title>"),
        ("/ops/api/summary", "\"rooms\":0"),
        ("/ops/api/connections?only=slow", "\"connections\":[]"),
        ("/ops/nothing", "there is nothing here"),
        ("/api/summary", "404 Not Found"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(answers), "{path}: {answer}");
    }
}
