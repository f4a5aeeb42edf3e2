//! `roomful watch`.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Cable, Ended, Running, Server, Visitor, roomful};

/// The arguments to watch a room of the fixture's.
fn watch(address: SocketAddr, room: &str, more: &[&str]) -> tokio::process::Command {
    let (url, room) = (format!("http://{address}"), format!("fixture/{room}"));
    let args = ["watch", &url, "--room", &room, "--key", "id=x"];
    roomful(&[&args, more].concat())
}

#[tokio::test]
async fn it_prints_each_frame_that_a_member_hears_in_both_dialects() {
    let server = Server::start().await;
    let mut plain = Running::start(watch(server.address, "echo", &["--plain", "--json"]));
    assert_eq!(plain.next().await["dialect"], "plain");
    assert_eq!(plain.frame().await["t"], "snapshot");
    let mut v1 = Running::start(watch(server.address, "echo", &["--json"]));
    let open = v1.next().await;
    assert_eq!((&open["event"], &open["dialect"]), (&json!("open"), &json!("roomful.v1")));
    assert!(open["at"].as_u64().is_some());
    assert!(v1.frame().await["heartbeat"].is_u64(), "what a snapshot of v1 has");
    assert_eq!(plain.frame().await["op"], "join");

    let mut visitor = Visitor::join(server.address, "echo", "x").await;
    visitor.say(json!({ "n": 1, "text": "\u{9b}2J" })).await;
    for watching in [&mut plain, &mut v1] {
        assert_eq!(watching.frame().await["op"], "join");
        let frame = watching.frame().await;
        assert_eq!((&frame["t"], &frame["msg"]), (&json!("msg"), &json!({ "n": 1, "text": "\u{9b}2J" })));
    }
}

#[tokio::test]
async fn what_people_read_has_a_time_and_one_line_a_frame_and_commands_no_terminal() {
    let server = Server::start().await;
    let mut visitor = Visitor::join(server.address, "echo", "x").await;
    let said = tokio::spawn(async move {
        visitor.told("join").await;
        visitor.say(json!("\u{9b}2J")).await;
        visitor
    });
    let ended = Ended::of(watch(server.address, "echo", &["--plain", "--count", "2"])).await;
    said.await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines.len(), 2, "{ended:?}");
    assert!(lines[0].contains(r#"Z  {"t":"snapshot","#), "{}", lines[0]);
    assert!(lines[1].ends_with(r#""msg":"\u009b2J"}"#), "{}", lines[1]);
    assert!(ended.err.starts_with("-- connected to ws://127.0.0.1:"), "{}", ended.err);
}

#[tokio::test]
async fn who_loses_the_connection_is_back_as_the_same_member_and_hears_what_it_missed_once() {
    let server = Server::start().await;
    let cable = Cable::to(server.address).await;
    let mut visitor = Visitor::join_v1(server.address, "session", "x").await;
    let mut watching = Running::start(watch(cable.address, "session", &["--json"]));
    let snapshot = watching.frame().await;
    visitor.told("join").await;
    visitor.say(json!({ "all": "before" })).await;
    assert_eq!(watching.frame().await["msg"], "before");

    cable.cut();
    visitor.told("away").await;
    visitor.say(json!({ "all": "meanwhile" })).await;
    let lost = watching.next().await;
    assert_eq!((&lost["event"], &lost["code"]), (&json!("lost"), &json!(1006)));
    assert!(lost["back_in_ms"].is_u64());

    let back = watching.frame().await;
    assert_eq!((&back["self"], &back["resumed"]), (&snapshot["self"], &json!(true)));
    assert_eq!(watching.frame().await["msg"], "meanwhile");
    visitor.say(json!({ "all": "after" })).await;
    assert_eq!(watching.frame().await["msg"], "after");
}

#[tokio::test]
async fn ctrl_c_leaves_the_room_at_once() {
    let server = Server::start().await;
    let mut visitor = Visitor::join_v1(server.address, "session", "x").await;
    let mut watching = Running::start(watch(server.address, "session", &["--json"]));
    let id = watching.frame().await["self"].clone();
    watching.interrupt().await;
    assert_eq!(watching.exit_code().await, Some(0));
    visitor.told("join").await;
    let end = visitor.next().await;
    assert_eq!((&end["op"], &end["from"]), (&json!("leave"), &id), "it is not held: {end}");
}

#[tokio::test]
async fn feeds_and_typed_sockets_can_be_watched() {
    let server = Server::start().await;
    let mut feed = Running::start(watch(server.address, "ticker", &["--json"]));
    assert_eq!(feed.frame().await["t"], "feed");
    let mut socket = Running::start(watch(server.address, "echoSocket", &["--json"]));
    assert_eq!(socket.frame().await["t"], "open");
}

#[tokio::test]
async fn credentials_cookies_and_headers_reach_the_guards_and_are_printed_nowhere() {
    let server = Server::start().await;
    let secret = "ok:3600000:hunter2";
    for more in [&["--credentials", secret][..], &["--credentials", secret, "--plain"]] {
        let args = [more, &["--count", "1"]].concat();
        let ended = Ended::of(watch(server.address, "expiring", &args)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    }
    let mut from_environment = watch(server.address, "expiring", &["--count", "1"]);
    from_environment.env("ROOMFUL_CREDENTIALS", secret);
    assert_eq!(Ended::of(from_environment).await.code, Some(0));

    let guarded = Ended::of(watch(server.address, "guarded", &["--header", "x-token: yes", "--count", "1"])).await;
    assert_eq!(guarded.code, Some(0), "{guarded:?}");
    let denied = Ended::of(watch(server.address, "guarded", &["--header", "x-token: hunter2"])).await;
    assert_eq!(denied.code, Some(1), "{denied:?}");
    assert!(denied.err.contains("closed the connection for good: 4403 `forbidden`\nWhat to do: a guard"), "{denied:?}");
    assert!(!denied.err.contains("hunter2"), "{denied:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do() {
    let server = Server::start().await;
    let unknown = Ended::of(watch(server.address, "nowhere", &[])).await;
    assert!(unknown.err.contains("4403 `unknown socket`\nWhat to do: there is no room of that module"), "{unknown:?}");
    let nobody = Ended::of(watch("127.0.0.1:9".parse().unwrap(), "echo", &[])).await;
    assert!(
        nobody.err.contains("nobody answers there") && nobody.err.contains("see that the server runs"),
        "{nobody:?}"
    );
    let no_room = Ended::of(roomful(&["watch", "ws://127.0.0.1:9"])).await;
    assert!(no_room.err.contains("says of no room\nWhat to do: name it with --room"), "{no_room:?}");
    let foreign = Ended::of(watch(server.address, "echo", &["--origin", "https://elsewhere.example"])).await;
    assert!(foreign.err.contains("answered 403") && foreign.err.contains("`allowed_origins`"), "{foreign:?}");
    for ended in [unknown, nobody, no_room, foreign] {
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_told_without_its_secrets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = [0; 4096];
            let _head = stream.read(&mut read).await.unwrap();
            let answer =
                "HTTP/1.1 302 Found\r\nserver: front\r\nlocation: /login?next=hunter2\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let ended = Ended::of(watch(address, "echo", &[])).await;
    assert!(
        ended.err.contains("answered 302 from `front` to `/login`\nWhat to do: no WebSocket follows a redirect"),
        "{ended:?}"
    );
}
