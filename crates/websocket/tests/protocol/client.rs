//! What clients send, legal or not.

use flate2::{Compress, Compression, FlushCompress};

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// The three reserved bits as a number; this one says that a message is compressed.
pub(crate) const COMPRESSED: u8 = 4;

/// A masked frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) key: [u8; 4],
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, reserved: 0, opcode, key: [0x37, 0xFA, 0x21, 0x3D], payload: payload.into() }
    }

    /// The same, as a frame that is not the last of its message.
    pub(crate) fn unfinished(self) -> Self {
        Self { fin: false, ..self }
    }

    pub(crate) fn reserved(self, reserved: u8) -> Self {
        Self { reserved, ..self }
    }

    pub(crate) fn key(self, key: [u8; 4]) -> Self {
        Self { key, ..self }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let length = self.payload.len();
        let mut bytes = vec![u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode];
        match length {
            0..=125 => bytes.push(0x80 | length as u8),
            126..=65535 => {
                bytes.push(0x80 | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(self.key);
        bytes.extend(self.payload.iter().zip(self.key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }
}

/// The payload of a close frame.
pub(crate) fn close_payload(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// A message in frames of at most `size` bytes.
pub(crate) fn fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<Frame> {
    let parts: Vec<&[u8]> = if payload.is_empty() { vec![payload] } else { payload.chunks(size).collect() };
    let last = parts.len() - 1;
    let frame = |(at, part): (usize, &&[u8])| Frame {
        fin: at == last,
        ..Frame::new(if at == 0 { opcode } else { CONTINUATION }, *part)
    };
    parts.iter().enumerate().map(frame).collect()
}

/// The payload of a compressed message, as a client without context takeover makes it.
pub(crate) fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 8 + 1024);
    let mut stream = Compress::new(Compression::default(), false);
    stream.compress_vec(payload, &mut out, FlushCompress::Sync).expect("a buffer with room enough");
    assert!(out.len() < out.capacity() && out.ends_with(&[0, 0, 0xFF, 0xFF]), "all of it came out");
    out.truncate(out.len() - 4);
    out
}
