//! The pieces that frames are written of.

use crate::Json;

/// A member id needs no escapes: see [`MemberId`].
pub(super) fn push_id(frame: &mut String, id: &str) {
    frame.push('"');
    frame.push_str(id);
    frame.push('"');
}

pub(super) fn push_optional(frame: &mut String, key: &str, value: Option<&Json>) {
    if let Some(value) = value {
        frame.push_str(",\"");
        frame.push_str(key);
        frame.push_str("\":");
        frame.push_str(value.as_str());
    }
}
