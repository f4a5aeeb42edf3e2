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
