//! What the wrappers of integers ([`AsBigInt`](crate::AsBigInt), [`AsNumber`](crate::AsNumber)) may hold.

use std::fmt;
use std::str::FromStr;

/// An integer, as [`AsBigInt`](crate::AsBigInt) and [`AsNumber`](crate::AsNumber) hold one: each of Rust's own, from `i8` to `u128`, `isize` and `usize`.
///
/// A type of an app's own may be one, too: where `Display` writes decimal digits, behind a `-` if need be, and nothing else, where
/// `FromStr` reads them, and where it becomes an `i64` whenever it fits into one.
pub trait Integer: Copy + fmt::Display + FromStr<Err: fmt::Display> + TryFrom<i64> + TryInto<i64> + 'static {}

macro_rules! are_integers {
    ($($ty:ty),+) => {
        $(impl Integer for $ty {})+
    };
}

are_integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

/// What is wrong with one that has 64 bits or more, and what to do.
pub(crate) const INSTEAD: &str = "which JavaScript rounds from 2^53 on: make it `roomful::AsBigInt<..>` or \
                                  `roomful::AsText<..>`, which are strings in JSON; or say that it stays below, with `roomful::AsNumber<..>` or, for all, \
                                  `LargeIntegers::Number`";
