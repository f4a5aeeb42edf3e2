//! Enums in all of serde's representations.

use std::collections::BTreeMap;

use roomful::TS;
use serde::{Deserialize, Serialize};

use crate::support::{both, does_not_read, incoming, outgoing, reads, writes};

#[derive(Serialize, Deserialize, TS)]
struct Point {
    x: f64,
}

const POINT: &str = "export type Point = {\n  x: number;\n};";

#[test]
fn without_a_tag_an_object_has_one_variants_name() {
    #[derive(Serialize, Deserialize, TS)]
    enum Say {
        Idle,
        At(Point),
        Pair(u8, u8),
        Text { line: String },
        Empty {},
        Places(),
        Skips(#[serde(skip)] u8),
    }
    let expected = "export type Say =
  | 'Idle'
  | { At: Point; Pair?: never; Text?: never; Empty?: never; Places?: never }
  | { Pair: [number, number]; At?: never; Text?: never; Empty?: never; Places?: never }
  | { Text: { line: string }; At?: never; Pair?: never; Empty?: never; Places?: never }
  | { Empty: { [key: string]: never }; At?: never; Pair?: never; Text?: never; Places?: never }
  | { Places: []; At?: never; Pair?: never; Text?: never; Empty?: never }
  | 'Skips';";
    assert_eq!(both::<Say>().unwrap(), format!("{POINT}\n\n{expected}"));
    for (value, json) in [
        (Say::Idle, r#""Idle""#),
        (Say::At(Point { x: 1.5 }), r#"{"At":{"x":1.5}}"#),
        (Say::Pair(1, 2), r#"{"Pair":[1,2]}"#),
        (Say::Text { line: "a".into() }, r#"{"Text":{"line":"a"}}"#),
        (Say::Empty {}, r#"{"Empty":{}}"#),
        (Say::Places(), r#"{"Places":[]}"#),
        (Say::Skips(3), r#""Skips""#),
    ] {
        writes(&value, json);
        reads::<Say>(&[json]);
    }
    does_not_read::<Say>(&[r#"{"At":{"x":1},"Pair":[1,2]}"#]);
}

#[test]
fn with_a_tag_inside() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Say {
        IsIdle,
        At(Point),
        /// What is said.
        Text {
            first_line: String,
        },
        Unit(()),
        Map(BTreeMap<String, String>),
        Other(Inner),
    }
    #[derive(Serialize, Deserialize, TS)]
    enum Inner {
        A(u8),
        B,
    }
    let expected = "export type Say =
  | { t: 'is-idle' }
  | ({ t: 'at' } & Point)
  /** What is said. */
  | { t: 'text'; firstLine: string }
  | { t: 'unit' }
  | ({ t: 'map' } & { [key: string]: string })
  | ({ t: 'other' } & ({ A: number; B?: never } | { B: null; A?: never }));";
    let generated = both::<Say>().unwrap();
    assert!(generated.ends_with(expected), "{generated}");
    for (value, json) in [
        (Say::IsIdle, r#"{"t":"is-idle"}"#),
        (Say::At(Point { x: 1.5 }), r#"{"t":"at","x":1.5}"#),
        (Say::Text { first_line: "a".into() }, r#"{"t":"text","firstLine":"a"}"#),
        (Say::Unit(()), r#"{"t":"unit"}"#),
        (Say::Map(BTreeMap::from([("a".into(), "b".into())])), r#"{"t":"map","a":"b"}"#),
        (Say::Other(Inner::A(1)), r#"{"t":"other","A":1}"#),
        (Say::Other(Inner::B), r#"{"t":"other","B":null}"#),
    ] {
        writes(&value, json);
        reads::<Say>(&[json]);
    }
}

#[test]
fn with_a_tag_beside() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", content = "c")]
    enum Say {
        Idle,
        Number(u8),
        Maybe(Option<u8>),
        Pair(u8, bool),
        Text { line: String },
    }
    let expected = "export type Say =
  | { t: 'Idle' }
  | { t: 'Number'; c: number }
  | { t: 'Maybe'; c: number | null }
  | { t: 'Pair'; c: [number, boolean] }
  | { t: 'Text'; c: { line: string } };";
    assert_eq!(both::<Say>().unwrap(), expected);
    for (value, json) in [
        (Say::Idle, r#"{"t":"Idle"}"#),
        (Say::Number(1), r#"{"t":"Number","c":1}"#),
        (Say::Maybe(None), r#"{"t":"Maybe","c":null}"#),
        (Say::Pair(1, true), r#"{"t":"Pair","c":[1,true]}"#),
        (Say::Text { line: "a".into() }, r#"{"t":"Text","c":{"line":"a"}}"#),
    ] {
        writes(&value, json);
        reads::<Say>(&[json]);
    }
}

#[test]
fn untagged_is_one_of_them() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Say {
        Number(u8),
        Text { line: String },
        Nothing,
    }
    assert_eq!(both::<Say>().unwrap(), "export type Say = number | { line: string } | null;");
    for (value, json) in
        [(Say::Number(1), "1"), (Say::Text { line: "a".into() }, r#"{"line":"a"}"#), (Say::Nothing, "null")]
    {
        writes(&value, json);
        reads::<Say>(&[json]);
    }

    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Last {
        Known,
        #[serde(untagged)]
        Any(Vec<u8>),
    }
    assert_eq!(both::<Last>().unwrap(), "export type Last = { t: 'Known' } | number[];");
    writes(&Last::Any(vec![1]), "[1]");
    reads::<Last>(&["[1]", r#"{"t":"Known"}"#]);
}

#[test]
fn untagged_with_nothing_else_in_it_is_one_of_them_alone() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged, deny_unknown_fields)]
    enum Say {
        A { a: u8 },
        B { b: u8, a: String },
        Named(Named),
    }
    let expected = "export type Say =
  | { a: number; b?: never; name?: never }
  | { b: number; a: string; name?: never }
  | (Named & { a?: never; b?: never });";
    let generated = both::<Say>().unwrap();
    assert!(generated.ends_with(expected), "{generated}");
    does_not_read::<Say>(&[r#"{"a":1,"name":"n"}"#, r#"{"a":1,"b":1}"#]);
    reads::<Say>(&[r#"{"a":1}"#, r#"{"a":"a","b":1}"#, r#"{"name":"n"}"#]);

    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", deny_unknown_fields)]
    enum Tagged {
        A { a: u8 },
        B { b: u8 },
    }
    let expected = "export type Tagged = { t: 'A'; a: number } | { t: 'B'; b: number };";
    assert_eq!(both::<Tagged>().unwrap(), expected);
}

#[test]
fn an_enum_without_a_tag_among_several_is_its_variant_alone() {
    #[derive(Serialize, Deserialize, TS)]
    enum Move {
        Left(u8),
        Right { by: u8 },
        Stop,
    }
    #[derive(Serialize, Deserialize, TS)]
    enum Say {
        Text(String),
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Cmd {
        Move(Move),
        Say(Option<Say>),
        At { x: u8, y: Option<u8> },
    }
    let expected = "export type Cmd =
  | { Left: number; Right?: never; Text?: never; x?: never; y?: never }
  | { Right: { by: number }; Left?: never; Text?: never; x?: never; y?: never }
  | 'Stop'
  | { Text: string; Left?: never; Right?: never; x?: never; y?: never }
  | null
  | { x: number; y?: number | null };";
    let generated = incoming::<Cmd>().unwrap();
    assert!(generated.starts_with(expected), "{generated}");
    does_not_read::<Cmd>(&[r#"{"Left":1,"Text":"a"}"#, r#"{"Left":1,"Right":{"by":1}}"#, r#"{"Text":"a","y":1}"#]);
    reads::<Cmd>(&[r#"{"Left":1}"#, r#"{"Right":{"by":1}}"#, r#""Stop""#, r#"{"Text":"a"}"#, "null", r#"{"x":1}"#]);
    let _ = (Cmd::Move(Move::Stop), Move::Left(1), Move::Right { by: 1 }, Say::Text(String::new()));

    #[derive(Serialize, Deserialize, TS)]
    enum Mixed {
        A(u8),
        #[serde(untagged)]
        B {
            b: Option<u8>,
            c: u8,
        },
    }
    let expected = "export type Mixed = { A: number; b?: never; c?: never } | { b?: number | null; c: number };";
    assert_eq!(incoming::<Mixed>().unwrap(), expected);
    does_not_read::<Mixed>(&[r#"{"A":1,"b":1}"#]);
    let _ = (Mixed::A(1), Mixed::B { b: None, c: 1 });
}

#[test]
fn what_denies_unknown_fields_among_several_is_itself_alone() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", deny_unknown_fields)]
    enum Tagged {
        A { a: u8 },
        B,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", content = "c", deny_unknown_fields)]
    enum Adjacent {
        C(u8),
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t")]
    enum Holds {
        D(Named),
        E(Kind),
    }
    #[derive(Serialize, Deserialize, TS)]
    enum Kind {
        K(u8),
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Any {
        Tagged(Tagged),
        Adjacent(Adjacent),
        Holds(Holds),
        Last { last: u8, more: Option<u8> },
    }
    let expected = "export type Any =
  | { t: 'A'; a: number; c?: never; name?: never; K?: never; last?: never; more?: never }
  | { t: 'B' }
  | { t: 'C'; c: number; a?: never; name?: never; K?: never; last?: never; more?: never }
  | ({ t: 'D' } & Named & { a?: never; c?: never; K?: never; last?: never; more?: never })
  | ({ t: 'E' } & Kind & { a?: never; c?: never; name?: never; last?: never; more?: never })
  | { last: number; more?: number | null };";
    let generated = incoming::<Any>().unwrap();
    assert!(generated.contains(expected), "{generated}");
    for json in [r#"{"t":"A","a":1"#, r#"{"t":"C","c":1"#, r#"{"t":"D","name":"n""#, r#"{"t":"E","K":1"#] {
        reads::<Any>(&[&format!("{json}}}")]);
        does_not_read::<Any>(&[&format!(r#"{json},"more":1}}"#)]);
    }
    reads::<Any>(&[r#"{"t":"B","more":1}"#, r#"{"t":"A","a":1,"last":1}"#]);
    let _ = (Tagged::A { a: 1 }, Tagged::B, Adjacent::C(1), Holds::D(Named { name: String::new() }));
    let _ = (Holds::E(Kind::K(1)), Any::Last { last: 1, more: None });

    // One name in two enums tells nothing apart.
    #[derive(Serialize, Deserialize, TS)]
    #[serde(tag = "t", deny_unknown_fields)]
    enum Other {
        A { b: u8 },
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Either {
        Tagged(Tagged),
        Other(Other),
    }
    let generated = incoming::<Either>().unwrap();
    assert!(generated.starts_with("export type Either =\n  | { t: 'A'; a: number; b?: never }\n"), "{generated}");
    does_not_read::<Either>(&[r#"{"t":"A","a":1,"b":1}"#]);
    let _ = Either::Other(Other::A { b: 1 });
}

#[test]
fn each_side_has_its_variants_and_their_names() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(rename_all(deserialize = "lowercase"))]
    enum Kind {
        Known,
        #[serde(rename(serialize = "OUT", deserialize = "in"))]
        Sides,
        #[serde(skip_serializing)]
        Read,
        #[serde(skip_deserializing)]
        Written,
        #[serde(skip)]
        Never,
        #[serde(alias = "elsewhere")]
        Aliased,
        #[serde(other)]
        Other,
    }
    let expected = "export type Kind = 'Known' | 'OUT' | 'Written' | 'Aliased' | 'Other';\n\n\
                    export type KindIncoming = 'known' | 'in' | 'read' | 'aliased' | 'other';";
    assert_eq!(both::<Kind>().unwrap(), expected);
    reads::<Kind>(&[r#""known""#, r#""in""#, r#""read""#, r#""aliased""#, r#""other""#]);
    for (value, json) in [(Kind::Sides, r#""OUT""#), (Kind::Written, r#""Written""#), (Kind::Other, r#""Other""#)] {
        writes(&value, json);
    }
    assert!(serde_json::to_string(&Kind::Never).is_err());
    assert!(serde_json::to_string(&Kind::Read).is_err());
    let _ = (Kind::Known, Kind::Aliased);
}

#[test]
fn what_nothing_is_of_is_never() {
    #[derive(Serialize, Deserialize, TS)]
    enum Nothing {}
    assert_eq!(both::<Nothing>().unwrap(), "export type Nothing = never;");
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum Unreadable {
        #[serde(skip_deserializing)]
        A(u8),
    }
    assert_eq!(incoming::<Unreadable>().unwrap(), "export type Unreadable = never;");
    assert_eq!(outgoing::<Unreadable>().unwrap(), "export type Unreadable = number;");
    writes(&Unreadable::A(1), "1");
}
