//! The entries of `serverRooms` and `serverSockets`.

use roomful::{Channel, Deny, Framework, Room, Rooms, Upgrade};

#[derive(Clone, Channel)]
#[channel("lobby")]
struct Lobby;

struct Empty;

impl Room for Empty {
    type Channel = Lobby;
    type Data = ();

    async fn data(&self, _: &Upgrade<Lobby>) -> Result<(), Deny> {
        Ok(())
    }
}

#[derive(Clone, Channel)]
#[channel("other")]
struct Other;

struct OtherRoom;

impl Room for OtherRoom {
    type Channel = Other;
    type Data = ();

    async fn data(&self, _: &Upgrade<Other>) -> Result<(), Deny> {
        Ok(())
    }
}

#[derive(Clone, Channel)]
#[channel("third")]
struct Third;

struct ThirdRoom;

impl Room for ThirdRoom {
    type Channel = Third;
    type Data = ();

    async fn data(&self, _: &Upgrade<Third>) -> Result<(), Deny> {
        Ok(())
    }
}

#[test]
fn two_names_that_join_to_one_are_named() {
    let rooms = Rooms::new()
        .module("board", |m| m.room("cursors", Empty).room("boardCursors", OtherRoom))
        .module("chat", |m| m.room("cursors", ThirdRoom))
        .build()
        .unwrap();
    assert_eq!(
        rooms.typescript(Framework::None).unwrap_err().to_string(),
        "rooms `board/cursors` and `board/boardCursors` are both `boardCursors` in TypeScript: rename one"
    );
}
