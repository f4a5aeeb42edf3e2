//! `roomful load`: what a sound room is, and that each way of not being one is told.

use std::net::SocketAddr;

use roomful::{Channel, Conn, Deny, Limits, Result, Room, RoomExt as _, Rooms, Upgrade};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{Cable, Ended, Server, roomful};

fn load(address: SocketAddr, room: &str, more: &[&str]) -> Command {
    let url = format!("http://{address}");
    let args = ["load", &url, "--room", room, "--key", "id=x", "--seconds", "1", "--json"];
    roomful(&[&args, more].concat())
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[derive(Clone, Channel)]
#[channel("unsound/:id", message = Value, presence = Value)]
struct Unsound {
    id: String,
}

/// Says twice what has an even number, the last of three sooner than the one before it, and nothing of what has `lost` in it.
struct Bad;

impl Room for Bad {
    type Channel = Unsound;
    type Data = ();

    async fn data(&self, _: &Upgrade<Unsound>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        match msg["do"].as_str() {
            Some("lose") => Ok(()),
            Some("fail") => Err(roomful::Error::msg("it fails")),
            _ => {
                conn.broadcast(&msg)?;
                conn.broadcast(&msg)
            }
        }
    }
}

async fn unsound() -> Server {
    let rooms = Rooms::new().module("m", |m| m.room("bad", Bad.limits(Limits::default().grace_ms(0)))).build().unwrap();
    Server::start_rooms(rooms).await
}

#[tokio::test]
async fn in_a_sound_room_all_come_once_and_in_order_in_each_pattern_and_dialect() {
    let server = Server::start().await;
    for (pattern, more) in [
        ("chat", &[][..]),
        ("broadcast", &["--plain"]),
        ("cursors", &[]),
        ("cursors", &["--plain", "--say", r#"{"at":"{mark}"}"#]),
    ] {
        let args = [&["--members", "8", "--rate", "20", "--pattern", pattern], more].concat();
        let ended = Ended::of(load(server.address, "fixture/echo", &args)).await;
        let report = report(&ended);
        assert_eq!(ended.code, Some(0), "{pattern} {more:?}: {report:#}");
        let delivered = &report["delivered"];
        assert!(report["said"].as_u64() > Some(0) && delivered["came"].as_u64() > Some(0), "{report:#}");
        for none in ["lost", "doubled", "reordered", "stale"] {
            assert_eq!(delivered[none], 0, "{none}: {report:#}");
        }
        assert_eq!((&report["joined"], &report["members"]), (&8.into(), &8.into()));
        if pattern != "cursors" {
            assert_eq!(delivered["came"], delivered["expected"], "{report:#}");
        }
    }
}

#[tokio::test]
async fn what_is_lost_or_doubled_is_told_and_is_no_success() {
    let server = unsound().await;
    let args = ["--members", "3", "--rate", "10", "--pattern", "broadcast", "--say"];
    let lost =
        Ended::of(load(server.address, "m/bad", &[&args[..], &[r#"{"do":"lose","m":"{mark}"}"#]].concat())).await;
    let report_of_lost = report(&lost);
    assert_eq!(lost.code, Some(1));
    assert_eq!(report_of_lost["delivered"]["lost"], report_of_lost["delivered"]["expected"], "{report_of_lost:#}");
    let doubled = Ended::of(load(server.address, "m/bad", &[&args[..], &[r#"{"m":"{mark}"}"#]].concat())).await;
    let report_of_doubled = report(&doubled);
    assert_eq!(doubled.code, Some(1));
    assert_eq!(
        report_of_doubled["delivered"]["doubled"], report_of_doubled["delivered"]["came"],
        "{report_of_doubled:#}"
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_counted_by_its_code_and_not_as_lost() {
    let server = unsound().await;
    let args = ["--members", "3", "--rate", "10", "--pattern", "broadcast", "--say", r#"{"do":"fail","m":"{mark}"}"#];
    let ended = Ended::of(load(server.address, "m/bad", &args)).await;
    let report = report(&ended);
    assert_eq!(report["errors"]["handler_failed"], report["said"], "{report:#}");
    assert_eq!((ended.code, &report["delivered"]["lost"]), (Some(0), &0.into()), "{report:#}");
}

#[tokio::test]
async fn who_is_cut_off_is_back_and_nothing_is_lost_or_doubled() {
    let server = Server::start().await;
    let cable = Cable::to(server.address).await;
    // It says `{"all":..}` to all others, so what is said comes in another form.
    let args = ["--members", "4", "--rate", "40", "--pattern", "chat", "--say", r#"{"all":"{mark}"}"#];
    let running = tokio::spawn(Ended::of(load(cable.address, "fixture/session", &args)));
    let mut watcher = crate::support::Visitor::join(server.address, "session", "x").await;
    while watcher.next().await["t"] != "msg" {}
    cable.cut();
    let ended = running.await.unwrap();
    let report = report(&ended);
    assert_eq!((&report["resumed"], &report["errors"]["closed 1006"]), (&4.into(), &4.into()), "{report:#}");
    assert_eq!(ended.code, Some(0), "{report:#}");
}

#[tokio::test]
async fn credentials_are_each_members_own_and_a_room_that_lets_nobody_in_says_so() {
    let server = Server::start().await;
    let file = std::env::temp_dir().join(format!("roomful-each-{}", std::process::id()));
    std::fs::write(&file, "ok:3600000:ann\nok:3600000:ben\n").unwrap();
    let args = ["--members", "2", "--pattern", "cursors", "--each-credentials", file.to_str().unwrap()];
    let ended = Ended::of(load(server.address, "fixture/expiring", &args)).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let denied = Ended::of(load(server.address, "fixture/guarded", &["--members", "2"])).await;
    assert_eq!((denied.code, denied.out.as_str()), (Some(1), ""));
    assert!(denied.err.contains("nobody got into the room: closed 4403\nWhat to do: `roomful doctor`"), "{denied:?}");
}

#[tokio::test]
async fn the_report_is_written_for_people_and_for_programs() {
    let server = Server::start().await;
    let base = std::env::temp_dir().join(format!("roomful-report-{}", std::process::id()));
    let args = ["--members", "2", "--pattern", "broadcast", "--report", base.to_str().unwrap()];
    let ended = Ended::of(load(server.address, "fixture/echo", &args)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let read = |extension: &str| {
        let file = base.with_added_extension(extension);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        text
    };
    assert_eq!(serde_json::from_str::<Value>(&read("json")).unwrap(), report(&ended));
    let markdown = read("md");
    assert!(
        markdown.contains("| members | 2 of 2, roomful.v1 |\n") && markdown.contains("| lost | 0 |\n"),
        "{markdown}"
    );
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_with_what_can() {
    for (more, said) in [
        (&["--rate", "0"][..], "give a number above 0"),
        (&["--say", "hello"], "give JSON, a string of it in quotes"),
        (&["--say", "\"hello\""], "write {mark} within a string"),
    ] {
        let ended = Ended::of(load("127.0.0.1:9".parse().unwrap(), "a/b", more)).await;
        assert!(ended.code == Some(1) && ended.err.contains(said), "{ended:?}");
    }
    assert_eq!(Ended::of(load("127.0.0.1:9".parse().unwrap(), "a/b", &["--members", "1"])).await.code, Some(2));
}
