//! Several flattened fields in one struct: serde takes out of its buffer what some of them read, and lets a map read the rest.

use std::collections::{BTreeMap, HashMap};

use roomful::TS;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{both, does_not_read, incoming, outgoing, reads, refusal, writes};

type Texts = BTreeMap<String, String>;

/// Two flattened fields.
#[derive(Serialize, Deserialize, TS)]
struct Two<A, B> {
    #[serde(flatten)]
    a: A,
    #[serde(flatten)]
    b: B,
}

#[derive(Serialize, Deserialize, TS)]
struct Point {
    x: String,
}

#[derive(Serialize, Deserialize, TS)]
struct Name {
    name: String,
}

#[derive(Serialize, Deserialize, TS)]
enum External {
    Left(String),
    Stay { away: bool },
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Left(String),
    Stay,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "t", content = "c", deny_unknown_fields)]
enum ClosedAdjacent {
    Left(String),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind")]
enum Internal {
    A { x: String },
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind")]
enum Holding {
    All(Texts),
}

#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Untagged {
    A { x: String },
}

#[derive(Serialize, Deserialize, TS)]
struct Flattening {
    #[serde(flatten)]
    point: Point,
}

#[derive(Serialize, Deserialize, TS)]
struct Resting {
    id: String,
    #[serde(flatten)]
    rest: Texts,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind")]
struct Tagged {
    x: String,
}

#[derive(Serialize, Deserialize, TS)]
struct Stamped {
    #[serde(skip_deserializing)]
    stamp: String,
}

#[derive(Serialize, Deserialize, TS, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Color {
    Rose,
}

/// What `json` is after it was read and written, `times` times.
fn again<T: Serialize + DeserializeOwned>(json: &str, times: usize) -> Result<String, serde_json::Error> {
    let mut json = json.to_owned();
    for _ in 0..times {
        json = serde_json::to_string(&serde_json::from_str::<T>(&json)?)?;
    }
    Ok(json)
}

#[test]
fn behind_what_is_taken_a_map_reads_the_rest() {
    #[track_caller]
    fn is_fine<A, B>(json: &str)
    where
        A: TS + Serialize + DeserializeOwned + Send + 'static,
        B: TS + Serialize + DeserializeOwned + Send + 'static,
    {
        assert!(both::<Two<A, B>>().is_ok(), "{}", refusal(both::<Two<A, B>>()));
        assert_eq!(again::<Two<A, B>>(json, 3).unwrap(), json);
    }
    is_fine::<Point, Texts>(r#"{"x":"1","a":"b"}"#);
    is_fine::<Box<Point>, HashMap<String, Value>>(r#"{"x":"1","a":[1]}"#);
    is_fine::<Point, Value>(r#"{"x":"1","a":[1]}"#);
    is_fine::<Option<Point>, Texts>(r#"{"a":"b"}"#);
    is_fine::<External, BTreeMap<String, Value>>(r#"{"Stay":{"away":true},"a":"b"}"#);
    is_fine::<Adjacent, BTreeMap<String, Value>>(r#"{"t":"Left","c":"1","a":"b"}"#);
    is_fine::<Adjacent, Texts>(r#"{"t":"Stay","a":"b"}"#);
    is_fine::<ClosedAdjacent, Texts>(r#"{"t":"Left","c":"1","a":"b"}"#);
    is_fine::<std::time::Duration, BTreeMap<String, Value>>(r#"{"secs":1,"nanos":0,"a":"b"}"#);
    is_fine::<Point, BTreeMap<Color, u8>>(r#"{"x":"1","rose":1}"#);
    is_fine::<Point, Resting>(r#"{"x":"1","id":"i","a":"b"}"#);
    is_fine::<Texts, ()>(r#"{"a":"b"}"#);
    // Where no map is, what is read twice is another's each time.
    is_fine::<Internal, Name>(r#"{"kind":"A","x":"1","name":"n"}"#);
    is_fine::<Untagged, Adjacent>(r#"{"x":"1","t":"Left","c":"1"}"#);
    is_fine::<Flattening, Name>(r#"{"x":"1","name":"n"}"#);
}

/// Each is read, and what is written of it then has a name twice, or is not read.
#[test]
fn what_a_map_would_read_of_another_field_is_refused() {
    #[track_caller]
    fn is_refused<A, B>(map: &str, other: &str, json: &str)
    where
        A: TS + Serialize + DeserializeOwned + Send + 'static,
        B: TS + Serialize + DeserializeOwned + Send + 'static,
    {
        let expected = format!(
            "`Two.{map}` has `#[serde(flatten)]`, which makes this map read what is `Two.{other}`'s, too, and then it is \
             written twice, or not read at all: give the map a name of its own, or put it behind fields that are plain \
             structs or enums without a tag"
        );
        let refused = refusal(incoming::<Two<A, B>>());
        assert!(refused.lines().any(|line| line == expected), "{refused}");
        let written = [again::<Two<A, B>>(json, 1), again::<Two<A, B>>(json, 2)];
        let is_wrong =
            |written: &Result<String, _>| written.as_ref().map_or(true, |written| written.len() > json.len());
        assert!(written.iter().any(is_wrong), "{written:?}");
    }
    is_refused::<Internal, Texts>("b", "a", r#"{"kind":"A","x":"1"}"#);
    is_refused::<Internal, HashMap<String, Value>>("b", "a", r#"{"kind":"A","x":"1"}"#);
    is_refused::<Option<Internal>, Value>("b", "a", r#"{"kind":"A","x":"1"}"#);
    is_refused::<Untagged, Texts>("b", "a", r#"{"x":"1"}"#);
    is_refused::<Flattening, Texts>("b", "a", r#"{"x":"1"}"#);
    is_refused::<Resting, Texts>("b", "a", r#"{"id":"i","x":"1"}"#);
    is_refused::<Tagged, Texts>("b", "a", r#"{"kind":"Tagged","x":"1"}"#);
    is_refused::<Texts, Point>("a", "b", r#"{"x":"1"}"#);
    is_refused::<Value, Point>("a", "b", r#"{"x":"1"}"#);
    is_refused::<HashMap<String, Value>, External>("a", "b", r#"{"Left":"1"}"#);
    is_refused::<Texts, Texts>("a", "b", r#"{"x":"1"}"#);
    is_refused::<Texts, HashMap<String, Value>>("b", "a", r#"{"x":"1"}"#);
    is_refused::<Holding, Point>("a", "b", r#"{"kind":"All","x":"1"}"#);
    is_refused::<BTreeMap<Color, u8>, Point>("a", "b", r#"{"rose":1,"x":"1"}"#);
    is_refused::<Internal, BTreeMap<Color, u8>>("b", "a", r#"{"kind":"A","x":"1","rose":1}"#);
    is_refused::<Stamped, Texts>("b", "a", r#"{"stamp":"s"}"#);
    // Who only writes has nothing twice.
    assert!(outgoing::<Two<Internal, Texts>>().is_ok() && outgoing::<Two<Texts, Point>>().is_ok());
    let kept = (Color::Rose, Internal::A { x: String::new() }, Untagged::A { x: String::new() });
    let more = (External::Left(String::new()), Adjacent::Stay, Holding::All(Texts::new()));
    let last = (ClosedAdjacent::Left(String::new()), External::Stay { away: true }, Adjacent::Left(String::new()));
    drop((kept, more, last));
}

#[test]
fn what_is_written_and_not_read_is_a_maps_when_it_comes_back() {
    #[derive(Serialize, Deserialize, TS)]
    struct Stamps {
        #[serde(skip_deserializing)]
        stamp: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    #[derive(Serialize, Deserialize, TS)]
    struct Renames {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        n: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    let unread = |at: &str, name: &str| {
        format!(
            "`{at}.rest` has `#[serde(flatten)]`, which puts `{name}`, which is written and not read, into the map when it comes \
             back, and then it is written twice: give the map a name of its own"
        )
    };
    assert_eq!(refusal(incoming::<Stamps>()), unread("Stamps", "stamp"));
    assert_eq!(refusal(incoming::<Renames>()), unread("Renames", "out"));
    assert_eq!(again::<Stamps>(r#"{"stamp":1}"#, 1).unwrap(), r#"{"stamp":0,"stamp":1}"#);
    assert_eq!(again::<Renames>(r#"{"in":1,"out":2}"#, 1).unwrap(), r#"{"out":1,"out":2}"#);
    assert!(outgoing::<Stamps>().is_ok() && outgoing::<Renames>().is_ok());

    #[derive(Serialize, Deserialize, TS)]
    struct Swaps {
        #[serde(rename(serialize = "a", deserialize = "b"))]
        a: u8,
        #[serde(rename(serialize = "b", deserialize = "a"))]
        b: u8,
        #[serde(skip_serializing)]
        secret: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    assert!(incoming::<Swaps>().is_ok(), "all that is written is read");
    reads::<Swaps>(&[r#"{"a":1,"b":2,"secret":3,"c":4}"#]);
    does_not_read::<Swaps>(&[r#"{"a":1,"secret":3}"#]);
    let swaps = Swaps { a: 1, b: 2, secret: 3, rest: BTreeMap::new() };
    writes(&swaps, r#"{"a":1,"b":2}"#);
    assert_eq!(swaps.secret, 3);
}
