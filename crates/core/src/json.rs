//! JSON that is carried, not read.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

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
    /// When `value` cannot be JSON (a map with keys that are not strings, a `Serialize` that fails).
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::to_vec(value)?.into()))
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

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
