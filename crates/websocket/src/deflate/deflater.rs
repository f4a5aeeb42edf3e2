//! Compressing a message.

use flate2::{Compress, Compression, FlushCompress, Status};

use super::TAIL;

/// Payloads of fewer bytes are better sent as they are: they become hardly smaller, and often larger. The deflater does
/// not look at it, so that who sends decides before anything is done.
pub const MIN_PAYLOAD: usize = 128;

/// The level of zlib's that messages are compressed with: where the gain per microsecond falls off.
///
/// | level | 982 B of JSON | 39,549 B, 500 members' cursors |
/// |---|---|---|
/// | 1 | 445 B in 3.8 µs | 9,871 B in 47 µs |
/// | 2 | 350 B in 9.2 µs | 6,876 B in 72 µs |
/// | 3 | 343 B in 10.1 µs | 6,798 B in 107 µs |
/// | 6 | 341 B in 10.7 µs | 6,729 B in 137 µs |
/// | 7 | 329 B in 12.7 µs | 6,675 B in 295 µs |
/// | 9 | 330 B in 12.9 µs | 7,119 B in 276 µs |
///
/// These are zlib-rs 0.6.8's. miniz_oxide 0.9.1 takes 16 µs and 65 µs at its fastest, for 372 B and 7,327 B, and to
/// inflate 4.4 µs and 34 µs where zlib-rs takes 2.1 µs and 23 µs.
const LEVEL: u32 = 2;

/// What the output has room for beyond the payload, in bytes, so that one call takes everything. It must not be less:
/// zlib-rs has panicked where the output was tight.
const SLACK: usize = 1024;

/// Compresses messages, one after the other: it remembers none of them, so what it makes may go to anybody with whom
/// permessage-deflate was agreed on.
///
/// From the first message on it keeps zlib's state, about 300 KiB, and the room of the largest that it has compressed.
#[derive(Debug, Default)]
pub struct Deflater {
    stream: Option<Compress>,
    output: Vec<u8>,
}

impl Deflater {
    /// A deflater that has made nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload of the message when it is sent compressed, or `None` where that would not be smaller.
    pub fn deflate(&mut self, payload: &[u8]) -> Option<&[u8]> {
        let stream = self.stream.get_or_insert_with(|| Compress::new(Compression::new(LEVEL), false));
        stream.reset();
        self.output.clear();
        self.output.reserve_exact(payload.len() + SLACK);
        let status = stream.compress_vec(payload, &mut self.output, FlushCompress::Sync).ok()?;
        let is_all = status == Status::Ok
            && stream.total_in() == payload.len() as u64
            && self.output.len() < self.output.capacity();
        let compressed = self.output.strip_suffix(&TAIL)?;
        (is_all && compressed.len() < payload.len()).then_some(compressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::Inflater;

    /// Bytes that cannot be compressed, from a generator that is small rather than good.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..length).map(|_| byte()).collect()
    }

    #[test]
    fn what_is_compressed_is_smaller_and_inflates_to_what_it_was() {
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
        for length in [128, 1_000, 65_535, 65_536, 1_000_000] {
            let payload = "Rooms and presence. ".repeat(length / 20 + 1);
            let payload = &payload.as_bytes()[..length];
            let compressed = deflater.deflate(payload).unwrap();
            assert!(compressed.len() < length);
            assert_eq!(inflater.inflate(compressed, length), Ok(payload));
        }
    }

    #[test]
    fn what_would_not_become_smaller_is_left_alone() {
        let mut deflater = Deflater::new();
        assert_eq!(deflater.deflate(b""), None);
        for length in (1..300).chain([4_095, 16_384, 65_535, 65_536, 5_000_000]) {
            assert_eq!(deflater.deflate(&noise(length)), None, "{length}");
        }
    }

    #[test]
    fn no_message_is_remembered_for_the_next() {
        let mut deflater = Deflater::new();
        let payload = b"The same words, the same words, and a few others.".repeat(3);
        let first = deflater.deflate(&payload).unwrap().to_vec();
        assert_eq!(deflater.deflate(&payload), Some(&first[..]));
    }
}
