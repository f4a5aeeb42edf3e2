//! What a bound may be set to, and what is said of one that cannot be meant.

use std::fmt;
use std::ops::RangeInclusive;

use crate::rate::Rate;

/// Whose bound it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Each room and each socket may have its own.
    Room,
    /// All rooms of a process together have one.
    Process,
}

/// The type of a bound: one number or several, or none where it may be switched off.
pub(crate) trait Bound: PartialEq {
    /// Whether `None` is one of its values.
    const MAY_BE_OFF: bool = false;

    /// Each number in it, with what is said behind the bound's name to name that number.
    fn numbers(&self) -> Vec<(&'static str, u64)>;

    /// The bound of which each number is this one, or the type's own most; `None` is off, or what it is now.
    fn put(&mut self, number: Option<u64>);
}

/// A bound that no room could work with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitError {
    /// The bound, as it is called in [`Limits`](crate::Limits): `rate.per_second`.
    pub limit: String,
    /// What it was set to.
    pub value: u64,
    /// What is wrong with that.
    pub why: WrongLimit,
}

/// What is wrong with a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongLimit {
    /// It is less or more than can be meant.
    OutOfRange {
        /// The least and the most.
        range: RangeInclusive<u64>,
        /// Whether it is switched off with `None`.
        may_be_off: bool,
    },
    /// A room's own limits set a bound of the whole process: nothing would ever read it there.
    OfTheProcess,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, value, why } = self;
        write!(f, "`{limit}` is {value}: ")?;
        match why {
            WrongLimit::OutOfRange { range, may_be_off } => {
                write!(f, "write a number from {} to {}", range.start(), range.end())?;
                if *may_be_off { f.write_str(", or `None` to switch it off") } else { Ok(()) }
            }
            WrongLimit::OfTheProcess => {
                f.write_str("it bounds the whole process, and is set with `Rooms::new().limits(..)`")
            }
        }
    }
}

impl std::error::Error for LimitError {}

/// The numbers of one bound that are out of range.
pub(crate) fn out_of_range<T: Bound>(name: &str, bound: &T, range: &RangeInclusive<u64>) -> Vec<LimitError> {
    let wrong = bound.numbers().into_iter().filter(|(_, number)| !range.contains(number));
    let error = |(part, value)| LimitError {
        limit: format!("{name}{part}"),
        value,
        why: WrongLimit::OutOfRange { range: range.clone(), may_be_off: T::MAY_BE_OFF },
    };
    wrong.map(error).collect()
}

/// A bound of the process that a room's own limits set: where it is neither the app's nor the default.
pub(crate) fn of_the_process<T: Bound>(name: &str, own: &T, app: &T, default: &T) -> Vec<LimitError> {
    if own == app || own == default {
        return Vec::new();
    }
    let error = |(part, value)| LimitError { limit: format!("{name}{part}"), value, why: WrongLimit::OfTheProcess };
    own.numbers().into_iter().map(error).collect()
}

impl Bound for u64 {
    fn numbers(&self) -> Vec<(&'static str, u64)> {
        vec![("", *self)]
    }

    fn put(&mut self, number: Option<u64>) {
        *self = number.unwrap_or(*self);
    }
}

impl Bound for usize {
    fn numbers(&self) -> Vec<(&'static str, u64)> {
        vec![("", *self as u64)]
    }

    fn put(&mut self, number: Option<u64>) {
        *self = number.map_or(*self, |number| usize::try_from(number).unwrap_or(usize::MAX));
    }
}

impl Bound for u32 {
    fn numbers(&self) -> Vec<(&'static str, u64)> {
        vec![("", u64::from(*self))]
    }

    fn put(&mut self, number: Option<u64>) {
        *self = number.map_or(*self, |number| u32::try_from(number).unwrap_or(u32::MAX));
    }
}

impl Bound for Rate {
    fn numbers(&self) -> Vec<(&'static str, u64)> {
        vec![(".per_second", self.per_second.into()), (".burst", self.burst.into())]
    }

    fn put(&mut self, number: Option<u64>) {
        self.per_second.put(number);
        self.burst.put(number);
    }
}

impl<T: Bound + Default> Bound for Option<T> {
    const MAY_BE_OFF: bool = true;

    fn numbers(&self) -> Vec<(&'static str, u64)> {
        self.as_ref().map(T::numbers).unwrap_or_default()
    }

    fn put(&mut self, number: Option<u64>) {
        *self = number.map(|number| {
            let mut bound = T::default();
            bound.put(Some(number));
            bound
        });
    }
}
