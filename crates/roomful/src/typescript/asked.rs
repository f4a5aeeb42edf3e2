//! What a type's `Deserialize` and `Serialize` ask of serde first. It shows whether serde's derive has written them: attributes say
//! nothing of a type where it has not.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{self, Impossible, Serialize, Serializer};

/// The first thing that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `deserialize_struct` or `serialize_struct`, with the type's name.
    Struct(&'static str),
    /// The same of a tuple struct.
    TupleStruct(&'static str),
    /// The same of one with one field.
    Newtype(&'static str),
    /// The same of one without.
    Unit(&'static str),
    /// An enum by its name.
    Enum(&'static str),
    /// A map.
    Map,
    /// Whatever comes.
    Any,
    /// Something that no derive of a struct or an enum asks for.
    Other,
}

/// Asks `T` where it can be read, which the derive of `TS` cannot know. See [`Probe`](super::Probe).
pub struct Reading<T>(PhantomData<T>);

impl<T> Reading<T> {
    #[allow(clippy::new_without_default, reason = "only the derive's expansion makes one")]
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Asks a type that can be read.
pub trait Reads {
    /// What it asks for.
    fn asked(&self) -> Option<Asked>;
}

/// For ever, and not for any time: what borrows is asked, too.
impl<T: Deserialize<'static>> Reads for &Reading<T> {
    fn asked(&self) -> Option<Asked> {
        Some(T::deserialize(Answerless).err().unwrap_or(Asked::Other))
    }
}

/// Asks nothing of one that cannot.
pub trait ReadsNot {
    /// Nothing.
    fn asked(&self) -> Option<Asked>;
}

impl<T> ReadsNot for Reading<T> {
    fn asked(&self) -> Option<Asked> {
        None
    }
}

/// Asks `T` where it can be written, of a value that the derive of `TS` has made.
pub struct Writing<T>(
    /// The value.
    pub Option<T>,
);

/// Asks a value that can be written.
pub trait Writes {
    /// What it asks for.
    fn asked(&self) -> Option<Asked>;
}

impl<T: Serialize> Writes for &Writing<T> {
    fn asked(&self) -> Option<Asked> {
        self.0.as_ref().map(|value| value.serialize(Answerless).err().unwrap_or(Asked::Other))
    }
}

/// Asks nothing of one that cannot.
pub trait WritesNot {
    /// Nothing.
    fn asked(&self) -> Option<Asked>;
}

impl<T> WritesNot for Writing<T> {
    fn asked(&self) -> Option<Asked> {
        None
    }
}

/// Fails with whatever it is asked for.
struct Answerless;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

impl ser::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

macro_rules! asks {
    ($($method:ident($($argument:ident: $ty:ty),*) = $asked:expr;)+) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* _: V) -> Result<V::Value, Asked> {
            Err($asked)
        })+
    };
}

impl<'de> Deserializer<'de> for Answerless {
    type Error = Asked;

    asks! {
        deserialize_any() = Asked::Any;
        deserialize_map() = Asked::Map;
        deserialize_struct(name: &'static str, _fields: &'static [&'static str]) = Asked::Struct(name);
        deserialize_tuple_struct(name: &'static str, _len: usize) = Asked::TupleStruct(name);
        deserialize_newtype_struct(name: &'static str) = Asked::Newtype(name);
        deserialize_unit_struct(name: &'static str) = Asked::Unit(name);
        deserialize_enum(name: &'static str, _variants: &'static [&'static str]) = Asked::Enum(name);
        deserialize_bool() = Asked::Other;
        deserialize_i8() = Asked::Other;
        deserialize_i16() = Asked::Other;
        deserialize_i32() = Asked::Other;
        deserialize_i64() = Asked::Other;
        deserialize_i128() = Asked::Other;
        deserialize_u8() = Asked::Other;
        deserialize_u16() = Asked::Other;
        deserialize_u32() = Asked::Other;
        deserialize_u64() = Asked::Other;
        deserialize_u128() = Asked::Other;
        deserialize_f32() = Asked::Other;
        deserialize_f64() = Asked::Other;
        deserialize_char() = Asked::Other;
        deserialize_str() = Asked::Other;
        deserialize_string() = Asked::Other;
        deserialize_bytes() = Asked::Other;
        deserialize_byte_buf() = Asked::Other;
        deserialize_option() = Asked::Other;
        deserialize_unit() = Asked::Other;
        deserialize_seq() = Asked::Other;
        deserialize_tuple(_len: usize) = Asked::Other;
        deserialize_identifier() = Asked::Other;
        deserialize_ignored_any() = Asked::Other;
    }
}

macro_rules! writes {
    ($($method:ident($($argument:ident: $ty:ty),*) -> $result:ty = $asked:expr;)+) => {
        $(fn $method(self, $($argument: $ty),*) -> Result<$result, Asked> {
            Err($asked)
        })+
    };
}

type Never = Impossible<(), Asked>;

impl Serializer for Answerless {
    type Ok = ();
    type Error = Asked;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    writes! {
        serialize_unit_struct(name: &'static str) -> () = Asked::Unit(name);
        serialize_unit_variant(name: &'static str, _index: u32, _variant: &'static str) -> () = Asked::Enum(name);
        serialize_struct(name: &'static str, _len: usize) -> Never = Asked::Struct(name);
        serialize_tuple_struct(name: &'static str, _len: usize) -> Never = Asked::TupleStruct(name);
        serialize_map(_len: Option<usize>) -> Never = Asked::Map;
        serialize_tuple_variant(name: &'static str, _index: u32, _variant: &'static str, _len: usize) -> Never = Asked::Enum(name);
        serialize_struct_variant(name: &'static str, _index: u32, _variant: &'static str, _len: usize) -> Never = Asked::Enum(name);
        serialize_bool(_value: bool) -> () = Asked::Other;
        serialize_i8(_value: i8) -> () = Asked::Other;
        serialize_i16(_value: i16) -> () = Asked::Other;
        serialize_i32(_value: i32) -> () = Asked::Other;
        serialize_i64(_value: i64) -> () = Asked::Other;
        serialize_i128(_value: i128) -> () = Asked::Other;
        serialize_u8(_value: u8) -> () = Asked::Other;
        serialize_u16(_value: u16) -> () = Asked::Other;
        serialize_u32(_value: u32) -> () = Asked::Other;
        serialize_u64(_value: u64) -> () = Asked::Other;
        serialize_u128(_value: u128) -> () = Asked::Other;
        serialize_f32(_value: f32) -> () = Asked::Other;
        serialize_f64(_value: f64) -> () = Asked::Other;
        serialize_char(_value: char) -> () = Asked::Other;
        serialize_str(_value: &str) -> () = Asked::Other;
        serialize_bytes(_value: &[u8]) -> () = Asked::Other;
        serialize_none() -> () = Asked::Other;
        serialize_unit() -> () = Asked::Other;
        serialize_seq(_len: Option<usize>) -> Never = Asked::Other;
        serialize_tuple(_len: usize) -> Never = Asked::Other;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Asked> {
        Err(Asked::Other)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, _: &T) -> Result<(), Asked> {
        Err(Asked::Newtype(name))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Asked> {
        Err(Asked::Enum(name))
    }
}
