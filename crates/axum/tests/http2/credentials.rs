//! What a client gives to prove who it is comes through HTTP/2, too.

use roomful::{Conn, Deny, Result, Room, Rooms, Upgrade};

use crate::client::{Http2, extended_connect, serve_rooms};
use crate::support::Hall;

/// Says to who joins which credentials it came with.
struct Vouched;

impl Room for Vouched {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        upgrade.credentials().map(str::to_owned).ok_or_else(Deny::forbidden)
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        conn.send(&conn.data())
    }
}

#[tokio::test]
async fn guards_see_them() {
    let rooms = Rooms::new().module("test", |m| m.room("hall", Vouched)).build().unwrap();
    let mut http2 = Http2::connect(serve_rooms(rooms).await.address).await;
    for (name, value) in
        [("sec-websocket-protocol", "roomful.v1, roomful.auth.dG9rZW4"), ("authorization", "bearer token")]
    {
        let mut client = http2.join_with(extended_connect(name).header(name, value)).await;
        assert_eq!(client.message().await.1, "token", "{name}");
    }
    for (name, value) in [
        ("sec-websocket-protocol", "roomful.v1, roomful.auth.w"),
        ("sec-websocket-protocol", "roomful.v1"),
        ("authorization", "Basic YTpi"),
    ] {
        let mut denied = http2.open(extended_connect("h").header(name, value)).await;
        assert_eq!(denied.closed().await, 4403, "{name}: {value}");
    }
}
