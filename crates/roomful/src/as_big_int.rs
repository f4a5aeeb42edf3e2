//! Integers that are `bigint` in the browser.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::as_text::AsText;
use crate::integer::Integer;

/// An integer that is a `bigint` in TypeScript, and a string of its digits in JSON: JavaScript's numbers round what is over 2^53.
///
/// The generated file says where these are, and the client makes a `bigint` of each in messages, states and infos that come, and
/// digits of each that goes. It may stand wherever the integer would; as a map's key it is a `string`, since JavaScript's
/// objects have no other keys. Apps without one load none of the code for it.
///
/// ```
/// use roomful::{AsBigInt, TS};
/// use serde::{Deserialize, Serialize};
///
/// /// In JSON: `{"id":"18446744073709551615"}`. In TypeScript: `{ id: bigint }`.
/// #[derive(Serialize, Deserialize, TS)]
/// struct Seen {
///     id: AsBigInt<u64>,
/// }
///
/// let seen = Seen { id: AsBigInt(u64::MAX) };
/// assert_eq!(*seen.id, u64::MAX);
/// ```
///
/// In an enum that is `#[serde(untagged)]` it may not stand where another variant has a string: nothing would tell the two apart,
/// and `typescript()` refuses that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AsBigInt<T>(pub T);

impl<T> Deref for AsBigInt<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for AsBigInt<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: fmt::Display> fmt::Display for AsBigInt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Integer> Serialize for AsBigInt<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AsText(self.0).serialize(serializer)
    }
}

impl<'de, T: Integer> Deserialize<'de> for AsBigInt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AsText::deserialize(deserializer).map(|AsText(value)| Self(value))
    }
}

#[cfg(feature = "typescript")]
impl<T: 'static> crate::TS for AsBigInt<T> {
    fn shape(_: &mut crate::typescript::Describing) -> crate::typescript::Shape {
        crate::typescript::Shape::BigInt
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_its_digits_wherever_it_stands() {
        let map = BTreeMap::from([(AsBigInt(i64::MIN), vec![Some(AsBigInt(u128::MAX)), Some(AsBigInt(0)), None])]);
        let json = serde_json::to_string(&map).unwrap();
        let expected = r#"{"-9223372036854775808":["340282366920938463463374607431768211455","0",null]}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<BTreeMap<AsBigInt<i64>, Vec<Option<AsBigInt<u128>>>>>(&json).unwrap(), map);
    }

    #[test]
    fn what_is_no_such_integer_is_refused() {
        for text in ["1", r#""""#, r#"" 1""#, r#""1.5""#, r#""-1""#, r#""1n""#, r#""18446744073709551616""#, "null"] {
            assert!(serde_json::from_str::<AsBigInt<u64>>(text).is_err(), "{text}");
        }
    }
}
