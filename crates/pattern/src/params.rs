//! The params of a key.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A room's key, untyped: names and values, in the order in which they were given. A clone is cheap.
///
/// Equal means the same pairs in the same order. Whether two keys name one room is a question for
/// [`Pattern::topic`](crate::Pattern::topic).
///
/// ```
/// use roomful_pattern::Params;
///
/// let params = Params::from_iter([("b", "1"), ("a", "2"), ("b", "3")]);
/// assert_eq!(params.get("b"), Some("3"));
/// assert_eq!(serde_json::to_string(&params)?, r#"{"b":"3","a":"2"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(Arc<[(Arc<str>, Box<str>)]>);

impl Params {
    /// Pairs of which no two have one name, whoever calls it having seen to that.
    #[must_use]
    pub fn from_unique(pairs: Vec<(Arc<str>, Box<str>)>) -> Self {
        Self(pairs.into())
    }

    /// The value of this param, which may be empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The value of a param that must have one.
    ///
    /// # Errors
    ///
    /// When it is absent or empty.
    pub fn require(&self, name: &str) -> Result<&str, KeyError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| KeyError::Missing { name: name.to_owned() })
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// A name that comes twice keeps its first place and takes the last value, as in a JavaScript object.
impl<N: Into<Arc<str>>, V: Into<Box<str>>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut unique: Vec<(Arc<str>, Box<str>)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            match unique.iter_mut().find(|(known, _)| *known == name) {
                Some((_, last)) => *last = value,
                None => unique.push((name, value)),
            }
        }
        Self::from_unique(unique)
    }
}

/// A JSON object, in order.
impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
/// Why a client's key names no room of the channel, or why an app's does not.
///
/// Names and sizes only, never a value: a key may hold what does not belong in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// `r` is too long.
    #[error("the key has {bytes} bytes, and may have {limit}")]
    TooLong {
        /// Its size.
        bytes: usize,
        /// The bound, `Limits::key_bytes`.
        limit: usize,
    },
    /// `r` is not text.
    #[error("the key is not UTF-8")]
    NotUtf8,
    /// `r` is not JSON, or it is something else than an object.
    #[error("the key is not a JSON object, as `{{\"boardId\":\"main\"}}` is")]
    NotAnObject,
    /// A param has a value that is not a string.
    #[error("`{name}` is not a string")]
    NotAString {
        /// The param.
        name: String,
    },
    /// A param's value has half of a surrogate pair, which no URL can carry.
    #[error("`{name}` is not valid Unicode: it has a lone surrogate")]
    LoneSurrogate {
        /// The param.
        name: String,
    },
    /// A param's value is too long.
    #[error("`{name}` has {bytes} bytes, and may have {limit}")]
    ValueTooLong {
        /// The param.
        name: String,
        /// The value's size.
        bytes: usize,
        /// The bound, `Limits::key_value_bytes`.
        limit: usize,
    },
    /// A param that must have a value has none, or an empty one.
    #[error("`{name}` must have a value that is not empty")]
    Missing {
        /// The param.
        name: String,
    },
}
