//! The types that the build script has made up.
#![allow(
    dead_code,
    non_camel_case_types,
    unreachable_patterns,
    unused_variables,
    clippy::all,
    clippy::panic,
    missing_docs,
    reason = "nobody wrote them"
)]

use roomful::TS;
use serde::{Deserialize, Serialize};

use crate::case::{Case, case};

/// What a type is in TypeScript is told by the app here.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(type = "'left' | 'right'")]
pub(crate) enum Side {
    Left,
    Right,
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// Each type with values of it.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    macro_rules! add {
        ($ty:ident, [$($value:expr),*]) => {
            // A function for each, because one for all has more locals than a thread has stack.
            cases.push({
                fn values() -> Vec<$ty> {
                    vec![$($value),*]
                }
                case::<$ty>(stringify!($ty), values)
            });
        };
    }
    each!(add);
    cases
}
