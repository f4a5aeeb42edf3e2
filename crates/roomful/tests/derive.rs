//! What `#[derive(Channel)]` and `#[derive(SocketChannel)]` make of a definition that is right.

use std::any::TypeId;

use roomful::{Channel, SocketChannel};
use roomful_core::key::{KeyError, Params};
use roomful_core::pattern::Pattern;

#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("lobby")]
struct Lobby;

#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("hall", message = String)]
struct Hall {}

/// Live cursors on one board.
#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("board/:boardId/:view?", message = Vec<u8>, presence = (f64, f64))]
struct Board {
    /// Not the order of the pattern.
    view: Option<String>,
    board_id: String,
}

#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("files/:path*", incoming = u8, outgoing = Option<String>)]
struct Files {
    path: Option<std::string::String>,
}

#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("wiki/:page+", outgoing = [u8; 4])]
struct Wiki {
    page: String,
}

#[derive(Debug, Clone, PartialEq, Channel)]
#[allow(non_snake_case)]
#[channel("any/:type/:fooBar/:0/:HTTPPort/:match?")]
struct Names {
    r#type: String,
    fooBar: String,
    #[channel(param = "0")]
    zero: String,
    http_port: String,
    r#match: Option<String>,
}

mod facade {
    pub(crate) mod inside {
        pub(crate) use roomful::*;
    }
}

#[derive(Debug, Clone, PartialEq, Channel)]
#[channel("elsewhere/:id", presence = u8, crate = facade::inside)]
struct Elsewhere {
    id: String,
}

#[derive(Debug, Clone, PartialEq, SocketChannel)]
#[socket("doc/:docId/:0?", incoming = u8, outgoing = Option<String>, crate = facade::inside)]
struct Assistant {
    #[socket(param = "0")]
    zero: Option<String>,
    doc_id: String,
}

#[derive(Debug, Clone, PartialEq, SocketChannel)]
#[socket(message = String)]
struct Chat;

#[derive(Debug, Clone, PartialEq, SocketChannel)]
#[socket()]
struct Bell {}

macro_rules! channel_of {
    ($name:ident, $pattern:literal, $message:ty, $field:ident: $ty:ty) => {
        #[derive(Debug, Clone, PartialEq, Channel)]
        #[channel($pattern, message = $message)]
        struct $name {
            $field: $ty,
        }
    };
}

channel_of!(FromMacro, "macro/:id?", String, id: Option<String>);

/// Names that the derive's own must not be taken for.
mod shadowed {
    #![allow(dead_code, unused_imports)]

    struct String;
    struct Option;
    struct Result;
    enum Shadow {
        Some,
        None,
        Ok,
        Err,
    }
    use Shadow::{Err, None, Ok, Some};

    trait Iterator {}
    trait FromIterator {}
    trait IntoIterator {}

    #[derive(roomful::Channel)]
    #[channel("shadowed/:params/:types")]
    pub(super) struct Shadowed {
        pub(super) params: std::string::String,
        pub(super) types: std::string::String,
    }

    impl Clone for Shadowed {
        fn clone(&self) -> Self {
            Self { params: self.params.clone(), types: self.types.clone() }
        }
    }
}

fn params(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().copied().collect()
}

fn missing(name: &str) -> KeyError {
    KeyError::Missing { name: name.to_owned() }
}

/// The key gives these params, and these params give the key, and both the topic.
#[track_caller]
fn assert_round_trip<C: Channel + PartialEq + std::fmt::Debug>(key: C, pairs: &[(&str, &str)], topic: &str) {
    let params = params(pairs);
    assert_eq!(key.to_params(), params);
    assert_eq!(C::from_params(&params), Ok(key));
    let computed = Pattern::parse(C::PATTERN).map(|pattern| pattern.topic(&params).map(|topic| topic.to_string()));
    assert_eq!(computed, Ok(Ok(topic.to_owned())));
}

fn assert_types<C: Channel, Incoming: 'static, Outgoing: 'static, Presence: 'static>()
where
    C::Outgoing: 'static,
{
    assert_eq!(TypeId::of::<C::Incoming>(), TypeId::of::<Incoming>());
    assert_eq!(TypeId::of::<C::Outgoing>(), TypeId::of::<Outgoing>());
    assert_eq!(TypeId::of::<C::Presence>(), TypeId::of::<Presence>());
}

#[test]
fn the_pattern_is_the_one_that_was_written() {
    assert_eq!(Lobby::PATTERN, "lobby");
    assert_eq!(Board::PATTERN, "board/:boardId/:view?");
    assert_eq!(FromMacro::PATTERN, "macro/:id?");
}

#[test]
fn the_types_are_the_ones_that_were_given_or_unit() {
    assert_types::<Lobby, (), (), ()>();
    assert_types::<Hall, String, String, ()>();
    assert_types::<Board, Vec<u8>, Vec<u8>, (f64, f64)>();
    assert_types::<Files, u8, Option<String>, ()>();
    assert_types::<Wiki, (), [u8; 4], ()>();
    assert_types::<Elsewhere, (), (), u8>();
    assert_types::<FromMacro, String, String, ()>();
}

#[test]
fn a_channel_without_params_is_a_struct_without_fields() {
    assert_round_trip(Lobby, &[], "lobby");
    assert_round_trip(Hall {}, &[], "hall");
    assert_eq!(Lobby::from_params(&params(&[("stray", "x")])), Ok(Lobby));
}

#[test]
fn params_go_and_come_in_the_order_of_the_pattern() {
    let board = Board { board_id: "a/b".into(), view: Some("x y".into()) };
    assert_round_trip(board, &[("boardId", "a/b"), ("view", "x y")], "board/a%2Fb/x%20y");
    let other_order = params(&[("view", "v"), ("boardId", "b")]);
    assert_eq!(Board::from_params(&other_order), Ok(Board { board_id: "b".into(), view: Some("v".into()) }));
}

#[test]
fn an_optional_param_is_absent_empty_or_there() {
    assert_round_trip(Board { board_id: "b".into(), view: None }, &[("boardId", "b")], "board/b");
    assert_round_trip(
        Board { board_id: "b".into(), view: Some("".into()) },
        &[("boardId", "b"), ("view", "")],
        "board/b",
    );
    assert_round_trip(Files { path: None }, &[], "files");
    assert_round_trip(Files { path: Some("a/b".into()) }, &[("path", "a/b")], "files/a%2Fb");
}

#[test]
fn a_required_param_must_be_there() {
    assert_round_trip(Wiki { page: "a/b".into() }, &[("page", "a/b")], "wiki/a%2Fb");
    for pairs in [&[][..], &[("page", "")], &[("Page", "a")]] {
        assert_eq!(Wiki::from_params(&params(pairs)), Err(missing("page")));
    }
    assert_eq!(Board::from_params(&params(&[("board_id", "b")])), Err(missing("boardId")));
}

#[test]
fn a_param_may_have_a_name_that_no_field_can_have() {
    let names = Names {
        r#type: "1".into(),
        fooBar: "2".into(),
        zero: "3".into(),
        http_port: "4".into(),
        r#match: Some("5".into()),
    };
    let pairs = [("type", "1"), ("fooBar", "2"), ("0", "3"), ("HTTPPort", "4"), ("match", "5")];
    assert_round_trip(names, &pairs, "any/1/2/3/4/5");
}

#[test]
fn roomful_may_be_found_elsewhere() {
    assert_round_trip(Elsewhere { id: "x".into() }, &[("id", "x")], "elsewhere/x");
    assert_round_trip(FromMacro { id: Some("x".into()) }, &[("id", "x")], "macro/x");
}

#[test]
fn a_socket_has_params_as_a_channel_has() {
    assert_eq!(Assistant::PATTERN, "doc/:docId/:0?");
    for (zero, pairs) in [(Some("z"), &[("docId", "d"), ("0", "z")][..]), (None, &[("docId", "d")])] {
        let assistant = Assistant { doc_id: "d".into(), zero: zero.map(String::from) };
        assert_eq!(assistant.to_params(), params(pairs));
        assert_eq!(Assistant::from_params(&params(pairs)), Ok(assistant));
    }
    assert_eq!(Assistant::from_params(&params(&[("0", "z")])), Err(missing("docId")));
}

#[test]
fn a_socket_without_params_needs_no_pattern() {
    assert_eq!((Chat::PATTERN, Bell::PATTERN), ("", ""));
    assert_eq!((Chat.to_params(), Bell {}.to_params()), (params(&[]), params(&[])));
    assert_eq!(Chat::from_params(&params(&[("stray", "x")])), Ok(Chat));
}

#[test]
fn a_sockets_types_are_the_ones_that_were_given_or_unit() {
    fn types<S: SocketChannel<Incoming: 'static, Outgoing: 'static>>() -> (TypeId, TypeId) {
        (TypeId::of::<S::Incoming>(), TypeId::of::<S::Outgoing>())
    }
    assert_eq!(types::<Assistant>(), (TypeId::of::<u8>(), TypeId::of::<Option<String>>()));
    assert_eq!(types::<Chat>(), (TypeId::of::<String>(), TypeId::of::<String>()));
    assert_eq!(types::<Bell>(), (TypeId::of::<()>(), TypeId::of::<()>()));
}

#[test]
fn names_around_the_channel_change_nothing() {
    let key = shadowed::Shadowed { params: "p".into(), types: "t".into() };
    assert_eq!(key.to_params(), params(&[("params", "p"), ("types", "t")]));
    assert!(shadowed::Shadowed::from_params(&key.to_params()).is_ok());
}
