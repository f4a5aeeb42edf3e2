use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

#[derive(Serialize, Default)]
struct Shape {
    name: String,
    at: Point,
    trail: Vec<Point>,
    scores: BTreeMap<String, f32>,
    pair: (u8, f64),
    maybe: Option<f64>,
    #[serde(flatten)]
    more: BTreeMap<String, f64>,
}

#[derive(Serialize, Default, Clone, Copy)]
struct Point {
    x: f64,
    y: f32,
}

#[derive(Serialize)]
enum Event {
    Newtype(f64),
    Tuple(u8, f64),
    Struct { x: f64 },
}

#[derive(Serialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    At(Point),
}

#[derive(Serialize)]
#[serde(tag = "t")]
enum Internal {
    At(Point),
}

fn refused<T: Serialize>(value: &T) -> String {
    to_vec(value).unwrap_err().to_string()
}

fn shape(change: impl FnOnce(&mut Shape)) -> Shape {
    let mut shape = Shape { trail: vec![Point::default(); 3], ..Shape::default() };
    change(&mut shape);
    shape
}

#[test]
fn a_number_that_json_cannot_say_is_named_with_its_place() {
    let nan = Point { x: f64::NAN, y: 0.0 };
    for (wrong, named) in [
        (refused(&f64::NAN), "the value is NaN"),
        (refused(&[1.0, f64::INFINITY]), "`[1]` is infinity"),
        (refused(&shape(|shape| shape.at.x = f64::NEG_INFINITY)), "`at.x` is minus infinity"),
        (refused(&shape(|shape| shape.trail[2].y = f32::NAN)), "`trail[2].y` is NaN"),
        (
            refused(&shape(|shape| shape.scores.extend([("a\"n".into(), f32::INFINITY)]))),
            r#"`scores["a\"n"]` is infinity"#,
        ),
        (refused(&shape(|shape| shape.pair.1 = f64::NAN)), "`pair[1]` is NaN"),
        (refused(&shape(|shape| shape.maybe = Some(f64::NAN))), "`maybe` is NaN"),
        (refused(&shape(|shape| shape.more.extend([("z".into(), f64::NAN)]))), "`z` is NaN"),
        (refused(&Event::Newtype(f64::NAN)), "`Newtype` is NaN"),
        (refused(&Event::Tuple(1, f64::NAN)), "`Tuple[1]` is NaN"),
        (refused(&Event::Struct { x: f64::NAN }), "`Struct.x` is NaN"),
        (refused(&Adjacent::At(nan)), "`c.x` is NaN"),
        (refused(&Internal::At(nan)), "`x` is NaN"),
        (refused(&Some(vec![Some(f64::NAN)])), "`[0]` is NaN"),
    ] {
        assert_eq!(wrong, format!("{named}, which JSON cannot say"));
    }
}

/// A map whose keys are floats.
struct ByFloat(f64);

impl Serialize for ByFloat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, 1)])
    }
}

#[test]
fn a_key_is_a_number_too() {
    assert_eq!(to_vec(&ByFloat(1.5)).unwrap(), br#"{"1.5":1}"#);
    assert_eq!(refused(&ByFloat(f64::NAN)), "`[key 0]` is NaN, which JSON cannot say");
}

#[derive(Serialize, serde::Deserialize)]
enum Nested {
    End,
    List(Vec<Nested>),
    One { of: Box<Nested> },
    Both(u8, Box<Nested>),
}

/// Whatever the levels are: what is written can be read, and what could not be read is refused.
#[test]
fn what_is_nested_too_deep_to_be_read_is_not_written() {
    let wraps: [fn(Nested) -> Nested; 3] = [
        |inner| Nested::List(vec![inner]),
        |inner| Nested::One { of: Box::new(inner) },
        |inner| Nested::Both(1, Box::new(inner)),
    ];
    for wrap in wraps {
        let nested = |levels| (0..levels).fold(Nested::End, |inner, _| wrap(inner));
        let deepest = (0..).take_while(|levels| to_vec(&nested(*levels)).is_ok()).last().unwrap();
        let read = |value: &Nested| serde_json::from_slice::<Nested>(&serde_json::to_vec(value).unwrap());
        assert!(read(&nested(deepest)).is_ok(), "{deepest}");
        let text = String::from_utf8(to_vec(&nested(deepest)).unwrap()).unwrap();
        let frame = format!(r#"[{{"t":"snapshot","members":[{{"state":{text}}}]}}]"#);
        assert!(serde_json::from_str::<serde_json::Value>(&frame).is_ok(), "{deepest}");
        let said = "it is nested more than 120 levels deep, and nobody could read it";
        assert_eq!(refused(&nested(10_000)), said);
    }
    let list = |levels| (0..levels).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
    assert!(to_vec(&list(120)).is_ok());
    assert!(to_vec(&list(121)).is_err());
}

/// Has an opinion of its own on what can be written.
struct Never;

impl Serialize for Never {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("it is never written"))
    }
}

#[test]
fn other_errors_are_told_with_their_place() {
    assert_eq!(refused(&BTreeMap::from([((1, 2), 3)])), "`[key 0]`: key must be a string");
    assert_eq!(refused(&BTreeMap::from([("a", [(1, Never)])])), "`a[0][1]`: it is never written");
    assert_eq!(refused(&Never), "it is never written");
}

#[test]
fn what_is_json_already_is_left_as_it_is() {
    let raw = RawValue::from_string("[1.0, null]".to_owned()).unwrap();
    assert_eq!(to_vec(&(raw, 1)).unwrap(), b"[[1.0, null],1]");
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC*".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"]{0,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What can be said is said in the same bytes as without us.
    #[test]
    fn the_bytes_are_those_of_serde_json(value in values()) {
        prop_assert_eq!(to_vec(&value).unwrap(), serde_json::to_vec(&value).unwrap());
    }
}
