//! What is only listened to: the entries of `serverFeeds` and `serverLive`.

use roomful::{
    AsBigInt, Channel, Deny, Feed, Framework, LargeIntegers, Live, LiveFor, Result, Room, Rooms, TS, TypescriptOptions,
    Upgrade,
};
use serde::Serialize;

#[derive(Serialize, TS)]
struct Saved {
    by: String,
    at: u64,
}

#[derive(Clone, Channel)]
#[channel("board/:boardId/:part?", event = Saved)]
struct Board {
    board_id: String,
    part: Option<String>,
}

/// What its rooms send is what is published.
#[derive(Clone, Channel)]
#[channel("news", incoming = (), outgoing = String)]
struct News;

#[derive(Clone, Channel)]
#[channel("signal")]
struct Signal;

macro_rules! feed {
    ($($name:ident: $channel:ty),*) => {$(
        struct $name;
        impl Feed for $name {
            type Channel = $channel;
            type Data = ();
            async fn data(&self, _: &Upgrade<$channel>) -> Result<(), Deny> {
                Ok(())
            }
        }
    )*};
}
feed!(Activity: Board, Headlines: News, Bell: Signal, Paid: Payments);

#[derive(Serialize, TS)]
struct Task {
    title: String,
    done: Option<bool>,
}

struct Tasks;

impl Live for Tasks {
    type Channel = Board;
    type Value = Vec<Task>;
    async fn load(&self, _: &Board) -> Result<Vec<Task>> {
        Ok(Vec::new())
    }
}

struct Unread;

impl LiveFor for Unread {
    type Channel = News;
    type Data = String;
    type Value = u32;
    async fn data(&self, _: &Upgrade<News>) -> Result<String, Deny> {
        Ok(String::new())
    }
    async fn load_for(&self, _: &News, _: &String) -> Result<u32> {
        Ok(0)
    }
}

struct Lobby;

impl Room for Lobby {
    type Channel = News;
    type Data = ();
    async fn data(&self, _: &Upgrade<News>) -> Result<(), Deny> {
        Ok(())
    }
}

#[derive(Serialize, TS)]
struct Payment {
    paid: AsBigInt<u64>,
}

#[derive(Clone, Channel)]
#[channel("payments", event = Payment)]
struct Payments;

struct Totals;

impl Live for Totals {
    type Channel = Payments;
    type Value = Vec<AsBigInt<u64>>;
    async fn load(&self, _: &Payments) -> Result<Vec<AsBigInt<u64>>> {
        Ok(Vec::new())
    }
}

#[test]
fn each_has_an_entry_with_its_key_and_what_is_heard() {
    let rooms = Rooms::new()
        .module("board", |m| m.live("tasks", Tasks).feed("activity", Activity))
        .module("site", |m| m.feed("headlines", Headlines).live_for("unread", Unread).feed("bell", Bell))
        .build()
        .unwrap();
    let options = TypescriptOptions::new(Framework::React).large_integers(LargeIntegers::Number);
    assert_eq!(
        rooms.typescript(options).unwrap().as_str(),
        "\
// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { feed, live } from 'roomful/react';

export type Saved = {
  by: string;
  at: number;
};

export type Task = {
  title: string;
  done: boolean | null;
};

export const serverFeeds = {
  activity: feed<{ key: { boardId: string; part?: string }; event: Saved }>('board', 'activity'),
  headlines: feed<{ event: string }>('site', 'headlines'),
  bell: feed<{ event: null }>('site', 'bell'),
} as const;

export const serverLive = {
  tasks: live<{ key: { boardId: string; part?: string }; value: Task[] }>('board', 'tasks'),
  unread: live<{ value: number }>('site', 'unread'),
} as const;
"
    );
}

#[test]
fn they_stand_behind_the_rooms_and_their_names_are_their_own() {
    let rooms = Rooms::new()
        .module("news", |m| m.room("lobby", Lobby).live_for("unread", Unread))
        .module("site", |m| m.feed("lobby", Headlines))
        .build()
        .unwrap();
    let generated = rooms.typescript(Framework::None).unwrap().to_string();
    assert!(
        generated.contains("import { room, feed, live } from 'roomful';\n\nexport const serverRooms = {"),
        "{generated}"
    );
    assert!(generated.contains("  lobby: feed<{ event: string }>('site', 'lobby'),"), "{generated}");
}

#[test]
fn two_that_would_be_one_entry_are_named() {
    let rooms = Rooms::new()
        .module("a", |m| m.feed("bell", Bell).feed("aBell", Headlines))
        .module("b", |m| m.feed("bell", Activity))
        .build()
        .unwrap();
    assert_eq!(
        rooms.typescript(Framework::None).unwrap_err().to_string(),
        "feeds `a/bell` and `a/aBell` are both `aBell` in TypeScript: rename one"
    );
}

#[test]
fn bigints_are_read_where_they_are() {
    let rooms = Rooms::new().module("bank", |m| m.feed("paid", Paid).live("totals", Totals)).build().unwrap();
    let generated = rooms.typescript(Framework::None).unwrap().to_string();
    for part in [
        "import { feed, live } from 'roomful';\nimport { feedBigints, liveBigints } from 'roomful/bigint';\n",
        "  paid: feedBigints(\n    feed<{ event: Payment }>('bank', 'paid'),\n    bigints,\n    { event: 'Payment' },\n  ),\n",
        "  totals: liveBigints(\n    live<{ value: bigint[] }>('bank', 'totals'),\n    bigints,\n    { value: { list: 'bigint' } },\n  ),\n",
    ] {
        assert!(generated.contains(part), "{generated}");
    }
}

#[test]
fn integers_that_javascript_rounds_are_told_of() {
    let rooms = Rooms::new().module("board", |m| m.feed("activity", Activity)).build().unwrap();
    let warnings = rooms.typescript(Framework::None).unwrap().warnings().to_vec();
    assert_eq!(warnings.iter().map(|warning| warning.at.as_str()).collect::<Vec<_>>(), ["Saved.at"]);
    let refusing = Rooms::new().large_integers(LargeIntegers::Refuse).module("bank", |m| m.live("seen", Seen));
    let error = refusing.build().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("`Counted.seen` has an integer of 64 bits"), "{error}");
}

#[derive(Serialize, TS)]
struct Counted {
    seen: u64,
}

struct Seen;

impl Live for Seen {
    type Channel = Signal;
    type Value = Counted;
    async fn load(&self, _: &Signal) -> Result<Counted> {
        Ok(Counted { seen: 0 })
    }
}

#[derive(Serialize)]
struct Silent;

#[derive(Clone, Channel)]
#[channel("silent", event = Silent)]
struct Undescribed;

feed!(Mute: Undescribed);

#[test]
fn an_event_that_does_not_say_what_it_is_is_named() {
    let rooms = Rooms::new().module("m", |m| m.feed("mute", Mute)).build().unwrap();
    let error = rooms.typescript(Framework::None).unwrap_err().to_string();
    assert!(error.ends_with("heard::Silent` is not `roomful::TS`: add `#[derive(roomful::TS)]` to it"), "{error}");
}
