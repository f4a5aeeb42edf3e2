//! Who connects: guards and `data` see it, and it stands in the span of everything that the connection does.

use http::Request;
use roomful::test::{Peer, TestRoom};
use roomful::{Channel, Deny, Room, RoomExt as _, Upgrade};

use crate::denials::Logged;

#[derive(Clone, Channel)]
#[channel("porch/:id")]
struct Porch {
    id: String,
}

struct Porches;

impl Room for Porches {
    type Channel = Porch;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Porch>) -> Result<String, Deny> {
        tracing::info!("data");
        Ok(upgrade.peer().map(|peer| peer.to_string()).unwrap_or_default())
    }

    async fn on_join(&self, conn: &roomful::Conn<Self>) -> roomful::Result {
        tracing::info!(data = ?conn.data(), "joined");
        Ok(())
    }
}

async fn not_from_there(upgrade: Upgrade<Porch>) -> Result<(), Deny> {
    match upgrade.peer() {
        Some(peer) if peer.to_string() == "192.0.2.66" => Err(Deny::forbidden()),
        _ => Ok(()),
    }
}

async fn connect(peer: Option<&str>) -> (bool, Vec<String>) {
    let (logged, _subscriber) = Logged::start();
    let room = TestRoom::new(Porches.guard(not_from_there));
    let mut request = Request::new(());
    if let Some(peer) = peer {
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    }
    let mut member = room.connect(&Porch { id: "1".to_owned() }, request).await;
    if let Ok(member) = &mut member {
        member.settle().await;
    }
    (member.is_ok(), logged.lines())
}

#[tokio::test]
async fn an_address_is_seen_by_guards_data_and_the_log() {
    for (peer, shown) in [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1")]
    {
        let (is_in, lines) = connect(Some(peer)).await;
        assert!(is_in, "{peer}");
        let joined = lines.iter().find(|line| line.contains("joined")).unwrap();
        assert!(joined.contains(&format!("data=\"{shown}\"")), "{joined}");
        for line in lines.iter().filter(|line| line.contains("joined") || line.contains("data")) {
            let span = format!("connection{{module=\"test\" room=\"room\" peer={shown}}}");
            assert!(line.contains(&span), "{line}");
        }
    }
    let (is_in, lines) = connect(Some("192.0.2.66")).await;
    assert!(
        !is_in && lines.iter().any(|line| line.contains("denied") && line.contains("peer=192.0.2.66")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn who_is_not_known_is_nobody() {
    let (is_in, lines) = connect(None).await;
    assert!(is_in);
    let joined = lines.iter().find(|line| line.contains("joined")).unwrap();
    assert!(joined.contains("data=\"\"") && !joined.contains("peer="), "{joined}");
}

#[tokio::test]
async fn an_address_may_have_no_more_connections_than_its_own() {
    let room = TestRoom::new(Porches.limits(roomful::Limits::default().connections_per_ip(Some(1))));
    let key = Porch { id: "1".to_owned() };
    let connect = async |ip: &str| {
        let request = Request::builder().extension(Peer(ip.parse().unwrap())).body(()).unwrap();
        room.connect(&key, request).await
    };
    let first = connect("192.0.2.1").await.unwrap();
    assert_eq!(connect("192.0.2.1").await.err(), Some(roomful::Close::OVERLOADED));
    let _other = connect("192.0.2.2").await.unwrap();
    first.leave().await;
    assert!(connect("192.0.2.1").await.is_ok());
}
