//! Every mistake in the definitions is an error, by name; and what the right ones say in TypeScript.

mod large;
mod listened;

use roomful::{
    BuildError, Channel, Deny, Framework, Limits, Mistake, ProxyHeader, Room, RoomExt, Rooms, Socket, SocketChannel,
    SocketExt, TypescriptError, Upgrade, needs,
};
use serde::{Deserialize, Serialize};

macro_rules! room {
    ($room:ident, $channel:ident, $($definition:tt)*) => {
        #[derive(Clone, Channel)]
        $($definition)*

        struct $room;

        impl Room for $room {
            type Channel = $channel;
            type Data = ();
            async fn data(&self, _: &Upgrade<$channel>) -> Result<(), Deny> {
                Ok(())
            }
        }
    };
}

room! { Cursors, Board,
    #[channel("board/:boardId", message = Moved, presence = Cursor)]
    struct Board { board_id: String }
}
room! { Lobby, Hall,
    #[channel("lobby")]
    struct Hall;
}
room! { Files, Tree,
    #[channel("files/:root/:path*", incoming = Option<String>, outgoing = Vec<Moved>)]
    struct Tree { root: String, path: Option<String> }
}
room! { Any, Whatever,
    #[channel(":whatever", message = String)]
    struct Whatever { whatever: String }
}
room! { Opaque, Sealed,
    #[channel("sealed", message = Unnamed)]
    struct Sealed;
}

macro_rules! socket {
    ($socket:ident, $def:ident, $($definition:tt)*) => {
        #[derive(Clone, SocketChannel)]
        $($definition)*

        struct $socket;

        impl Socket for $socket {
            type Channel = $def;
            type Data = ();
            async fn data(&self, _: &Upgrade<$def>) -> Result<(), Deny> {
                Ok(())
            }
        }
    };
}

socket! { Answers, Assistant,
    #[socket("board/:boardId", incoming = String, outgoing = Moved)]
    struct Assistant { board_id: String }
}
socket! { Rings, Bell,
    #[socket(outgoing = Option<u8>)]
    struct Bell;
}
socket! { Sealing, SealedSocket,
    #[socket(message = Unnamed)]
    struct SealedSocket;
}

/// Where somebody points.
#[derive(Serialize, Deserialize, roomful::TS)]
struct Moved {
    at: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, roomful::TS)]
struct Point {
    x: f64,
    seen: u64,
}

#[derive(Serialize, Deserialize, roomful::TS)]
#[serde(tag = "kind")]
enum Cursor {
    Idle,
    At { point: Point },
}

#[derive(Serialize, Deserialize)]
struct Unnamed;

fn mistakes(built: Result<Rooms, BuildError>) -> Vec<String> {
    let Err(error) = built else { return Vec::new() };
    assert_eq!(error.to_string().lines().count(), error.mistakes.len() + 1);
    error.mistakes.iter().map(Mistake::to_string).collect()
}

#[test]
fn every_mistake_is_named() {
    let rooms = Rooms::new()
        .module("board", |m| m.room("cursors", Cursors).room("cursors", Lobby))
        .module("empty", |m| m)
        .module("other", |m| m.room("twin", Cursors.shares_channel()).room("any", Any));
    assert_eq!(
        mistakes(rooms.build()),
        [
            "module `board` has two rooms named `cursors`: rename one",
            "module `empty` has no room, socket, feed or live value: add one or remove the module",
            "rooms `board/cursors` and `other/twin` have one channel, `board/:boardId`, so whoever joins one is in the \
             other too, whatever their guards: give one another pattern, or both `.shares_channel()` if that is meant",
            "channels `lobby` of room `board/cursors` and `:whatever` of room `other/any` can name the same topic: begin \
             one of them with another word",
        ]
    );
}

#[test]
fn a_name_is_a_rooms_or_a_sockets_once() {
    let rooms = Rooms::new()
        .module("a", |m| m.room("one", Lobby).socket("one", Answers))
        .module("b", |m| m.socket("two", Answers).room("two", Cursors))
        .module("c", |m| m.socket("three", Answers))
        .module("c", |m| m.socket("three", Rings));
    assert_eq!(
        mistakes(rooms.build()),
        [
            "module `a` has a room and a socket named `one`: rename one",
            "module `b` has a room and a socket named `two`: rename one",
            "module `c` has two sockets named `three`: rename one",
        ]
    );
}

async fn by_board(_: Upgrade) -> Result<(), Deny> {
    Ok(())
}

async fn of_tree(_: Upgrade<Tree>) -> Result<(), Deny> {
    Ok(())
}

async fn of_bell(_: Upgrade<Bell>) -> Result<(), Deny> {
    Ok(())
}

#[test]
fn every_room_behind_a_guard_has_the_params_that_it_needs() {
    let rooms = Rooms::new()
        .guard(needs(["boardId"], by_board))
        .module("board", |m| m.room("cursors", Cursors).socket("assistant", Answers).room("lobby", Lobby))
        .module("files", |m| {
            m.guard(needs(["path", "boardId"], by_board))
                .room("tree", RoomExt::guard(Files, needs(["root", "branch"], of_tree)))
                .socket("bell", SocketExt::guard(Rings, needs(["tone"], of_bell)))
        });
    let lacks = |room, param, pattern| {
        format!(
            "a guard of `{room}` needs the param `{param}`, which `{pattern}` does not have: add it there, or put the \
             guard around those alone that have it"
        )
    };
    assert_eq!(
        mistakes(rooms.build()),
        [
            lacks("board/lobby", "boardId", "lobby"),
            lacks("files/tree", "boardId", "files/:root/:path*"),
            lacks("files/tree", "branch", "files/:root/:path*"),
            lacks("files/bell", "boardId", ""),
            lacks("files/bell", "path", ""),
            lacks("files/bell", "tone", ""),
        ]
    );
    let rooms = Rooms::new()
        .module("m", |m| m.guard(needs(["boardId"], by_board)).room("cursors", Cursors).socket("assistant", Answers));
    assert!(rooms.build().is_ok());
}

#[test]
fn a_limit_that_cannot_be_meant_is_named_with_whose_it_is() {
    let error = Rooms::new()
        .limits(Limits::default().heartbeat_ms(Some(0)).connections(50))
        .module("m", |m| m.room("lobby", Lobby.limits(Limits::default().members(0).connections(7))))
        .build();
    assert_eq!(
        mistakes(error),
        [
            "the limits of the app: `heartbeat_ms` is 0: write a number from 100 to 86400000, or `None` to switch it off",
            "the limits of `m/lobby`: `members` is 0: write a number from 1 to 1073741824",
            "the limits of `m/lobby`: `connections` is 7: it bounds the whole process, and is set with \
             `Rooms::new().limits(..)`",
        ]
    );
}

#[test]
fn a_path_is_written_as_browsers_ask_for_it_or_named() {
    let at = |path: &str| Rooms::new().path(path).build();
    assert_eq!(at(" räume").unwrap().path(), "/r%C3%A4ume");
    assert_eq!(
        mistakes(at("/ws?token=secret")),
        ["`.path(\"/ws?…\")`: a path ends before `?` and `#`: leave out what follows"]
    );
    assert_eq!(mistakes(at("")), ["`.path(\"\")`: it is blank: write `/`, or leave `.path(..)` out"]);
}

#[test]
fn a_name_that_nobody_could_ask_for_is_named() {
    let error = Rooms::new().module(" ", |m| m.room("lobby", Lobby)).module("m", |m| m.socket("", Rings)).build();
    assert_eq!(
        mistakes(error),
        [
            "module ` `, name `lobby`: neither may be blank, since clients ask by them",
            "module `m`, name ``: neither may be blank, since clients ask by them",
        ]
    );
}

#[test]
fn a_mistake_prints_no_secret() {
    let error = Rooms::new()
        .allowed_origins(["https://user:secret@app.example", "https://app.example/?token=secret", "wss://x?secret"])
        .build();
    let printed = error.err().unwrap().to_string();
    assert!(!printed.contains("secret"), "{printed}");
    assert!(printed.contains("https://…@app.example"), "{printed}");
}

#[test]
fn an_origin_that_no_page_comes_from_is_named() {
    let rooms = Rooms::new()
        .module("m", |m| m.room("lobby", Lobby))
        .allowed_origins(["https://App.example:443/", "app.example", "*"])
        .allowed_origins(["https://app.example/app".to_owned()]);
    let expected = [
        "`allowed_origins` has `app.example`, which no page comes from: it has no scheme: begin it with `https://` or \
         `http://`",
        "`allowed_origins` has `*`, which no page comes from: a `*`, or a dot in front, stands for no host: name each \
         origin, or let every page connect with `any_origin()`",
        "`allowed_origins` has `https://app.example/app`, which no page comes from: an origin ends with its host or port: \
         leave out the path and what follows",
    ];
    assert_eq!(mistakes(rooms.build()), expected);
    let any = Rooms::new().module("m", |m| m.room("lobby", Lobby)).any_origin().allowed_origins(["nonsense"]);
    assert_eq!(mistakes(any.build()).len(), 1);
}

#[test]
fn what_names_no_proxy_is_named() {
    let rooms = || Rooms::new().module("m", |m| m.room("lobby", Lobby));
    let named = ["10.0.0.0/8", "::1", "proxy.internal", "0.0.0.0/0"];
    let bad =
        rooms().trusted_proxies(ProxyHeader::XForwardedFor, named).trusted_proxies(ProxyHeader::Forwarded, ["::1"]);
    let expected = [
        "`trusted_proxies` names both `X-Forwarded-For` and `Forwarded`, and a client could write the one that its proxy \
         does not: have all proxies write one of them, and name that",
        "`trusted_proxies` has `proxy.internal`, which names no proxy: it is neither an address nor a network: write \
         `10.0.0.7`, `10.0.0.0/8` or `2001:db8::/32`",
        "`trusted_proxies` has `0.0.0.0/0`, which names no proxy: it is every address there is, so that a client could call \
         itself by any: name the network that your proxies are in",
    ];
    assert_eq!(mistakes(bad.build()), expected);
    let good = rooms().trusted_proxies(ProxyHeader::Forwarded, ["10.0.0.0/8"]);
    assert!(good.trusted_proxies(ProxyHeader::Forwarded, ["::1".to_owned()]).build().is_ok());
}

#[test]
fn nobody_shares_anything_over_a_socket() {
    let rooms = Rooms::new()
        .module("a", |m| m.room("any", Any).socket("one", Answers).socket("two", Answers).socket("bell", Rings))
        .module("sockets alone", |m| m.socket("one", Answers));
    assert!(rooms.build().is_ok());
}

#[test]
fn what_is_meant_is_no_mistake() {
    let rooms = Rooms::new()
        .module("board", |m| m.room("cursors", Cursors.shares_channel()))
        .module("board", |m| m.room("twin", Cursors.shares_channel()).room("lobby", Lobby))
        .module("other", |m| m.room("cursors", Files));
    assert!(rooms.build().is_ok());
}

#[test]
fn a_pattern_written_by_hand_is_checked_too() {
    #[derive(Clone)]
    struct ByHand;
    impl Channel for ByHand {
        const PATTERN: &'static str = "a/:b-c";
        type Incoming = ();
        type Outgoing = ();
        type Presence = ();
        type Info = ();
        type Event = ();
        fn from_params(_: &roomful::__private::Params) -> Result<Self, roomful::__private::KeyError> {
            Ok(Self)
        }
        fn to_params(&self) -> roomful::__private::Params {
            std::iter::empty::<(&str, &str)>().collect()
        }
        fn describe(_: &mut roomful::__private::TypeSink) {}
        fn describe_event(_: &mut roomful::__private::TypeSink) {}
    }
    struct Broken;
    impl Room for Broken {
        type Channel = ByHand;
        type Data = ();
        async fn data(&self, _: &Upgrade<ByHand>) -> Result<(), Deny> {
            Ok(())
        }
    }
    let built = mistakes(Rooms::new().module("m", |m| m.room("broken", Broken)).build());
    assert!(built[0].starts_with("the channel of room `m/broken`: ") && built[0].contains(":b-c"), "{built:?}");
}

#[test]
fn a_sockets_pattern_written_by_hand_is_checked_too() {
    #[derive(Clone)]
    struct ByHand;
    impl SocketChannel for ByHand {
        const PATTERN: &'static str = "a/:b-c";
        type Incoming = ();
        type Outgoing = ();
        fn from_params(_: &roomful::__private::Params) -> Result<Self, roomful::__private::KeyError> {
            Ok(Self)
        }
        fn to_params(&self) -> roomful::__private::Params {
            std::iter::empty::<(&str, &str)>().collect()
        }
        fn describe(_: &mut roomful::__private::TypeSink) {}
    }
    struct Broken;
    impl Socket for Broken {
        type Channel = ByHand;
        type Data = ();
        async fn data(&self, _: &Upgrade<ByHand>) -> Result<(), Deny> {
            Ok(())
        }
    }
    let built = mistakes(Rooms::new().module("m", |m| m.socket("broken", Broken)).build());
    assert!(built[0].starts_with("the pattern of socket `m/broken`: ") && built[0].contains(":b-c"), "{built:?}");
}

#[test]
fn the_types_are_written_once() {
    let rooms = Rooms::new()
        .module("board", |m| m.room("cursors", Cursors.shares_channel()).room("lobby", Lobby))
        .module("it's", |m| m.room("cursors", Cursors.shares_channel()).room("file-tree", Files))
        .build()
        .unwrap();
    let expected = r#"// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room } from 'roomful/preact';

export type Cursor = { kind: 'Idle' } | { kind: 'At'; point: Point };

/** Where somebody points. */
export type Moved = {
  at: Point;
  note?: string;
};

export type Point = {
  x: number;
  seen: number;
};

export const serverRooms = {
  boardCursors: room<{
    key: { boardId: string };
    incoming: Moved;
    outgoing: Moved;
    presence: Cursor;
  }>('board', 'cursors'),
  lobby: room<{ incoming: never; outgoing: never; presence: undefined }>('board', 'lobby'),
  "it'sCursors": room<{
    key: { boardId: string };
    incoming: Moved;
    outgoing: Moved;
    presence: Cursor;
  }>("it's", 'cursors'),
  'file-tree': room<{
    key: { root: string; path?: string };
    incoming: string | null;
    outgoing: Moved[];
    presence: undefined;
  }>("it's", 'file-tree'),
} as const;
"#;
    assert_eq!(rooms.typescript(Framework::Preact).unwrap().as_str(), expected);
    let react = rooms.typescript(Framework::React).unwrap();
    assert!(react.as_str().contains("from 'roomful/react'"));
}

#[test]
fn sockets_stand_beside_the_rooms() {
    let generated = |rooms: Rooms| rooms.typescript(Framework::React).unwrap().to_string();
    let both = Rooms::new()
        .module("board", |m| m.room("lobby", Lobby).socket("assistant", Answers).socket("bell", Rings))
        .module("other", |m| m.socket("bell", Rings).room("assistant", Files));
    let expected = r#"// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room, socket } from 'roomful/react';

/** Where somebody points. */
export type Moved = {
  at: Point;
  note?: string;
};

export type Point = {
  x: number;
  seen: number;
};

export const serverRooms = {
  lobby: room<{ incoming: never; outgoing: never; presence: undefined }>('board', 'lobby'),
  assistant: room<{
    key: { root: string; path?: string };
    incoming: string | null;
    outgoing: Moved[];
    presence: undefined;
  }>('other', 'assistant'),
} as const;

export const serverSockets = {
  assistant: socket<{
    params: { boardId: string };
    incoming: string;
    outgoing: Moved;
  }>('board', 'assistant'),
  boardBell: socket<{ incoming: never; outgoing: number | null }>('board', 'bell'),
  otherBell: socket<{ incoming: never; outgoing: number | null }>('other', 'bell'),
} as const;
"#;
    assert_eq!(generated(both.build().unwrap()), expected);

    let sockets = Rooms::new().module("board", |m| m.socket("bell", Rings));
    let expected = r"// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { socket } from 'roomful/react';

export const serverSockets = {
  bell: socket<{ incoming: never; outgoing: number | null }>('board', 'bell'),
} as const;
";
    assert_eq!(generated(sockets.build().unwrap()), expected);

    let sealed = Rooms::new().module("m", |m| m.socket("sealed", Sealing)).build().unwrap();
    let error = sealed.typescript(Framework::None).unwrap_err().to_string();
    assert!(error.contains("Unnamed` is not `roomful::TS`"), "{error}");
}

#[test]
fn a_stale_file_and_a_type_that_says_nothing_are_errors() {
    let rooms = Rooms::new().module("m", |m| m.room("lobby", Lobby)).build().unwrap();
    let file = std::env::temp_dir().join(format!("roomful-{}.gen.ts", std::process::id()));
    let generated = rooms.typescript(Framework::None).unwrap();
    assert!(matches!(generated.check(&file), Err(TypescriptError::Io { .. })));
    generated.write(&file).unwrap();
    generated.check(&file).unwrap();
    std::fs::write(&file, "// older").unwrap();
    assert!(matches!(generated.check(&file), Err(TypescriptError::Stale { .. })));
    std::fs::remove_file(&file).unwrap();

    let rooms = Rooms::new().module("m", |m| m.room("sealed", Opaque)).build().unwrap();
    let error = rooms.typescript(Framework::None).unwrap_err().to_string();
    assert!(error.contains("Unnamed` is not `roomful::TS`"), "{error}");
}

room! { Codes, Login,
    #[channel("login/:2fa/:1/:class?")]
    struct Login {
        #[channel(param = "2fa")]
        factor: String,
        #[channel(param = "1")]
        one: String,
        class: Option<String>,
    }
}

#[test]
fn a_param_that_is_no_name_in_typescript_stands_in_quotes() {
    let rooms = Rooms::new().module("m", |m| m.room("codes", Codes)).build().unwrap();
    let generated = rooms.typescript(Framework::None).unwrap();
    assert!(generated.as_str().contains("key: { '2fa': string; '1': string; class?: string }"), "{generated}");
}
