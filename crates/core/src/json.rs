//! JSON that is carried, not read.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::checked;

/// One JSON value as it will stand in a frame: shared, never parsed again on its way to the members.
///
/// ```
/// use roomful_core::Json;
///
/// let state = Json::encode(&[1, 2])?;
/// assert_eq!(state.as_str(), "[1,2]");
/// assert_eq!(state.decode::<Vec<u8>>()?, vec![1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Bytes);

impl Json {
    /// The JSON of `value`.
    ///
    /// # Errors
    ///
    /// When `value` cannot be JSON: a map with keys that are not strings, a `Serialize` that fails, a number that is NaN or
    /// infinite, which is named with its place, and what is nested so deep that nobody could read it.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self(checked::to_vec(value)?.into()))
    }

    /// Text that is one JSON value already, as a part of other bytes.
    pub(crate) fn of_checked(text: Bytes) -> Self {
        Self(text)
    }

    /// The value as `T`.
    ///
    /// # Errors
    ///
    /// When the value does not fit `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // A `Json` is only ever made from text that serde_json wrote or checked, so this never takes the other arm.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }

    /// The text, as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, shared and not copied.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(Bytes::copy_from_slice(raw.get().as_bytes()))
    }
}

/// As it is, not as a string; only into JSON.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(self.as_str()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::from(&*raw))
    }
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a key that is there: a `null` is a value, only a key that is absent has none. For `deserialize_with`.
///
/// # Errors
///
/// When the value does not fit.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_other_json_it_stays_as_it_was_written() {
        let text = r#"[1.0,{"b":1,"a":"\u0041"},null]"#;
        let values: Vec<Json> = serde_json::from_str(text).unwrap();
        assert_eq!(values[1].as_str(), r#"{"b":1,"a":"\u0041"}"#);
        assert_eq!(serde_json::to_string(&values).unwrap(), text);
    }
}
