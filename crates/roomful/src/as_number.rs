//! Numbers of which the app says that JavaScript can hold them.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::integer::Integer;

/// The largest integer below which JavaScript's numbers have every one: 2^53 - 1.
const MOST: u64 = (1 << 53) - 1;

/// An integer that is a `number` in TypeScript, from -(2^53 - 1) to 2^53 - 1, which JavaScript holds as it is.
///
/// The app says with it that a count or a time of 64 bits stays within these, so nobody is warned of it. Where one does not, it
/// is not rounded: to send it is an `Err` that names the field, and a message that has it is not read. It may stand wherever the
/// integer would. [`AsBigInt`](crate::AsBigInt) and [`AsText`](crate::AsText) are for what may be
/// larger.
///
/// ```
/// use roomful::AsNumber;
/// use serde::{Deserialize, Serialize};
///
/// /// In JSON: `{"seen":7}`.
/// #[derive(Serialize, Deserialize)]
/// struct Post {
///     seen: AsNumber<u64>,
/// }
///
/// let post = Post { seen: AsNumber(7) };
/// assert_eq!(*post.seen, 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AsNumber<T>(pub T);

impl<T> Deref for AsNumber<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for AsNumber<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: fmt::Display> fmt::Display for AsNumber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `value`, where JavaScript has a number for it.
fn exact<T: Integer>(value: T) -> Option<i64> {
    value.try_into().ok().filter(|value: &i64| value.unsigned_abs() <= MOST)
}

struct Inexact<T>(T);

impl<T: fmt::Display> fmt::Display for Inexact<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is beyond 2^53 - 1, and JavaScript would round it: take `AsBigInt` for what may be that large",
            self.0
        )
    }
}

impl<T: Integer> Serialize for AsNumber<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match exact(self.0) {
            Some(value) => serializer.serialize_i64(value),
            None => Err(ser::Error::custom(Inexact(self.0))),
        }
    }
}

/// Through 64 bits, since serde's buffers have no place for 128.
impl<'de, T: Integer> Deserialize<'de> for AsNumber<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = i64::deserialize(deserializer)?;
        let exact = exact(value).ok_or_else(|| <D::Error as de::Error>::custom(Inexact(value)))?;
        let of_type = T::try_from(exact).map_err(|_| {
            let of_what = std::any::type_name::<T>();
            <D::Error as de::Error>::custom(format_args!("{exact} is no {of_what}"))
        })?;
        Ok(Self(of_type))
    }
}

#[cfg(feature = "typescript")]
impl<T: 'static> crate::TS for AsNumber<T> {
    fn shape(_: &mut crate::typescript::Describing) -> crate::typescript::Shape {
        crate::typescript::Shape::Number(crate::typescript::Number::Integer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_a_number_wherever_it_stands() {
        let map = BTreeMap::from([(AsNumber(-7_i64), vec![Some(AsNumber(u128::from(MOST))), None])]);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#"{"-7":[9007199254740991,null]}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<AsNumber<i64>, Vec<Option<AsNumber<u128>>>>>(&json).unwrap(), map);
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(tag = "t")]
    enum Buffered {
        Seen { by: AsNumber<u128>, at: AsNumber<i128> },
    }

    #[test]
    fn a_buffer_of_serde_holds_it() {
        let seen = Buffered::Seen { by: AsNumber(1), at: AsNumber(-2) };
        let json = r#"{"by":1,"at":-2,"t":"Seen"}"#;
        assert_eq!(serde_json::from_str::<Buffered>(json).unwrap(), seen);
    }

    #[test]
    fn what_javascript_would_round_is_neither_written_nor_read() {
        let most = MOST as i64;
        for value in [most, -most, 0] {
            assert_eq!(serde_json::to_string(&AsNumber(value)).unwrap(), value.to_string());
            assert_eq!(serde_json::from_str::<AsNumber<i64>>(&value.to_string()).unwrap(), AsNumber(value));
        }
        for value in [most + 1, -most - 1, i64::MAX, i64::MIN] {
            let error = serde_json::to_string(&AsNumber(value)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{value} is beyond 2^53 - 1")), "{error}");
            assert!(serde_json::from_str::<AsNumber<i64>>(&value.to_string()).is_err(), "{value}");
        }
        assert!(serde_json::to_string(&AsNumber(u64::MAX)).is_err());
        assert!(serde_json::to_string(&AsNumber(i128::MIN)).is_err());
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for text in ["-1", "1.5", r#""1""#, "null", "18446744073709551615", "256"] {
            assert!(serde_json::from_str::<AsNumber<u8>>(text).is_err(), "{text}");
        }
    }
}
