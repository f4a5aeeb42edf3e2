//! `roomful doctor`, for what is well and for what is broken in one way each.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fixture::Settings;
use roomful::Limits;
use serde_json::Value;

use crate::support::{Ended, Habits, Meddler, Server, roomful, without};

/// The verdict, and what was said with it, of each check.
struct Findings {
    ended: Ended,
    checks: BTreeMap<String, (String, String)>,
}

impl Findings {
    async fn of(address: SocketAddr, room: &str, more: &[&str]) -> Self {
        let (url, room) = (format!("http://{address}"), format!("fixture/{room}"));
        let args = ["doctor", &url, "--room", &room, "--key", "id=x", "--json"];
        Self::read(Ended::of(roomful(&[&args, more].concat())).await)
    }

    fn read(ended: Ended) -> Self {
        let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
        let checks = report["checks"].as_array().unwrap().iter().map(|check| {
            let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
            (text("check"), (text("verdict"), format!("{}\n{}", text("said"), text("remedy"))))
        });
        let checks = checks.collect();
        Self { ended, checks }
    }

    fn verdict(&self, check: &str) -> &str {
        self.checks.get(check).map_or("absent", |(verdict, _)| verdict)
    }

    /// This is the only fault, and says what to do.
    fn one_fault(&self, check: &str, said: &str) {
        let faults: Vec<_> = self.checks.iter().filter(|(_, (verdict, _))| verdict == "fault").collect();
        assert_eq!(faults.len(), 1, "{:#?}", self.checks);
        assert_eq!(faults[0].0, check, "{:#?}", self.checks);
        assert!(faults[0].1.1.contains(said), "{:#?}", self.checks);
        assert_eq!(self.ended.code, Some(1));
    }
}

/// Where a heartbeat is over soon, so that to be idle for longer is, too.
async fn server() -> Server {
    let limits = Limits::default().heartbeat_ms(Some(1_000));
    Server::start_with(Settings { limits, ..Settings::default() }).await
}

#[tokio::test]
async fn what_is_well_has_no_fault_and_every_check() {
    let server = server().await;
    let findings = Findings::of(server.address, "session", &[]).await;
    assert_eq!(findings.ended.code, Some(0), "{:#?}", findings.checks);
    for check in [
        "handshake",
        "sub-protocol",
        "origin",
        "foreign",
        "clock",
        "close codes",
        "room",
        "alive",
        "coming back",
        "leaving",
        "idle",
    ] {
        assert_eq!(findings.verdict(check), "ok", "{check}: {:#?}", findings.checks);
    }
    assert_eq!((findings.verdict("compression"), findings.verdict("encryption")), ("note", "note"));
    let compressed = Findings::of(server.address, "echoDeflate", &["--idle", "0"]).await;
    assert_eq!(compressed.verdict("compression"), "ok", "{:#?}", compressed.checks);
    assert_eq!(compressed.verdict("coming back"), "note", "it has no sessions: {:#?}", compressed.checks);
}

#[tokio::test]
async fn people_read_a_line_a_check_and_the_remedy_below() {
    let server = server().await;
    let url = format!("http://{}", server.address);
    let ended = Ended::of(roomful(&["doctor", &url, "--origin", "https://elsewhere.example"])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("\nok    sub-protocol roomful.v1 is selected\n"), "{}", ended.out);
    assert!(
        ended.out.contains("\nFAULT origin       a page of https://elsewhere.example is refused (403)"),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("\n                   What to do: if https://elsewhere.example is where the page is"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("\nnote  room         none was named"), "{}", ended.out);
    assert!(ended.out.ends_with("/__sockets: 1 faults, 0 warnings\n"), "{}", ended.out);
}

#[tokio::test]
async fn a_proxy_that_takes_the_sub_protocol_out_is_found() {
    let server = server().await;
    let strips = Habits { request: |line| without(line, "sec-websocket-protocol"), ..Habits::default() };
    let proxy = Meddler::before(&[server.address], strips).await;
    let findings = Findings::of(proxy.address, "echo", &["--idle", "0"]).await;
    findings.one_fault("sub-protocol", "`Sec-WebSocket-Protocol`: have it pass that header on");
    assert_eq!(findings.verdict("room"), "ok", "the rest is tried without: {:#?}", findings.checks);
}

#[tokio::test]
async fn a_proxy_that_passes_no_upgrade_on_is_found() {
    let server = server().await;
    let strips = Habits { request: |line| without(line, "upgrade"), ..Habits::default() };
    let proxy = Meddler::before(&[server.address], strips).await;
    Findings::of(proxy.address, "echo", &[]).await.one_fault("handshake", "`proxy_http_version 1.1`");
    let strips = Habits { response: |line| without(line, "upgrade"), ..Habits::default() };
    let proxy = Meddler::before(&[server.address], strips).await;
    Findings::of(proxy.address, "echo", &[]).await.one_fault("handshake", "have it pass WebSockets on");
}

#[tokio::test]
async fn a_page_that_is_served_for_every_address_is_found() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<!doctype html>";
    let proxy = Meddler::answering(page).await;
    let findings = Findings::of(proxy.address, "echo", &[]).await;
    findings.one_fault("handshake", "answered 200: <!doctype html>\nsomething else answers on this path");
    let away = Meddler::answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    Findings::of(away.address, "echo", &[]).await.one_fault("handshake", "the proxy does not reach the app");
}

#[tokio::test]
async fn a_proxy_that_changes_the_host_is_found_by_the_pages_own_origin() {
    let server = server().await;
    let renames = Habits {
        request: |line| {
            Some(if without(line, "host").is_none() { "Host: app.internal".to_owned() } else { line.to_owned() })
        },
        ..Habits::default()
    };
    let proxy = Meddler::before(&[server.address], renames).await;
    let findings = Findings::of(proxy.address, "echo", &["--idle", "0"]).await;
    findings.one_fault("origin", "have what stands before the server pass `Host: 127.0.0.1:");
    let limits = Limits::default();
    let listed = Settings { limits, allowed_origins: vec!["https://app.example".to_owned()], ..Settings::default() };
    let server = Server::start_with(listed).await;
    let named = Findings::of(server.address, "echo", &["--idle", "0", "--origin", "https://app.example"]).await;
    assert_eq!(named.verdict("origin"), "ok", "{:#?}", named.checks);
    let forgotten = Findings::of(server.address, "echo", &["--idle", "0", "--origin", "https://www.app.example"]).await;
    forgotten.one_fault("origin", "name the origin in `allowed_origins`");
}

#[tokio::test]
async fn a_door_that_is_open_to_every_site_is_a_warning() {
    let server = Server::start_with(Settings { any_origin: true, ..Settings::default() }).await;
    let findings = Findings::of(server.address, "echo", &["--idle", "0"]).await;
    assert_eq!((findings.verdict("foreign"), findings.ended.code), ("warning", Some(0)), "{:#?}", findings.checks);
}

#[tokio::test]
async fn a_proxy_that_cuts_idle_connections_is_found() {
    let server = server().await;
    // The server's first ping: the heartbeat is over, and nobody has said anything since.
    let cuts = Habits { cuts_at: |bytes| bytes[0] == 0x89, ..Habits::default() };
    let proxy = Meddler::before(&[server.address], cuts).await;
    let findings = Findings::of(proxy.address, "echo", &[]).await;
    assert_eq!((findings.verdict("idle"), findings.ended.code), ("fault", Some(1)), "{:#?}", findings.checks);
    assert!(findings.checks["idle"].1.contains("`proxy_read_timeout`"), "{:#?}", findings.checks);
}

#[tokio::test]
async fn a_proxy_that_keeps_close_frames_is_found() {
    let server = server().await;
    let cuts = Habits { cuts_at: |bytes| bytes[0] == 0x88, ..Habits::default() };
    let proxy = Meddler::before(&[server.address], cuts).await;
    let findings = Findings::of(proxy.address, "echo", &["--idle", "0"]).await;
    findings.one_fault("close codes", "cuts connections in place of passing their close frames on");
    assert_eq!(findings.verdict("leaving"), "warning", "{:#?}", findings.checks);
}

#[tokio::test]
async fn processes_that_know_nothing_of_one_another_are_found() {
    let (one, other) = (server().await, server().await);
    let proxy = Meddler::before(&[one.address, other.address], Habits::default()).await;
    let findings = Findings::of(proxy.address, "session", &["--idle", "0"]).await;
    findings.one_fault("coming back", "make the processes one cluster (`Cluster`), or give them one `Rooms::secret`");
}

#[tokio::test]
async fn an_answer_that_selects_what_nobody_offered_is_found() {
    let server = server().await;
    let adds = Habits {
        response: |line| {
            let last = line.to_ascii_lowercase().starts_with("sec-websocket-accept:");
            Some(if last { format!("{line}\r\nSec-WebSocket-Extensions: permessage-deflate") } else { line.to_owned() })
        },
        ..Habits::default()
    };
    let proxy = Meddler::before(&[server.address], adds).await;
    let findings = Findings::of(proxy.address, "echo", &["--idle", "0"]).await;
    findings.one_fault("compression", "an extension is selected that was not offered");
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning() {
    let server = server().await;
    let off = Habits {
        response: |line| {
            let is_date = without(line, "date").is_none();
            Some(if is_date { "date: Thu, 01 Jan 2026 00:00:00 GMT".to_owned() } else { line.to_owned() })
        },
        ..Habits::default()
    };
    let proxy = Meddler::before(&[server.address], off).await;
    let findings = Findings::of(proxy.address, "echo", &["--idle", "0"]).await;
    assert_eq!((findings.verdict("clock"), findings.ended.code), ("warning", Some(0)), "{:#?}", findings.checks);
}

#[tokio::test]
async fn who_is_denied_is_told_by_whom_and_nothing_secret_is_printed() {
    let server = server().await;
    let findings = Findings::of(server.address, "guarded", &["--header", "x-token: hunter2"]).await;
    findings.one_fault("room", "4403 `forbidden`\na guard or the key refused it");
    assert!(!format!("{:?}", findings.ended).contains("hunter2"));
    let let_in = Findings::of(server.address, "guarded", &["--header", "x-token: yes", "--idle", "0"]).await;
    assert_eq!(let_in.ended.code, Some(0), "{:#?}", let_in.checks);
}
