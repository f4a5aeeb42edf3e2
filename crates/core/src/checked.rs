//! What JSON cannot say, and what nobody reads: numbers that are none, and nesting without end.
//!
//! `serde_json` writes `null` for a NaN and for an infinity, and whoever reads it has no number and no error. So what is
//! written goes through a serializer around that one, which only looks at floats. Where it refuses one, each level names
//! itself on the way out: a value without such a number pays for none of it.
//!
//! `serde_json` reads so many levels, and writes as many as there are, until the stack ends, and the process with it. So what is
//! deeper than [`DEEPEST`] is refused, too.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Objects and lists within one another, at most. `serde_json` reads 127, and a frame is some around its payload: a list, a
/// snapshot, its members, one of them.
const DEEPEST: u8 = 120;

/// The JSON of `value`, in which every number is one.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let refused = RefCell::new(None);
    serde_json::to_vec(&Checked { value, refused: &refused, left: DEEPEST }).map_err(|error| match refused.take() {
        Some(refused) => serde_json::Error::custom(refused),
        None => error,
    })
}

/// A number that was refused, and where it stands, the innermost part first.
struct Refused {
    number: &'static str,
    path: Vec<Part>,
}

enum Part {
    Field(&'static str),
    Item(usize),
    /// As JSON writes it.
    Key(String),
}

impl Part {
    /// A name, without what JSON writes around it.
    fn word(&self) -> &str {
        match self {
            Self::Field(name) => name,
            Self::Key(key) => key.trim_matches('"'),
            Self::Item(_) => "",
        }
    }
}

/// Whether a key looks like a field: those of a struct with a flattened part are keys.
fn is_word(key: &str) -> bool {
    let word = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    word.is_some_and(|word| !word.is_empty() && word.chars().all(|c| c == '_' || c.is_alphanumeric()))
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for part in self.path.iter().rev() {
            match part {
                Part::Item(index) => write!(path, "[{index}]")?,
                Part::Key(key) if !is_word(key) => write!(path, "[{key}]")?,
                part => {
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(part.word());
                }
            }
        }
        let number = self.number;
        match &*path {
            "" => write!(f, "the value is {number}, which JSON cannot say"),
            path => write!(f, "`{path}` is {number}, which JSON cannot say"),
        }
    }
}

type Note = RefCell<Option<Refused>>;

/// A value, written by [`Watching`].
struct Checked<'a, T: ?Sized> {
    value: &'a T,
    refused: &'a Note,
    /// How many more levels there may be.
    left: u8,
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Watching { inner: serializer, refused: self.refused, left: self.left })
    }
}

/// A serializer, of which only the floats are looked at.
struct Watching<'a, S> {
    inner: S,
    refused: &'a Note,
    left: u8,
}

impl<S: Serializer> Watching<'_, S> {
    /// What is left where so many levels are entered.
    #[inline]
    fn enter(&self, levels: u8) -> Result<u8, S::Error> {
        self.left.checked_sub(levels).ok_or_else(too_deep)
    }
}

#[cold]
fn too_deep<E: serde::ser::Error>() -> E {
    E::custom(format_args!("it is nested more than {DEEPEST} levels deep, and nobody could read it"))
}

/// Part of a value: what is serialized within it is watched, too.
struct Within<'a, C> {
    inner: C,
    refused: &'a Note,
    left: u8,
    /// The variant whose content it is, as a key around it.
    variant: Option<&'static str>,
    /// How many items there were.
    items: usize,
}

impl<'a, C> Within<'a, C> {
    #[inline]
    fn new(inner: C, refused: &'a Note, left: u8) -> Self {
        Self { inner, refused, left, variant: None, items: 0 }
    }

    #[inline]
    fn of(variant: &'static str, inner: C, refused: &'a Note, left: u8) -> Self {
        Self { inner, refused, left, variant: Some(variant), items: 0 }
    }

    /// Names a part of it on the way out, and itself.
    #[cold]
    fn name(&self, part: Part) {
        if let Some(refused) = &mut *self.refused.borrow_mut() {
            refused.path.push(part);
            refused.path.extend(self.variant.map(Part::Field));
        }
    }
}

#[cold]
fn refuse<E: serde::ser::Error>(note: &Note, number: f64) -> E {
    let number = if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "infinity"
    } else {
        "minus infinity"
    };
    note.replace(Some(Refused { number, path: Vec::new() }));
    E::custom("a number that JSON cannot say")
}

macro_rules! as_they_are {
    ($($method:ident($type:ty)),+) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
                self.inner.$method(value)
            }
        )+
    };
}

impl<'a, S: Serializer> Serializer for Watching<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Within<'a, S::SerializeSeq>;
    type SerializeTuple = Within<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Within<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Within<'a, S::SerializeTupleVariant>;
    type SerializeMap = Within<'a, S::SerializeMap>;
    type SerializeStruct = Within<'a, S::SerializeStruct>;
    type SerializeStructVariant = Within<'a, S::SerializeStructVariant>;

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.inner.serialize_f32(value) } else { Err(refuse(self.refused, value.into())) }
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.inner.serialize_f64(value) } else { Err(refuse(self.refused, value)) }
    }

    as_they_are! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_i128(i128), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_u128(u128), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Checked { value, refused: self.refused, left: self.left })
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, of: &'static str, nth: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(of, nth, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, of: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(of, &Checked { value, refused: self.refused, left: self.left })
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Checked { value, refused: self.refused, left: self.enter(1)? };
        let written = self.inner.serialize_newtype_variant(of, nth, variant, &value);
        written.inspect_err(|_| Within::new((), self.refused, 0).name(Part::Field(variant)))
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_seq(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_tuple(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple_struct(self, of: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_tuple_struct(of, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let left = self.enter(2)?;
        Ok(Within::of(variant, self.inner.serialize_tuple_variant(of, nth, variant, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_map(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_struct(self, of: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_struct(of, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let left = self.enter(2)?;
        Ok(Within::of(variant, self.inner.serialize_struct_variant(of, nth, variant, len)?, self.refused, left))
    }

    #[inline]
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The kinds of a value that have items without names.
macro_rules! items {
    ($($kind:ident::$method:ident),+) => {
        $(
            impl<C: $kind> $kind for Within<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                    let written = self.inner.$method(&Checked { value, refused: self.refused, left: self.left });
                    self.items += 1;
                    written.inspect_err(|_| self.name(Part::Item(self.items - 1)))
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )+
    };
}

items!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! fields {
    ($($kind:ident),+) => {
        $(
            impl<C: $kind> $kind for Within<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    field: &'static str,
                    value: &T,
                ) -> Result<(), C::Error> {
                    let written = self.inner.serialize_field(field, &Checked { value, refused: self.refused, left: self.left });
                    written.inspect_err(|_| self.name(Part::Field(field)))
                }

                #[inline]
                fn skip_field(&mut self, field: &'static str) -> Result<(), C::Error> {
                    self.inner.skip_field(field)
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Within<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let written = self.inner.serialize_key(&Checked { value: key, refused: self.refused, left: self.left });
        self.items += 1;
        written.inspect_err(|_| self.name(Part::Key(format!("key {}", self.items - 1))))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let written = self.inner.serialize_value(&Checked { value, refused: self.refused, left: self.left });
        written.inspect_err(|_| self.name(Part::Item(self.items - 1)))
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.serialize_key(key)?;
        let written = self.inner.serialize_value(&Checked { value, refused: self.refused, left: self.left });
        written.inspect_err(|_| {
            self.name(Part::Key(serde_json::to_string(key).unwrap_or_else(|_| "?".to_owned())));
        })
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn other_errors_stay_what_they_are() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(refused(&by_pair), serde_json::to_vec(&by_pair).unwrap_err().to_string());
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
}
