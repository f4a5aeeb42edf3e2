//! Presence, which goes both ways, and what the server says of a member, which does not.

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

#[derive(Serialize, Deserialize, TS)]
struct Card {
    /// As the session has it.
    name: String,
    #[serde(default)]
    role: Option<String>,
}

#[derive(Clone, Channel)]
#[channel("hall/:id", presence = State, info = Card)]
struct Hall {
    id: String,
}

struct Says;

impl Room for Says {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }
}

#[test]
fn what_the_server_says_of_a_member_is_typed_as_it_is_written() {
    let rooms = Rooms::new().module("m", |m| m.room("hall", Says)).build().unwrap();
    let text = rooms.typescript(Framework::Preact).unwrap().to_string();
    let card = "\
export type Card = {
  /** As the session has it. */
  name: string;
  role: string | null;
};
";
    let entry = "\
    presence: State;
    presenceIncoming: StateIncoming;
    info: Card;
  }>('m', 'hall'),
";
    assert!(text.contains(card) && text.contains(entry) && !text.contains("CardIncoming"), "{text}");
}
