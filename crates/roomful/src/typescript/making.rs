//! A value of a type that can be read, whatever it is.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, SeqAccess, VariantAccess,
    Visitor,
};

/// How much is asked for one value at most: some types have no end.
const MOST: usize = 200;

/// Makes a `T` where it can be read, which the derive of `TS` cannot know. See [`Probe`](super::Probe).
pub struct Making<T>(PhantomData<T>);

impl<T> Making<T> {
    #[allow(clippy::new_without_default, reason = "only the derive's expansion makes one")]
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Makes a type that can be read.
pub trait Makes<T> {
    /// A value, unless the type wants what is not guessed.
    fn made(&self) -> Option<T>;
}

impl<T: Deserialize<'static>> Makes<T> for &Making<T> {
    fn made(&self) -> Option<T> {
        let asked = Cell::new(0);
        // The app's own conversions may be in the way.
        catch_unwind(AssertUnwindSafe(|| T::deserialize(Generous(&asked)).ok())).ok().flatten()
    }
}

/// Makes nothing of one that cannot.
pub trait MakesNot<T> {
    /// Nothing.
    fn made(&self) -> Option<T>;
}

impl<T> MakesNot<T> for Making<T> {
    fn made(&self) -> Option<T> {
        None
    }
}

/// Has whatever it is asked for, and counts.
#[derive(Clone, Copy)]
struct Generous<'a>(&'a Cell<usize>);

impl Generous<'_> {
    fn count(self) -> Result<(), Error> {
        self.0.set(self.0.get() + 1);
        if self.0.get() < MOST { Ok(()) } else { Err(Error::custom("it has no end")) }
    }
}

macro_rules! gives {
    ($($method:ident $visit:ident($value:expr);)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.count()?;
            visitor.$visit($value)
        })+
    };
}

impl<'de> Deserializer<'de> for Generous<'_> {
    type Error = Error;

    gives! {
        deserialize_bool visit_bool(false);
        deserialize_i8 visit_u8(1);
        deserialize_i16 visit_u8(1);
        deserialize_i32 visit_u8(1);
        deserialize_i64 visit_u8(1);
        deserialize_i128 visit_u8(1);
        deserialize_u8 visit_u8(1);
        deserialize_u16 visit_u8(1);
        deserialize_u32 visit_u8(1);
        deserialize_u64 visit_u8(1);
        deserialize_u128 visit_u8(1);
        deserialize_f32 visit_f32(0.5);
        deserialize_f64 visit_f64(0.5);
        deserialize_char visit_char('a');
        deserialize_str visit_str("a");
        deserialize_string visit_str("a");
        deserialize_identifier visit_str("a");
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.count()?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.count()?;
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.count()?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Several { of: self, left: 0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Several { of: self, left: len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Several { of: self, left: len })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(serde::de::value::MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }

    /// By their places: among the names are aliases.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Several { of: self, left: fields.len() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.count()?;
        let first = variants.first().copied().ok_or_else(|| Error::custom("it has no variant"))?;
        visitor.visit_enum(Variant { of: self, name: first })
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit unit_struct ignored_any }
}

struct Several<'a> {
    of: Generous<'a>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Several<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.of.count()?;
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.of).map(Some)
    }
}

struct Variant<'a> {
    of: Generous<'a>,
    name: &'static str,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Generous<'a>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Generous<'a>), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.of))
    }
}

impl<'de> VariantAccess<'de> for Generous<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}
