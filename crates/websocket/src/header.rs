//! The head of a client's frame.

use crate::mask::Mask;
use crate::{DecodeError, Opcode};

/// The longest head: two bytes, eight of length, four of mask.
pub(crate) const LONGEST: usize = 14;

/// The most bytes that a control frame carries.
pub(crate) const CONTROL_PAYLOAD: usize = 125;

/// What the head of a frame says, by itself legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    /// Reserved bit 1, which permessage-deflate gives its meaning.
    pub(crate) compressed: bool,
    pub(crate) opcode: Opcode,
    pub(crate) length: u64,
    pub(crate) mask: Mask,
}

/// Reads the head that `bytes` begin with, and how many of them it is; `None` where more must come.
///
/// Each rule is checked as soon as the bytes that it is about are there.
pub(crate) fn parse(bytes: &[u8], deflate: bool) -> Result<Option<(Header, usize)>, DecodeError> {
    let [first, after @ ..] = bytes else { return Ok(None) };
    let (fin, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
    if first & 0x30 != 0 || (compressed && !deflate) {
        return Err(DecodeError::ReservedBit);
    }
    let opcode = Opcode::from_bits(first & 0x0F).ok_or(DecodeError::ReservedOpcode(first & 0x0F))?;
    if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
        return Err(DecodeError::ReservedBit);
    }
    if opcode.is_control() && !fin {
        return Err(DecodeError::FragmentedControl);
    }
    let [second, after @ ..] = after else { return Ok(None) };
    if second & 0x80 == 0 {
        return Err(DecodeError::Unmasked);
    }
    if opcode.is_control() && usize::from(second & 0x7F) > CONTROL_PAYLOAD {
        return Err(DecodeError::LongControl);
    }
    let Some((length, after)) = parse_length(second & 0x7F, after)? else { return Ok(None) };
    let Some(mask) = after.first_chunk() else { return Ok(None) };
    let header = Header { fin, compressed, opcode, length, mask: Mask(*mask) };
    Ok(Some((header, bytes.len() - after.len() + mask.len())))
}

/// The length, which the seven bits hold or which follows them, and the bytes after it.
fn parse_length(seven_bits: u8, bytes: &[u8]) -> Result<Option<(u64, &[u8])>, DecodeError> {
    match seven_bits {
        126 => {
            let Some((length, after)) = bytes.split_first_chunk() else { return Ok(None) };
            let length = u16::from_be_bytes(*length);
            if length < 126 {
                return Err(DecodeError::LengthNotMinimal);
            }
            Ok(Some((length.into(), after)))
        }
        127 => {
            let Some((length, after)) = bytes.split_first_chunk() else { return Ok(None) };
            let length = u64::from_be_bytes(*length);
            if length >> 63 != 0 {
                return Err(DecodeError::LengthOutOfRange);
            }
            if length <= u16::MAX.into() {
                return Err(DecodeError::LengthNotMinimal);
            }
            Ok(Some((length, after)))
        }
        length => Ok(Some((length.into(), bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_checked_as_soon_as_the_bytes_that_it_is_about_are_there() {
        for (bytes, error) in [
            (&[0x91][..], DecodeError::ReservedBit),
            (&[0xA1], DecodeError::ReservedBit),
            (&[0xC1], DecodeError::ReservedBit),
            (&[0x83], DecodeError::ReservedOpcode(3)),
            (&[0x8B], DecodeError::ReservedOpcode(11)),
            (&[0x08], DecodeError::FragmentedControl),
            (&[0x81, 0x01], DecodeError::Unmasked),
            (&[0x89, 0xFE], DecodeError::LongControl),
            (&[0x81, 0xFE, 0x00, 0x7D], DecodeError::LengthNotMinimal),
            (&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], DecodeError::LengthNotMinimal),
            (&[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], DecodeError::LengthOutOfRange),
        ] {
            assert_eq!(parse(bytes, false), Err(error), "{bytes:x?}");
            assert_eq!(parse(&bytes[..bytes.len() - 1], false), Ok(None), "{bytes:x?}");
        }
    }

    #[test]
    fn a_head_is_as_long_as_its_length_needs() {
        for (head, length) in [
            (&[0x81, 0xFD][..], 125),
            (&[0x81, 0xFE, 0x00, 0x7E], 126),
            (&[0x81, 0xFE, 0xFF, 0xFF], 65535),
            (&[0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0], 65536),
        ] {
            let bytes = [head, &[1, 2, 3, 4, b'x']].concat();
            let mask = Mask([1, 2, 3, 4]);
            let header = Header { fin: true, compressed: false, opcode: Opcode::Text, length, mask };
            assert_eq!(parse(&bytes, false), Ok(Some((header, head.len() + 4))));
            assert_eq!(parse(&bytes[..head.len() + 3], false), Ok(None));
        }
    }
}
