//! The attributes that stand on fields.

use std::collections::{BTreeMap, HashMap};

use roomful::TS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{both, does_not_read, outgoing, reads, refusal, writes};

#[test]
fn an_option_may_be_left_out_by_whom_it_comes_from() {
    #[derive(Serialize, Deserialize, TS)]
    struct Plain {
        note: Option<String>,
    }
    let expected = "export type Plain = {\n  note: string | null;\n};\n\n\
                    export type PlainIncoming = {\n  note?: string | null;\n};";
    assert_eq!(both::<Plain>().unwrap(), expected);
    writes(&Plain { note: None }, r#"{"note":null}"#);
    reads::<Plain>(&["{}", r#"{"note":null}"#, r#"{"note":"a"}"#]);

    #[derive(Serialize, Deserialize, TS)]
    struct Twice {
        note: Option<Option<u8>>,
    }
    assert_eq!(outgoing::<Twice>().unwrap(), "export type Twice = {\n  note: number | null;\n};");
}

#[test]
fn what_is_skipped_if_none_is_never_null() {
    #[derive(Serialize, Deserialize, TS)]
    struct Skips {
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<u8>,
    }
    let expected = "export type Skips = {\n  note?: string;\n  tags?: number[];\n};";
    assert_eq!(both::<Skips>().unwrap(), expected);
    writes(&Skips { note: None, tags: Vec::new() }, "{}");
    writes(&Skips { note: Some("a".into()), tags: vec![1] }, r#"{"note":"a","tags":[1]}"#);
    reads::<Skips>(&["{}", r#"{"note":"a","tags":[1]}"#]);

    #[derive(Serialize, Deserialize, TS)]
    struct OnlySkips {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<u8>,
        #[serde(skip_serializing_if = "is_odd")]
        odd: Option<u8>,
    }
    fn is_odd(number: &Option<u8>) -> bool {
        number.is_some_and(|number| number % 2 == 1)
    }
    let expected = "export type OnlySkips = {\n  tags?: number[];\n  odd?: number | null;\n};\n\n\
                    export type OnlySkipsIncoming = {\n  tags: number[];\n  odd?: number | null;\n};";
    assert_eq!(both::<OnlySkips>().unwrap(), expected);
    does_not_read::<OnlySkips>(&["{}"]);
    writes(&OnlySkips { tags: Vec::new(), odd: None }, r#"{"odd":null}"#);
}

#[test]
fn a_default_is_for_reading() {
    #[derive(Serialize, Deserialize, TS)]
    struct Has {
        #[serde(default)]
        quiet: bool,
        #[serde(default = "nine")]
        nine: u8,
    }
    fn nine() -> u8 {
        9
    }
    let expected = "export type Has = {\n  quiet: boolean;\n  nine: number;\n};\n\n\
                    export type HasIncoming = {\n  quiet?: boolean;\n  nine?: number;\n};";
    assert_eq!(both::<Has>().unwrap(), expected);
    reads::<Has>(&["{}"]);
}

#[test]
fn each_side_has_its_names_and_its_fields() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(rename_all(serialize = "camelCase", deserialize = "SCREAMING_SNAKE_CASE"))]
    struct Sides {
        first_name: String,
        #[serde(rename(serialize = "out", deserialize = "in"), alias = "other")]
        both: u8,
        #[serde(skip_serializing)]
        secret: u8,
        #[serde(skip_deserializing)]
        stamp: u8,
        #[serde(skip)]
        hidden: u8,
    }
    let expected = "export type Sides = {\n  firstName: string;\n  out: number;\n  stamp: number;\n};\n\n\
                    export type SidesIncoming = {\n  FIRST_NAME: string;\n  in: number;\n  SECRET: number;\n};";
    assert_eq!(both::<Sides>().unwrap(), expected);
    let value = Sides { first_name: "a".into(), both: 1, secret: 2, stamp: 3, hidden: 4 };
    writes(&value, r#"{"firstName":"a","out":1,"stamp":3}"#);
    reads::<Sides>(&[r#"{"FIRST_NAME":"a","in":1,"SECRET":2}"#]);
    assert_eq!((value.secret, value.hidden), (2, 4));
}

#[test]
fn any_name_is_written_as_it_is() {
    #[derive(Serialize, TS)]
    struct Odd {
        #[serde(rename = "")]
        nothing: u8,
        #[serde(rename = "a b")]
        blank: u8,
        #[serde(rename = "it's \"so\"\\\n")]
        quotes: u8,
        #[serde(rename = "1")]
        digit: u8,
        #[serde(rename = "class")]
        word: u8,
    }
    let expected = "export type Odd = {\n  '': number;\n  'a b': number;\n  'it\\'s \"so\"\\\\\\n': number;\n  '1': number;\n  \
                    class: number;\n};";
    assert_eq!(outgoing::<Odd>().unwrap(), expected);
}

#[derive(Serialize, Deserialize, TS)]
struct Point {
    x: f64,
}

#[test]
fn what_is_flattened_is_both() {
    #[derive(Serialize, Deserialize, TS)]
    struct Outer {
        id: u8,
        #[serde(flatten)]
        point: Point,
    }
    let point = "export type Point = {\n  x: number;\n};";
    assert_eq!(both::<Outer>().unwrap(), format!("export type Outer = {{ id: number }} & Point;\n\n{point}"));
    writes(&Outer { id: 1, point: Point { x: 0.5 } }, r#"{"id":1,"x":0.5}"#);

    #[derive(Serialize, Deserialize, TS)]
    struct Maybe {
        id: u8,
        #[serde(flatten)]
        point: Option<Point>,
    }
    let expected = format!("export type Maybe = {{ id: number }} & (Point | {{ x?: never }});\n\n{point}");
    assert_eq!(both::<Maybe>().unwrap(), expected);
    writes(&Maybe { id: 1, point: None }, r#"{"id":1}"#);
    reads::<Maybe>(&[r#"{"id":1}"#, r#"{"id":1,"x":2}"#]);

    #[derive(Serialize, Deserialize, TS)]
    struct Units {
        id: u8,
        #[serde(flatten)]
        nothing: (),
    }
    assert_eq!(both::<Units>().unwrap(), "export type Units = {\n  id: number;\n};");
    writes(&Units { id: 1, nothing: () }, r#"{"id":1}"#);
}

#[test]
fn an_enum_can_be_flattened() {
    #[derive(Serialize, Deserialize, TS)]
    enum Kind {
        Text(String),
        Nothing,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Has {
        id: u8,
        #[serde(flatten)]
        kind: Kind,
    }
    let expected = "export type Has = { id: number } & (\n";
    let generated = both::<Has>().unwrap();
    assert!(
        generated.starts_with(
            "export type Has = { id: number } & ({ Text: string; Nothing?: never } | { Nothing: null; Text?: never });"
        ) || generated.starts_with(expected),
        "{generated}"
    );
    writes(&Has { id: 1, kind: Kind::Nothing }, r#"{"id":1,"Nothing":null}"#);
    reads::<Has>(&[r#"{"id":1,"Nothing":null}"#, r#"{"id":1,"Text":"a"}"#]);
    writes(&Has { id: 1, kind: Kind::Text("a".into()) }, r#"{"id":1,"Text":"a"}"#);
}

#[test]
fn a_map_can_be_flattened_beside_what_it_could_hold() {
    #[derive(Serialize, Deserialize, TS)]
    struct Any {
        id: u8,
        #[serde(flatten)]
        rest: HashMap<String, Value>,
    }
    let any = both::<Any>().unwrap();
    assert!(any.starts_with("export type Any = { id: number } & { [key: string]: JsonValue };"), "{any}");
    #[derive(Serialize, Deserialize, TS)]
    struct Same {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    assert_eq!(both::<Same>().unwrap(), "export type Same = { id: number } & { [key: string]: number };");
    #[derive(Serialize, Deserialize, TS)]
    struct Unlike {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    assert_eq!(
        refusal(both::<Unlike>()),
        "`Unlike.rest` has `#[serde(flatten)]`, which puts a map beside properties of another type, and TypeScript knows no \
         object that is both: give the map a name of its own, or `serde_json::Value` as its values"
    );
}
