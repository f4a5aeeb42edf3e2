//! What std's types are, one value of each as serde writes it, and read back.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::ops::{Bound, Range};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use roomful::{MemberId, TS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{does_not_read, inline, outgoing, reads, refusal, writes};

#[derive(Serialize, Deserialize, TS, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Color {
    Rose,
    Teal,
}

#[track_caller]
fn is<T: TS + Serialize + DeserializeOwned>(value: &T, json: &str, typescript: &str) {
    writes(value, json);
    reads::<T>(&[json]);
    assert_eq!(inline::<T>(), typescript);
}

#[test]
fn of_one_value() {
    is(&true, "true", "boolean");
    is(&'é', r#""é""#, "string");
    is(&String::from("a"), r#""a""#, "string");
    is(&Cow::Borrowed("a"), r#""a""#, "string");
    is(&Box::<str>::from("a"), r#""a""#, "string");
    is(&(1u8, 2i16, 3u32), "[1,2,3]", "[number, number, number]");
    is(&-1i64, "-1", "number");
    is(&u128::from(u64::MAX), "18446744073709551615", "number");
    is(&0.5f32, "0.5", "number");
    is(&NonZeroU8::MIN, "1", "number");
    is(&Some(1u8), "1", "number | null");
    is(&None::<Option<u8>>, "null", "number | null");
    is(&Cell::new(1u8), "1", "number");
    is(&RefCell::new(1u8), "1", "number");
    is(&Box::new(1u8), "1", "number");
    is(&PhantomData::<u8>, "null", "null");
    is(&PathBuf::from("/a"), r#""/a""#, "string");
    is(&serde_json::from_str::<MemberId>(r#""ann""#).unwrap(), r#""ann""#, "string");
    is(&Ok::<u8, String>(1), r#"{"Ok":1}"#, "{ Ok: number; Err?: never } | { Err: string; Ok?: never }");
    is(&Bound::<u8>::Unbounded, r#""Unbounded""#, BOUND);
    is(&Bound::Included(1u8), r#"{"Included":1}"#, BOUND);
    is(&(0u8..2), r#"{"start":0,"end":2}"#, "{ start: number; end: number }");
    is(&Duration::new(1, 2), r#"{"secs":1,"nanos":2}"#, "{ secs: number; nanos: number }");
    is(
        &SystemTime::UNIX_EPOCH,
        r#"{"secs_since_epoch":0,"nanos_since_epoch":0}"#,
        "{ secs_since_epoch: number; nanos_since_epoch: number }",
    );
    is(&IpAddr::V4(Ipv4Addr::LOCALHOST), r#""127.0.0.1""#, "string");
    is(&SocketAddr::from(([127, 0, 0, 1], 80)), r#""127.0.0.1:80""#, "string");
    is(&serde_json::Number::from(1), "1", "number");
    is(&serde_json::json!({ "a": [1, null] }), r#"{"a":[1,null]}"#, "JsonValue");
    is(&Vec::<Range<u8>>::new(), "[]", "{ start: number; end: number }[]");
}

/// serde reads none of them with a property more.
#[test]
fn what_has_nothing_but_its_own_properties() {
    #[derive(Serialize, Deserialize, TS)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }
    #[derive(Serialize, Deserialize, TS)]
    #[serde(untagged)]
    enum When<T> {
        Std(T),
        Named(Named),
    }
    #[track_caller]
    fn is_closed<T: TS + Serialize + DeserializeOwned + Send>(value: T, typescript: &str) {
        let json = serde_json::to_string(&value).unwrap();
        reads::<When<T>>(&[&json]);
        does_not_read::<When<T>>(&[&json.replace('}', r#","name":"n"}"#)]);
        let generated = outgoing::<When<T>>().unwrap();
        let (_, union) = generated.split_once(" =").unwrap();
        assert!(generated.contains(typescript), "{union}");
    }
    is_closed(
        Duration::from_secs(1),
        " =\n  | { secs: number; nanos: number; name?: never }\n  | (Named & { secs?: never; nanos?: never });",
    );
    is_closed(SystemTime::UNIX_EPOCH, "| { secs_since_epoch: number; nanos_since_epoch: number; name?: never }");
    is_closed(0u8..1, "| { start: number; end: number; name?: never }");
    is_closed(0u8..=1, "| { start: number; end: number; name?: never }");
    is_closed(0u8.., " = { start: number; name?: never } | (Named & { start?: never });");
    is_closed(..1u8, " = { end: number; name?: never } | (Named & { end?: never });");
    is_closed(Ok::<u8, u8>(1), "{ Ok: number; Err?: never; name?: never }");
    is_closed(Bound::Included(1u8), "| 'Unbounded'\n  | { Included: number; Excluded?: never; name?: never }");
    is_closed(BTreeMap::from([(Color::Teal, 1u8)]), "({ [key in Color]?: number } & { name?: never })");
}

const BOUND: &str = "'Unbounded' | { Included: number; Excluded?: never } | { Excluded: number; Included?: never }";

#[test]
fn of_lists() {
    is(&vec![1u8], "[1]", "number[]");
    is(&VecDeque::from([Some(1u8)]), "[1]", "(number | null)[]");
    is(&LinkedList::from([1u8]), "[1]", "number[]");
    is(&BTreeSet::from([1u8]), "[1]", "number[]");
    is(&HashSet::from([1u8]), "[1]", "number[]");
    is(&BinaryHeap::from([1u8]), "[1]", "number[]");
    is(&Box::<[u8]>::from([1]), "[1]", "number[]");
    is(&[true; 2], "[true,true]", "[boolean, boolean]");
    is(&[0u8; 0], "[]", "[]");
    is(&(1u8,), "[1]", "[number]");
    is(&vec![vec![(1u8, "a".to_owned())]], r#"[[[1,"a"]]]"#, "[number, string][][]");
}

#[test]
fn of_maps() {
    is(&BTreeMap::from([("a".to_owned(), 1u8)]), r#"{"a":1}"#, "{ [key: string]: number }");
    is(&HashMap::from([(1u8, 1u8)]), r#"{"1":1}"#, "{ [key: number]: number }");
    is(&BTreeMap::from([(-1i128, 1u8)]), r#"{"-1":1}"#, "{ [key: number]: number }");
    is(&BTreeMap::from([(true, 1u8)]), r#"{"true":1}"#, "{ [key in 'true' | 'false']?: number }");
    is(&BTreeMap::from([('a', 1u8)]), r#"{"a":1}"#, "{ [key: string]: number }");
    is(&BTreeMap::from([(Color::Teal, 1u8)]), r#"{"teal":1}"#, "{ [key in Color]?: number }");
    is(&BTreeMap::from([(IpAddr::V4(Ipv4Addr::LOCALHOST), 1u8)]), r#"{"127.0.0.1":1}"#, "{ [key: string]: number }");
    is(&serde_json::Map::<String, Value>::new(), "{}", "{ [key: string]: JsonValue }");

    #[derive(Serialize, Deserialize, TS, PartialEq, Eq, PartialOrd, Ord)]
    struct Id(u64);
    is(&BTreeMap::from([(Id(7), 1u8)]), r#"{"7":1}"#, "{ [key: number]: number }");
    let _ = Color::Rose;
}

#[test]
fn what_is_no_key_is_named() {
    #[derive(Serialize, Deserialize, TS, PartialEq, Eq, PartialOrd, Ord)]
    struct Point {
        x: i8,
    }
    #[derive(Serialize, TS)]
    struct Holds<K: TS + Ord> {
        by: BTreeMap<K, u8>,
    }
    let key = |what: &str| {
        format!(
            "`Holds.by` has a map's key, which is {what} and no string, number, boolean or enum without fields: JSON has no \
             such key"
        )
    };
    assert_eq!(refusal(outgoing::<Holds<Point>>()), key("an object"));
    assert_eq!(refusal(outgoing::<Holds<(u8, u8)>>()), key("a list"));
    assert_eq!(refusal(outgoing::<Holds<Option<u8>>>()), key("an option"));
    assert_eq!(refusal(outgoing::<Holds<()>>()), key("`null`"));
    assert!(serde_json::to_string(&Holds { by: BTreeMap::from([(Point { x: 1 }, 1)]) }).is_err());
}
