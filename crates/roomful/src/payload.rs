//! From the app's types to JSON and back.

use roomful_core::Json;
use roomful_runtime::{ErrorKind, Misfit, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::absent::Absent;

/// A value of the app's, as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Json> {
    Json::encode(value).map_err(|error| ErrorKind::Encode(error).into_error())
}

/// On the wire `null` says that there is no info.
pub(crate) fn unless_null(info: Json) -> Option<Json> {
    Some(info).filter(|info| info.as_str() != "null")
}

/// What a client sent, as the app's type.
pub(crate) fn decode<T: DeserializeOwned>(payload: Option<&Json>) -> Result<T, Misfit> {
    match payload {
        Some(payload) => payload.decode().map_err(|error| Misfit(without_position(&error))),
        None => T::deserialize(Absent).map_err(|error| Misfit(error.to_string())),
    }
}

/// A line and a column of what was on the wire mean nothing to whoever called `send`.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
