//! Keys: which room of a channel a client asks for, from the query of its request to checked params.
//!
//! A client writes the key, so everything here is refused by value: nothing panics, nothing recurses into what was
//! sent, and what no pattern asked for is never decoded.

mod query;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

pub use self::query::{Query, parse_query, query_value};
use crate::Limits;
pub use roomful_pattern::{KeyError, Params};
use roomful_pattern::{Param, Pattern};

/// How large a key may be, in bytes, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLimits {
    /// One value.
    pub value: usize,
    /// The whole of `r`.
    pub total: usize,
}

impl KeyLimits {
    /// Those of a room with these limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self { value: limits.key_value_bytes, total: limits.key_bytes }
    }
}

/// The params that `r`, the percent-decoded [`Query::key`], gives to `pattern`: every one that must have a value has
/// one, and there is none that the pattern does not have.
///
/// # Errors
///
/// When `r` is no key of this pattern, or is larger than the limits. Undeclared members are dropped first and cannot be
/// a reason.
///
/// ```
/// use roomful_core::Limits;
/// use roomful_core::key::{KeyLimits, parse_key};
/// use roomful_core::pattern::Pattern;
///
/// let pattern = Pattern::parse("board/:boardId")?;
/// let params = parse_key(&pattern, Some(br#"{"boardId":"main","stray":[]}"#), KeyLimits::of(&Limits::default()))?;
/// assert_eq!(params.iter().collect::<Vec<_>>(), [("boardId", "main")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_key(pattern: &Pattern, r: Option<&[u8]>, limits: KeyLimits) -> Result<Params, KeyError> {
    let r = r.unwrap_or_default();
    if r.len() > limits.total {
        return Err(KeyError::TooLong { bytes: r.len(), limit: limits.total });
    }
    let text = std::str::from_utf8(r).map_err(|_| KeyError::NotUtf8)?;
    let members = if text.is_empty() { Vec::new() } else { declared_members(pattern, text)? };

    let mut params = Vec::with_capacity(members.len());
    for (param, raw) in members {
        params.push((param.shared_name(), value(param.name(), raw, limits)?.into_boxed_str()));
    }
    let params = Params::from_unique(params);
    for param in pattern.params().filter(|param| param.kind().must_have_value()) {
        params.require(param.name())?;
    }
    Ok(params)
}

/// The members of the object that the pattern has params for, none of their values decoded: a member given twice has
/// its first place and its last value, so only that value can be judged.
fn declared_members<'a>(pattern: &'a Pattern, text: &'a str) -> Result<Vec<(&'a Param, &'a RawValue)>, KeyError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let members = json.deserialize_map(Members { pattern }).map_err(|_| KeyError::NotAnObject)?;
    json.end().map_err(|_| KeyError::NotAnObject)?;
    Ok(members)
}

fn value(name: &str, raw: &RawValue, limits: KeyLimits) -> Result<String, KeyError> {
    let name = || name.to_owned();
    if !raw.get().starts_with('"') {
        return Err(KeyError::NotAString { name: name() });
    }
    // The text is known to be a JSON string, so all that can be wrong with it is what its escapes stand for.
    let value: String = serde_json::from_str(raw.get()).map_err(|_| KeyError::LoneSurrogate { name: name() })?;
    if value.len() > limits.value {
        return Err(KeyError::ValueTooLong { name: name(), bytes: value.len(), limit: limits.value });
    }
    Ok(value)
}

struct Members<'a> {
    pattern: &'a Pattern,
}

impl<'a> Visitor<'a> for Members<'a> {
    type Value = Vec<(&'a Param, &'a RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        // Raw on both sides. serde_json checks the syntax of raw text in a loop, so depth costs no stack, and lets a
        // lone surrogate pass, which would otherwise refuse the whole object for the sake of a member to be dropped.
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let Some(param) = self.declared(name) else { continue };
            match members.iter_mut().find(|(known, _)| *known == param) {
                Some((_, last)) => *last = value,
                None => members.push((param, value)),
            }
        }
        Ok(members)
    }
}

impl<'a> Members<'a> {
    fn declared(&self, name: &RawValue) -> Option<&'a Param> {
        // `"a"` is `a` too.
        let name: Cow<'_, str> = serde_json::from_str(name.get()).ok()?;
        self.pattern.params().find(|param| param.name() == name)
    }
}
