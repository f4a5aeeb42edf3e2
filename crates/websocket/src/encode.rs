//! From messages to bytes. A server's frames are never masked, and here never fragmented.

use std::ops::Deref;

use crate::Opcode;
use crate::header::CONTROL_PAYLOAD;

/// The head of a server's frame: 2, 4 or 10 bytes.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    bytes: [u8; 10],
    length: u8,
}

impl Deref for FrameHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// The head of a frame that is a message of its own. `compressed` says that the payload is a
/// [`Deflater`](crate::deflate::Deflater)'s, which only a text or binary frame's may be.
#[must_use]
pub fn header(opcode: Opcode, payload_length: usize, compressed: bool) -> FrameHeader {
    let first = 0x80 | u8::from(compressed) << 6 | opcode as u8;
    let mut bytes = [first, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let length = if let Ok(short @ 0..=125) = u8::try_from(payload_length) {
        bytes[1] = short;
        2
    } else if let Ok(medium) = u16::try_from(payload_length) {
        bytes[1] = 126;
        bytes[2..4].copy_from_slice(&medium.to_be_bytes());
        4
    } else {
        bytes[1] = 127;
        bytes[2..].copy_from_slice(&(payload_length as u64).to_be_bytes());
        10
    };
    FrameHeader { bytes, length }
}

/// Appends a message that is not compressed.
///
/// ```
/// use roomful_websocket::{Opcode, encode};
///
/// let mut out = Vec::new();
/// encode::push_message(&mut out, Opcode::Text, b"hi");
/// assert_eq!(out, [0x81, 2, b'h', b'i']);
/// ```
pub fn push_message(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    push(out, header(opcode, payload.len(), false), payload);
}

/// Appends a message whose payload a [`Deflater`](crate::deflate::Deflater) made, for a client with which
/// permessage-deflate was agreed on.
pub fn push_compressed(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    push(out, header(opcode, payload.len(), true), payload);
}

/// Appends a close. Of the reason go at most 123 bytes, to the end of a character: a control frame carries no more.
pub fn push_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let reason = reason.get(..reason.floor_char_boundary(CONTROL_PAYLOAD - 2)).unwrap_or_default();
    out.extend_from_slice(&header(Opcode::Close, 2 + reason.len(), false));
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(reason.as_bytes());
}

/// Appends a ping. Of the payload go at most 125 bytes: a control frame carries no more.
pub fn push_ping(out: &mut Vec<u8>, payload: &[u8]) {
    push_control(out, Opcode::Ping, payload);
}

/// Appends a pong, which answers a ping by saying its payload again. At most 125 bytes go, which is all a ping has.
pub fn push_pong(out: &mut Vec<u8>, payload: &[u8]) {
    push_control(out, Opcode::Pong, payload);
}

fn push_control(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let payload = payload.get(..CONTROL_PAYLOAD).unwrap_or(payload);
    push(out, header(opcode, payload.len(), false), payload);
}

fn push(out: &mut Vec<u8>, header: FrameHeader, payload: &[u8]) {
    out.reserve(header.len() + payload.len());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_its_shortest_form() {
        for (length, head) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65535, &[0x82, 126, 0xFF, 0xFF]),
            (65536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            assert_eq!(*header(Opcode::Binary, length, false), *head);
        }
        assert_eq!(*header(Opcode::Text, 1, true), [0xC1, 1]);
    }

    #[test]
    fn a_control_frame_never_carries_too_much() {
        let mut out = Vec::new();
        push_ping(&mut out, &[7; 126]);
        assert_eq!(out[..2], [0x89, 125]);
        assert_eq!(out.len(), 127);

        out.clear();
        push_close(&mut out, 1001, &"ä".repeat(62));
        assert_eq!(out[..4], [0x88, 124, 0x03, 0xE9]);
        assert_eq!(out[4..], *"ä".repeat(61).as_bytes());
    }
}
