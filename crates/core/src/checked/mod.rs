//! What JSON cannot say, and what nobody reads: numbers that are none, and nesting without end.
//!
//! `serde_json` writes `null` for a NaN and for an infinity, and whoever reads it has no number and no error. So what is
//! written goes through a serializer around that one, which only looks at floats. Where it refuses one, or where anything else
//! fails, each level names itself on the way out: a value that can be written pays for none of it.
//!
//! `serde_json` reads so many levels, and writes as many as there are, until the stack ends, and the process with it. So what is
//! deeper than [`DEEPEST`] is refused, too.

mod refused;
#[cfg(test)]
mod tests;

use std::fmt;

use refused::{Note, Part};
use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Objects and lists within one another, at most. `serde_json` reads 127, and a frame is some around its payload: a list, a
/// snapshot, its members, one of them.
const DEEPEST: u8 = 120;

/// The JSON of `value`, in which every number is one.
pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let refused = Note::default();
    let written = serde_json::to_vec(&Checked { value, refused: &refused, left: DEEPEST });
    written.map_err(|error| refused.told(&error).map_or(error, serde_json::Error::custom))
}

/// A value, written by [`Watching`].
struct Checked<'a, T: ?Sized> {
    value: &'a T,
    refused: &'a Note,
    /// How many more levels there may be.
    left: u8,
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Watching { inner: serializer, refused: self.refused, left: self.left })
    }
}

/// A serializer, of which only the floats are looked at.
struct Watching<'a, S> {
    inner: S,
    refused: &'a Note,
    left: u8,
}

impl<S: Serializer> Watching<'_, S> {
    /// What is left where so many levels are entered.
    #[inline]
    fn enter(&self, levels: u8) -> Result<u8, S::Error> {
        self.left.checked_sub(levels).ok_or_else(|| too_deep(self.refused))
    }
}

#[cold]
fn too_deep<E: serde::ser::Error>(note: &Note) -> E {
    note.depth();
    E::custom(format_args!("it is nested more than {DEEPEST} levels deep, and nobody could read it"))
}

/// Part of a value: what is serialized within it is watched, too.
struct Within<'a, C> {
    inner: C,
    refused: &'a Note,
    left: u8,
    /// The variant whose content it is, as a key around it.
    variant: Option<&'static str>,
    /// How many items there were.
    items: usize,
}

impl<'a, C> Within<'a, C> {
    #[inline]
    fn new(inner: C, refused: &'a Note, left: u8) -> Self {
        Self { inner, refused, left, variant: None, items: 0 }
    }

    #[inline]
    fn of(variant: &'static str, inner: C, refused: &'a Note, left: u8) -> Self {
        Self { inner, refused, left, variant: Some(variant), items: 0 }
    }

    /// Names a part of it on the way out, and itself.
    #[cold]
    fn name(&self, part: Part) {
        self.refused.name(part);
        if let Some(variant) = self.variant {
            self.refused.name(Part::Field(variant));
        }
    }
}

#[cold]
fn refuse<E: serde::ser::Error>(note: &Note, number: f64) -> E {
    note.number(number);
    E::custom("a number that JSON cannot say")
}

macro_rules! as_they_are {
    ($($method:ident($type:ty)),+) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
                self.inner.$method(value)
            }
        )+
    };
}

impl<'a, S: Serializer> Serializer for Watching<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Within<'a, S::SerializeSeq>;
    type SerializeTuple = Within<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Within<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Within<'a, S::SerializeTupleVariant>;
    type SerializeMap = Within<'a, S::SerializeMap>;
    type SerializeStruct = Within<'a, S::SerializeStruct>;
    type SerializeStructVariant = Within<'a, S::SerializeStructVariant>;

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.inner.serialize_f32(value) } else { Err(refuse(self.refused, value.into())) }
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.inner.serialize_f64(value) } else { Err(refuse(self.refused, value)) }
    }

    as_they_are! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_i128(i128), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_u128(u128), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Checked { value, refused: self.refused, left: self.left })
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, of: &'static str, nth: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(of, nth, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, of: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(of, &Checked { value, refused: self.refused, left: self.left })
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Checked { value, refused: self.refused, left: self.enter(1)? };
        let written = self.inner.serialize_newtype_variant(of, nth, variant, &value);
        written.inspect_err(|_| Within::new((), self.refused, 0).name(Part::Field(variant)))
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_seq(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_tuple(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple_struct(self, of: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_tuple_struct(of, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let left = self.enter(2)?;
        Ok(Within::of(variant, self.inner.serialize_tuple_variant(of, nth, variant, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_map(len)?, self.refused, left))
    }

    #[inline]
    fn serialize_struct(self, of: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let left = self.enter(1)?;
        Ok(Within::new(self.inner.serialize_struct(of, len)?, self.refused, left))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        of: &'static str,
        nth: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let left = self.enter(2)?;
        Ok(Within::of(variant, self.inner.serialize_struct_variant(of, nth, variant, len)?, self.refused, left))
    }

    #[inline]
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The kinds of a value that have items without names.
macro_rules! items {
    ($($kind:ident::$method:ident),+) => {
        $(
            impl<C: $kind> $kind for Within<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                    let written = self.inner.$method(&Checked { value, refused: self.refused, left: self.left });
                    self.items += 1;
                    written.inspect_err(|_| self.name(Part::Item(self.items - 1)))
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )+
    };
}

items!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! fields {
    ($($kind:ident),+) => {
        $(
            impl<C: $kind> $kind for Within<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    field: &'static str,
                    value: &T,
                ) -> Result<(), C::Error> {
                    let written = self.inner.serialize_field(field, &Checked { value, refused: self.refused, left: self.left });
                    written.inspect_err(|_| self.name(Part::Field(field)))
                }

                #[inline]
                fn skip_field(&mut self, field: &'static str) -> Result<(), C::Error> {
                    self.inner.skip_field(field)
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Within<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let written = self.inner.serialize_key(&Checked { value: key, refused: self.refused, left: self.left });
        self.items += 1;
        written.inspect_err(|_| self.name(Part::Key(format!("key {}", self.items - 1))))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let written = self.inner.serialize_value(&Checked { value, refused: self.refused, left: self.left });
        written.inspect_err(|_| self.name(Part::Item(self.items - 1)))
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.serialize_key(key)?;
        let written = self.inner.serialize_value(&Checked { value, refused: self.refused, left: self.left });
        written.inspect_err(|_| {
            self.name(Part::Key(serde_json::to_string(key).unwrap_or_else(|_| "?".to_owned())));
        })
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
