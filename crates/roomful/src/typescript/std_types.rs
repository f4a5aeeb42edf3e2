//! What std's types and serde_json's are in JSON, as serde has them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZero, Saturating, Wrapping};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime};

use roomful_core::{MemberId, UserId};

use super::describing::Describing;
use super::shape::{Element, Number, Object, Property, Shape, Variation};
use super::ts::TS;

macro_rules! is {
    ($shape:expr => $($ty:ty),+ $(,)?) => {
        $(impl TS for $ty {
            fn shape(_: &mut Describing) -> Shape {
                $shape
            }
        })+
    };
}

is!(Shape::Boolean => bool, AtomicBool);
is!(Shape::Null => ());
is!(Shape::Text => char, str, String, Path, PathBuf);
is!(Shape::Text => IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6);
is!(Shape::Text => MemberId, UserId);
is!(Shape::Json => serde_json::Value);
is!(Shape::Number(Number::Float) => f32, f64, serde_json::Number);
is!(Shape::Map(Box::new(Shape::Text), Box::new(Shape::Json)) => serde_json::Map<String, serde_json::Value>);
is!(Shape::Number(Number::Integer) => i8, i16, i32, u8, u16, u32, NonZero<i8>, NonZero<i16>, NonZero<i32>);
is!(Shape::Number(Number::Integer) => NonZero<u8>, NonZero<u16>, NonZero<u32>);
is!(Shape::Number(Number::Integer) => AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32);
is!(Shape::Number(Number::Integer64) => i64, u64, isize, usize, NonZero<i64>, NonZero<u64>);
is!(Shape::Number(Number::Integer64) => NonZero<isize>, NonZero<usize>);
is!(Shape::Number(Number::Integer64) => std::sync::atomic::AtomicIsize, std::sync::atomic::AtomicUsize);
#[cfg(target_has_atomic = "64")]
is!(Shape::Number(Number::Integer64) => std::sync::atomic::AtomicI64, std::sync::atomic::AtomicU64);
is!(Shape::Number(Number::Integer128) => i128, u128, NonZero<i128>, NonZero<u128>);
is!(times("secs", "nanos") => Duration);
is!(times("secs_since_epoch", "nanos_since_epoch") => SystemTime);

macro_rules! is_what_it_holds {
    ($($ty:ty),+ $(,)?) => {
        $(impl<T: TS + ?Sized> TS for $ty {
            fn shape(to: &mut Describing) -> Shape {
                T::shape(to)
            }
        })+
    };
}

is_what_it_holds!(Box<T>, Rc<T>, Arc<T>, RefCell<T>, Mutex<T>, RwLock<T>, &'static T);

macro_rules! is_its_value {
    ($($ty:ty),+ $(,)?) => {
        $(impl<T: TS> TS for $ty {
            fn shape(to: &mut Describing) -> Shape {
                T::shape(to)
            }
        })+
    };
}

is_its_value!(Cell<T>, Reverse<T>, Wrapping<T>, Saturating<T>);

impl<T: TS + ToOwned + ?Sized> TS for Cow<'static, T> {
    fn shape(to: &mut Describing) -> Shape {
        T::shape(to)
    }
}

/// A unit, whatever it stands for.
impl<T: ?Sized + 'static> TS for PhantomData<T> {
    fn shape(_: &mut Describing) -> Shape {
        Shape::Null
    }
}

impl<T: TS> TS for Option<T> {
    fn shape(to: &mut Describing) -> Shape {
        Shape::Option(Box::new(T::shape(to)))
    }
}

impl<T: TS, E: TS> TS for Result<T, E> {
    fn shape(to: &mut Describing) -> Shape {
        Shape::External(vec![variation("Ok", Some(T::shape(to))), variation("Err", Some(E::shape(to)))])
    }
}

macro_rules! is_a_list {
    ($([$($params:tt)*] $ty:ty),+ $(,)?) => {
        $(impl<T: TS, $($params)*> TS for $ty {
            fn shape(to: &mut Describing) -> Shape {
                Shape::Array(Box::new(T::shape(to)))
            }
        })+
    };
}

is_a_list!([] [T], [] Vec<T>, [] VecDeque<T>, [] LinkedList<T>, [] BinaryHeap<T>, [] BTreeSet<T>);
is_a_list!([S: 'static] HashSet<T, S>);

impl<T: TS, const N: usize> TS for [T; N] {
    fn shape(to: &mut Describing) -> Shape {
        let element = Element { shape: T::shape(to), optional: false };
        Shape::Tuple(vec![element; N])
    }
}

impl<K: TS, V: TS> TS for BTreeMap<K, V> {
    fn shape(to: &mut Describing) -> Shape {
        Shape::Map(Box::new(K::shape(to)), Box::new(V::shape(to)))
    }
}

impl<K: TS, V: TS, S: 'static> TS for HashMap<K, V, S> {
    fn shape(to: &mut Describing) -> Shape {
        Shape::Map(Box::new(K::shape(to)), Box::new(V::shape(to)))
    }
}

macro_rules! is_a_tuple {
    ($($ty:ident)+) => {
        impl<$($ty: TS),+> TS for ($($ty,)+) {
            fn shape(to: &mut Describing) -> Shape {
                Shape::Tuple(vec![$(Element { shape: $ty::shape(to), optional: false }),+])
            }
        }
    };
}

is_a_tuple!(A);
is_a_tuple!(A B);
is_a_tuple!(A B C);
is_a_tuple!(A B C D);
is_a_tuple!(A B C D E);
is_a_tuple!(A B C D E F);
is_a_tuple!(A B C D E F G);
is_a_tuple!(A B C D E F G H);
is_a_tuple!(A B C D E F G H I);
is_a_tuple!(A B C D E F G H I J);
is_a_tuple!(A B C D E F G H I J K);
is_a_tuple!(A B C D E F G H I J K L);
is_a_tuple!(A B C D E F G H I J K L M);
is_a_tuple!(A B C D E F G H I J K L M N);
is_a_tuple!(A B C D E F G H I J K L M N O);
is_a_tuple!(A B C D E F G H I J K L M N O P);

macro_rules! is_a_range {
    ($($ty:ident has $($name:literal)+),+) => {
        $(impl<T: TS> TS for $ty<T> {
            fn shape(to: &mut Describing) -> Shape {
                closed(vec![$(property($name, T::shape(to))),+])
            }
        })+
    };
}

is_a_range!(Range has "start" "end", RangeInclusive has "start" "end", RangeFrom has "start", RangeTo has "end");

impl<T: TS> TS for Bound<T> {
    fn shape(to: &mut Describing) -> Shape {
        Shape::External(vec![
            variation("Unbounded", None),
            variation("Included", Some(T::shape(to))),
            variation("Excluded", Some(T::shape(to))),
        ])
    }
}

fn times(seconds: &'static str, nanoseconds: &'static str) -> Shape {
    closed(vec![
        // Of 64 bits, and nobody is warned: 2^53 seconds are more than 285 million years.
        property(seconds, Shape::Number(Number::Integer)),
        property(nanoseconds, Shape::Number(Number::Integer)),
    ])
}

/// serde reads none of its objects with a property more.
fn closed(properties: Vec<Property>) -> Shape {
    Shape::Object(Object { properties, closed: true, ..Object::default() })
}

fn property(name: &'static str, shape: Shape) -> Property {
    Property { name, optional: false, shape, docs: "", at: String::new() }
}

fn variation(name: &'static str, content: Option<Shape>) -> Variation {
    Variation { name, content, docs: "", at: String::new() }
}
