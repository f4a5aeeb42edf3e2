//! Presence, which goes both ways.

use roomful::{Channel, Deny, Framework, Room, Rooms, TS, Upgrade};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, TS)]
struct State {
    #[serde(default)]
    name: String,
}

#[derive(Clone, Channel)]
#[channel("lobby", presence = State)]
struct Lobby;

struct Shows;

impl Room for Shows {
    type Channel = Lobby;
    type Data = ();

    async fn data(&self, _: &Upgrade<Lobby>) -> Result<(), Deny> {
        Ok(())
    }
}

#[test]
fn what_is_set_may_be_less_than_what_is_seen() {
    let rooms = Rooms::new().module("m", |m| m.room("lobby", Shows)).build().unwrap();
    let text = rooms.typescript(Framework::None).unwrap().to_string();
    let expected = "\
export type State = {
  name: string;
};

export type StateIncoming = {
  name?: string;
};

export const serverRooms = {
  lobby: room<{
    incoming: never;
    outgoing: never;
    presence: State;
    presenceIncoming: StateIncoming;
  }>('m', 'lobby'),
} as const;
";
    assert!(text.ends_with(expected), "{text}");
}
