//! The runner itself, on a server that is right and on servers that are wrong in one thing each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

use std::net::SocketAddr;
use std::process::Output;

use fixture::{Fixture, Settings};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// The fixture, for as long as the test's runtime lives.
async fn fixture() -> SocketAddr {
    let fixture = Fixture::build(Settings::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let served = roomful_axum::serve(listener, fixture.router(), fixture.rooms(), std::future::pending());
        served.await.unwrap();
    });
    address
}

/// What a wrong server makes of each message that a right one would have sent.
type Wrong = fn(Message) -> Vec<Message>;

/// A server that is wrong: it stands before the fixture and hands on everything but what `wrong` changes.
async fn wrong_server(wrong: Wrong) -> SocketAddr {
    let right = fixture().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(hand_on(stream, right, wrong));
        }
    });
    address
}

async fn hand_on(stream: TcpStream, right: SocketAddr, wrong: Wrong) {
    let mut target = String::new();
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let read_target = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        target = request.uri().to_string();
        Ok(response)
    };
    // What only looks whether somebody listens says nothing.
    let Ok(mut client) = tokio_tungstenite::accept_hdr_async(stream, read_target).await else { return };
    let to_right = TcpStream::connect(right).await.unwrap();
    let (mut server, _) = tokio_tungstenite::client_async(format!("ws://{right}{target}"), to_right).await.unwrap();
    loop {
        let is_closed = tokio::select! {
            Some(Ok(message)) = client.next() => match message {
                // It is answered here already.
                Message::Ping(_) => false,
                message => server.send(message).await.is_err(),
            },
            Some(Ok(message)) = server.next() => {
                let mut messages = futures_util::stream::iter(wrong(message).into_iter().map(Ok));
                client.send_all(&mut messages).await.is_err()
            }
            else => true,
        };
        if is_closed {
            return;
        }
    }
}

async fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().await.unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_server_that_is_right_passes() {
    let address = fixture().await;
    for _ in 0..3 {
        let output = run(&[&format!("http://{address}")]).await;
        assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
        assert!(printed(&output).ends_with("61 of 61 recordings as recorded\n"), "{}", printed(&output));
    }
}

/// Replays one recording, and returns what is printed of the difference.
async fn difference(wrong: Wrong, recording: &str, more: &[&str]) -> String {
    let address = format!("http://{}", wrong_server(wrong).await);
    let output = run(&[&[&*address, "--only", recording], more].concat()).await;
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    let printed = printed(&output);
    let difference = printed.strip_suffix("0 of 1 recordings as recorded\n").unwrap_or_else(|| panic!("{printed}"));
    difference.to_owned()
}

#[tokio::test]
async fn a_server_that_changes_nothing_is_right() {
    let address = wrong_server(|message| vec![message]).await;
    let output = run(&[&format!("http://{address}"), "--only", "join-three-void"]).await;
    assert_eq!(printed(&output), "ok      join-three-void\n1 of 1 recordings as recorded\n");
}

#[tokio::test]
async fn a_frame_that_is_otherwise_is_named() {
    let misspells: Wrong = |message| match message {
        Message::Text(text) => vec![Message::text(text.replace(r#""op":"join""#, r#""op":"jion""#))],
        other => vec![other],
    };
    assert_eq!(
        difference(misspells, "join-three-void", &[]).await,
        concat!(
            "DIFFERS join-three-void, step 7 of 12: A receives a frame\n",
            r#"  expected {"from":"<B>","t":"presence","op":"join"}"#,
            "\n",
            r#"  got      {"from":"<B>","t":"presence","op":"jion"}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn a_frame_too_many_is_named() {
    let repeats: Wrong = |message| vec![message.clone(), message];
    assert_eq!(
        difference(repeats, "join-alone-void", &[]).await,
        concat!(
            "DIFFERS join-alone-void, after the last step: A waits\n  expected nothing more\n",
            r#"  got      {"t":"snapshot","self":"<A>","members":[{"id":"<A>"}]}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn a_frame_too_few_is_named() {
    let swallows: Wrong = |message| if message.is_text() { vec![] } else { vec![message] };
    assert_eq!(
        difference(swallows, "join-alone-void", &["--patience", "3"]).await,
        concat!(
            "DIFFERS join-alone-void, step 3 of 3: A receives a frame\n",
            r#"  expected {"t":"snapshot","self":"<A>","members":[{"id":"<A>"}]}"#,
            "\n  got      nothing for 3 s\n"
        )
    );
}

/// Several recordings use one room: whoever is on its way out of it may still be seen, and may say its last words.
#[tokio::test]
async fn what_a_member_of_another_recording_does_is_no_difference() {
    let address = wrong_server(|message| match message {
        Message::Text(text) if text.contains("snapshot") => [
            &*text.replace(r#""members":["#, r#""members":[{"id":"other"},"#),
            r#"{"from":"other","t":"presence","op":"update","state":1}"#,
            r#"{"from":"other","t":"presence","op":"leave"}"#,
            r#"{"from":"other","t":"msg","msg":"bye"}"#,
        ]
        .map(Message::text)
        .into(),
        other => vec![other],
    });
    let output = run(&[&format!("http://{}", address.await), "--only", "presence-update-by-client"]).await;
    assert_eq!(printed(&output), "ok      presence-update-by-client\n1 of 1 recordings as recorded\n");
}

#[tokio::test]
async fn a_member_that_nobody_knows_must_leave() {
    let ghost: Wrong = |message| match message {
        Message::Text(text) => vec![Message::text(text.replace(r#""members":["#, r#""members":[{"id":"ghost"},"#))],
        other => vec![other],
    };
    assert_eq!(
        difference(ghost, "join-alone-void", &["--patience", "3"]).await,
        concat!(
            "DIFFERS join-alone-void, after the last step: A waits\n",
            "  expected the leave of a member that is not of this recording\n  got      nothing for 3 s\n"
        )
    );
}

#[tokio::test]
async fn another_close_code_is_named() {
    let forgives: Wrong = |message| match message {
        Message::Close(Some(mut frame)) => {
            frame.code = 1000.into();
            vec![Message::Close(Some(frame))]
        }
        other => vec![other],
    };
    assert_eq!(
        difference(forgives, "unknown-room", &[]).await,
        concat!(
            "DIFFERS unknown-room, step 3 of 3: A is closed\n",
            "  expected a close frame: 4403 `unknown socket`\n  got      a close frame: 1000 `unknown socket`\n"
        )
    );
}

/// Where nothing could be tried, that is no difference.
#[tokio::test]
async fn what_cannot_be_tried_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for (arguments, why) in [
        (&["not an address"][..], "`not an address` is no address: write http://HOST:PORT"),
        (&[&nobody], "no server answers at "),
        (&[&nobody, "--only", "nope"], "there is no recording `nope`"),
        (&[&nobody, "--only", "frame-json-null"], "`frame-json-null` shows what this protocol wants otherwise"),
        (&[&nobody, "--recordings", "/nowhere.json"], "/nowhere.json: "),
    ] {
        let output = run(arguments).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(why), "{told}");
    }
}

#[tokio::test]
async fn the_recordings_can_be_listed_without_a_server() {
    let output = run(&["--list"]).await;
    assert_eq!(output.status.code(), Some(0));
    let list = printed(&output);
    assert_eq!(list.lines().count(), 106);
    assert_eq!(list.lines().filter(|line| line.contains(" not replayed ")).count(), 45);
}
