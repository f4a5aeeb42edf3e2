//! WebSocket frames, as far as a client of well-behaved servers needs them.

/// A frame's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A whole text message.
    Text,
    /// A ping, to be answered.
    Ping,
    /// An answer to a ping.
    Pong,
    /// The end.
    Close,
    /// What no peer here sends: binary messages, fragments, reserved opcodes.
    Other(u8),
}

/// A server's frame, found at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub opcode: Opcode,
    /// Whether `permessage-deflate` compressed it.
    pub compressed: bool,
    /// What it carries.
    pub payload: &'a [u8],
    /// Bytes from the start of its header to the end of its payload.
    pub len: usize,
}

/// What the start of some bytes is.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A whole frame.
    Whole(Frame<'a>),
    /// The start of a frame of this many bytes, or of one whose length is not known yet.
    Partial(Option<u64>),
    /// A masked frame, which a server must never send.
    Masked,
}

/// The server's frame that the bytes begin with.
pub fn parse(bytes: &[u8]) -> Parsed<'_> {
    let [first, second, ..] = *bytes else { return Parsed::Partial(None) };
    if second & 0x80 != 0 {
        return Parsed::Masked;
    }
    let (header, payload_len) = match second & 0x7f {
        126 => match bytes.get(2..4).and_then(|len| len.first_chunk()) {
            Some(len) => (4, u64::from(u16::from_be_bytes(*len))),
            None => return Parsed::Partial(None),
        },
        127 => match bytes.get(2..10).and_then(|len| len.first_chunk()) {
            Some(len) => (10, u64::from_be_bytes(*len)),
            None => return Parsed::Partial(None),
        },
        len => (2, u64::from(len)),
    };
    let len = payload_len.saturating_add(header);
    match usize::try_from(len).ok().and_then(|len| bytes.get(..len)) {
        None => Parsed::Partial(Some(len)),
        Some(whole) => Parsed::Whole(Frame {
            opcode: opcode(first),
            compressed: first & 0x40 != 0,
            payload: &whole[header as usize..],
            len: whole.len(),
        }),
    }
}

fn opcode(first: u8) -> Opcode {
    match (first & FIN != 0, first & 0x0f) {
        (true, 1) => Opcode::Text,
        (true, 8) => Opcode::Close,
        (true, 9) => Opcode::Ping,
        (true, 10) => Opcode::Pong,
        (_, other) => Opcode::Other(other),
    }
}

/// The bit of a frame's first byte that says that it is a message's last.
pub const FIN: u8 = 0x80;
/// The bit that says that it is compressed.
pub const COMPRESSED: u8 = 0x40;
/// The first byte of a whole text message.
pub const TEXT: u8 = 0x81;
/// The first byte of a fragment that is not a message's first, nor its last.
pub const CONTINUATION: u8 = 0x00;
/// The first byte of a ping.
pub const PING: u8 = 0x89;
/// The first byte of a pong.
pub const PONG: u8 = 0x8a;

/// Appends a text message, masked as a client must.
pub fn write_text(out: &mut Vec<u8>, payload: &[u8]) {
    write(out, TEXT, payload);
}

/// Appends the answer to a ping.
pub fn write_pong(out: &mut Vec<u8>, payload: &[u8]) {
    write(out, PONG, payload);
}

/// The mask hides nothing here, so one is as good as another; zero would let a server skip work that real clients make it do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Appends a frame that begins with this byte, masked as a client must.
pub fn write(out: &mut Vec<u8>, first: u8, payload: &[u8]) {
    out.push(first);
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn from_server(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut masked = Vec::new();
        write(&mut masked, first, payload);
        let header = masked.len() - payload.len() - MASK.len();
        let mut bytes = masked[..header].to_vec();
        bytes[1] &= 0x7f;
        bytes.extend(payload);
        bytes
    }

    proptest! {
        #[test]
        fn a_frame_is_whole_only_when_all_of_it_is_there(
            len in prop_oneof![0_usize..200, 65_500_usize..65_600],
            cut in 0.0..1.0_f64,
        ) {
            let payload = vec![b'x'; len];
            let mut bytes = from_server(0x81, &payload);
            let whole = bytes.len();
            let cut = (whole as f64 * cut) as usize;
            prop_assert!(matches!(parse(&bytes[..cut]), Parsed::Partial(_)));
            bytes.extend(b"\x81\x01y");
            let frame = Frame { opcode: Opcode::Text, compressed: false, payload: &payload, len: whole };
            prop_assert_eq!(parse(&bytes), Parsed::Whole(frame));
        }
    }

    #[test]
    fn what_a_server_must_not_send_is_seen() {
        assert_eq!(parse(b"\x81\x81mask!"), Parsed::Masked);
        let Parsed::Whole(fragment) = parse(b"\x01\x01x") else { panic!("it is whole") };
        assert_eq!(fragment.opcode, Opcode::Other(1));
    }

    #[test]
    fn a_compressed_message_is_told_from_a_plain_one() {
        let Parsed::Whole(frame) = parse(b"\xc1\x01x") else { panic!("it is whole") };
        assert!(frame.compressed);
        assert_eq!(frame.opcode, Opcode::Text);
    }

    #[test]
    fn a_client_masks_what_it_sends() {
        let mut bytes = Vec::new();
        write_text(&mut bytes, b"Hello");
        assert_eq!(bytes, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "the example of RFC 6455, 5.7");
    }
}
