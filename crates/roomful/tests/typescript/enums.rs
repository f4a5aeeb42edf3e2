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
