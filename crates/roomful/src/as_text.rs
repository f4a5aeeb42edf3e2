//! Numbers that JSON carries as text.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An integer that is a string in JSON, and so a `string` in TypeScript: JavaScript's numbers round what is over 2^53.
///
/// It may stand wherever the integer would: in a field, an option, a list, as the key or the value of a map. A page that has to
/// reckon with it writes `BigInt(id)`.
///
/// ```
/// use roomful::AsText;
/// use serde::{Deserialize, Serialize};
///
/// /// In JSON: `{"id":"18446744073709551615"}`.
/// #[derive(Serialize, Deserialize)]
/// struct Seen {
///     id: AsText<u64>,
/// }
///
/// let seen = Seen { id: AsText(u64::MAX) };
/// assert_eq!(*seen.id, u64::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AsText<T>(pub T);

impl<T> Deref for AsText<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for AsText<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: fmt::Display> fmt::Display for AsText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for AsText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(PhantomData))
    }
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = AsText<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number in a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AsText<T>, E> {
        text.parse().map(AsText).map_err(E::custom)
    }
}

#[cfg(feature = "typescript")]
impl<T: 'static> crate::TS for AsText<T> {
    fn shape(_: &mut crate::typescript::Describing) -> crate::typescript::Shape {
        crate::typescript::Shape::Text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_a_string_wherever_it_stands() {
        let map = BTreeMap::from([(AsText(i64::MIN), vec![Some(AsText(u128::MAX)), None])]);
        let json = serde_json::to_string(&map).unwrap();
        let expected = r#"{"-9223372036854775808":["340282366920938463463374607431768211455",null]}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<BTreeMap<AsText<i64>, Vec<Option<AsText<u128>>>>>(&json).unwrap(), map);
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for text in ["1", r#""""#, r#"" 1""#, r#""1.5""#, r#""-1""#, r#""18446744073709551616""#, "null"] {
            assert!(serde_json::from_str::<AsText<u64>>(text).is_err(), "{text}");
        }
    }
}
