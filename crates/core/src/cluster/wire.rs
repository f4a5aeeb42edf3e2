//! Numbers, texts and lists as bytes, and back from bytes that anybody may have written.
//!
//! A length is believed only as far as there are bytes for it, so nothing that is read makes more memory than was sent.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{Json, MemberId, UserId};

/// These bytes are nothing that a node writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

/// Something that stands in an envelope. What is read of bytes that were written is what was written.
pub(super) trait Wire: Sized {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader) -> Result<Self, Malformed>;
}

/// Bytes that grow.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

/// What is left of bytes to be read. What is taken of them shares their memory.
#[derive(Debug, Clone)]
pub(super) struct Reader(Bytes);

/// Bits of a byte of a number of variable length; the highest says that another follows.
const VARINT_BITS: u32 = 7;

/// More than there will ever be of anything that is counted, and far from where adding would overflow.
pub(super) const MOST_COUNTED: u64 = 1 << 60;

impl Writer {
    pub(super) fn into_bytes(self) -> Bytes {
        self.0.into()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Short where it is small.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 1 << VARINT_BITS {
            self.0.push(number as u8 | 1 << VARINT_BITS);
            number >>= VARINT_BITS;
        }
        self.0.push(number as u8);
    }

    /// Eight bytes, whatever it is: a random number is not small.
    pub(super) fn word(&mut self, word: u64) {
        self.raw(&word.to_be_bytes());
    }

    pub(super) fn sized(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(super) fn list<T: Wire>(&mut self, items: &[T]) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| item.write(self));
    }

    pub(super) fn optional<T: Wire>(&mut self, value: Option<&T>) {
        self.byte(value.is_some().into());
        value.iter().for_each(|value| value.write(self));
    }
}

impl Reader {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rest(self) -> Bytes {
        self.0
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<Bytes, Malformed> {
        if bytes > self.0.len() { Err(Malformed) } else { Ok(self.0.split_to(bytes)) }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        <[u8; N]>::try_from(&self.take(N)?[..]).map_err(|_| Malformed)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for shift in (0..u64::BITS).step_by(VARINT_BITS as usize) {
            let byte = self.byte()?;
            let bits = u64::from(byte & !(1 << VARINT_BITS));
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(Malformed);
            }
            number |= shifted;
            if byte == bits as u8 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// A number that counts something, so that one more of it can be counted.
    pub(super) fn position(&mut self) -> Result<u64, Malformed> {
        self.number().and_then(|number| if number > MOST_COUNTED { Err(Malformed) } else { Ok(number) })
    }

    pub(super) fn word(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn sized(&mut self) -> Result<Bytes, Malformed> {
        let bytes = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.take(bytes)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.sized()?.into()).map_err(|_| Malformed)
    }

    pub(super) fn list<T: Wire>(&mut self) -> Result<Vec<T>, Malformed> {
        let items = self.number()?;
        let mut list = Vec::new();
        for _ in 0..items {
            // Every item has a byte at least, so a length that is a lie ends here.
            list.push(T::read(self)?);
        }
        Ok(list)
    }

    pub(super) fn optional<T: Wire>(&mut self) -> Result<Option<T>, Malformed> {
        if self.flag()? { T::read(self).map(Some) } else { Ok(None) }
    }

    /// The same, of what a release did not write that did not know of it.
    pub(super) fn added<T: Wire>(&mut self) -> Result<Option<T>, Malformed> {
        if self.0.is_empty() { Ok(None) } else { self.optional() }
    }

    /// As [`added`](Self::added).
    pub(super) fn added_number(&mut self) -> Result<u64, Malformed> {
        if self.0.is_empty() { Ok(0) } else { self.position() }
    }

    /// As [`added`](Self::added).
    pub(super) fn added_list<T: Wire>(&mut self) -> Result<Vec<T>, Malformed> {
        if self.0.is_empty() { Ok(Vec::new()) } else { self.list() }
    }
}

impl Wire for u64 {
    fn write(&self, to: &mut Writer) {
        to.word(*self);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.word()
    }
}

impl Wire for Arc<str> {
    fn write(&self, to: &mut Writer) {
        to.sized(self.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.text().map(Self::from)
    }
}

impl Wire for MemberId {
    fn write(&self, to: &mut Writer) {
        to.sized(self.as_str().as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let id = from.sized()?;
        std::str::from_utf8(&id).ok().and_then(|id| Self::parse(id).ok()).ok_or(Malformed)
    }
}

impl Wire for UserId {
    fn write(&self, to: &mut Writer) {
        to.sized(self.as_str().as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let user = from.sized()?;
        std::str::from_utf8(&user).ok().and_then(|user| Self::new(user).ok()).ok_or(Malformed)
    }
}

/// It goes into the frames of clients as it is, so that it is one JSON value is not taken on trust.
impl Wire for Json {
    fn write(&self, to: &mut Writer) {
        to.sized(self.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let text = from.sized()?;
        let value: &RawValue = serde_json::from_slice(&text).map_err(|_| Malformed)?;
        if value.get().len() != text.len() {
            return Err(Malformed);
        }
        Ok(Self::of_checked(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reader(bytes: &[u8]) -> Reader {
        Reader::new(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn a_number_that_is_none_is_not_read() {
        let most = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(reader(&most).number(), Ok(u64::MAX));
        for bytes in [&b""[..], &[0x80], &[0xff; 10], &[&[0xff; 9][..], &[2]].concat(), &[0x80; 20]] {
            assert_eq!(reader(bytes).number(), Err(Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_counted_can_be_counted_further() {
        let read = |number| {
            let mut writer = Writer::default();
            writer.number(number);
            Reader::new(writer.into_bytes()).position()
        };
        assert_eq!((read(MOST_COUNTED), read(MOST_COUNTED + 1)), (Ok(MOST_COUNTED), Err(Malformed)));
    }

    #[test]
    fn a_length_that_is_a_lie_makes_no_memory() {
        let mut lie = Writer::default();
        lie.number(u64::MAX);
        assert_eq!(reader(lie.as_bytes()).sized(), Err(Malformed));
        assert_eq!(reader(lie.as_bytes()).list::<u64>(), Err(Malformed));
        assert_eq!(reader(&[3, b'a']).text(), Err(Malformed));
    }

    #[test]
    fn what_is_no_value_of_its_kind_is_not_read() {
        let sized = |bytes: &[u8]| {
            let mut writer = Writer::default();
            writer.sized(bytes);
            Reader::new(writer.into_bytes())
        };
        for text in ["", "{", "1 2", " 1", "1 ", "\"\u{1}\"", "}{"] {
            assert_eq!(Json::read(&mut sized(text.as_bytes())), Err(Malformed), "{text}");
        }
        assert_eq!(Json::read(&mut sized(b"\"\xff\"")), Err(Malformed));
        assert_eq!(MemberId::read(&mut sized(b"a b")), Err(Malformed));
        assert_eq!(UserId::read(&mut sized(b"")), Err(Malformed));
        assert_eq!(UserId::read(&mut sized(b"\xff")), Err(Malformed));
        assert_eq!(reader(&[2, 0]).optional::<u64>(), Err(Malformed));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, word: u64, text in ".{0,40}", words: Vec<u64>, one: Option<u64>) {
            let mut writer = Writer::default();
            writer.number(number);
            writer.word(word);
            writer.sized(text.as_bytes());
            writer.list(&words);
            writer.optional(one.as_ref());
            let mut reader = Reader::new(writer.into_bytes());
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.word(), Ok(word));
            prop_assert_eq!(reader.text(), Ok(text));
            prop_assert_eq!(reader.list::<u64>(), Ok(words));
            prop_assert_eq!(reader.optional::<u64>(), Ok(one));
            prop_assert!(reader.is_empty());
        }
    }
}
