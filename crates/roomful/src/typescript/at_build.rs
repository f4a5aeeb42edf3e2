//! What `build()` says of integers that JavaScript rounds: an app should not have to generate its TypeScript to be told.

use std::collections::BTreeMap;

use roomful_runtime::Definition;

use super::large::{LargeInteger, LargeIntegers};
use super::sink::TypeSink;
use crate::integer::INSTEAD;

/// Of so many types it warns: whoever has more has to look at all of them, or says that they are meant.
const MOST_TYPES: usize = 16;
/// So many places of a type are named.
const MOST_PLACES: usize = 8;

/// Those that are refused, each with its room. Those that are warned of go into the log.
pub(crate) fn large_integers<'a>(
    definitions: impl Iterator<Item = (String, &'a Definition)>,
    meant: LargeIntegers,
) -> Vec<(String, LargeInteger)> {
    if meant == LargeIntegers::Number {
        return Vec::new();
    }
    let mut found: Vec<(String, LargeInteger)> = Vec::new();
    for (of, definition) in definitions {
        let mut types = TypeSink::new(false);
        definition.endpoint.describe(&mut types);
        for large in types.large() {
            // A type of several rooms is told of with the first.
            if !found.iter().any(|(_, known)| *known == large) {
                found.push((of.clone(), large));
            }
        }
    }
    if meant == LargeIntegers::Warn {
        warn(&found);
        found.clear();
    }
    found
}

fn warn(found: &[(String, LargeInteger)]) {
    let mut types: BTreeMap<&str, Vec<&(String, LargeInteger)>> = BTreeMap::new();
    for one in found {
        types.entry(one.1.type_name()).or_default().push(one);
    }
    for places in types.values().take(MOST_TYPES) {
        let named: Vec<_> = places.iter().take(MOST_PLACES).map(|(_, large)| format!("`{}`", large.at)).collect();
        let more = places.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let room = places.first().map_or("", |(of, _)| of);
        let verb = if places.len() == 1 { "is an integer" } else { "are integers" };
        tracing::warn!(room, "{}{more} {verb} of 64 bits or more, {INSTEAD}", named.join(", "));
    }
    let more = types.len().saturating_sub(MOST_TYPES);
    if more > 0 {
        tracing::warn!("{more} more types have integers of 64 bits or more: `rooms.typescript(..)` names all of them");
    }
}
