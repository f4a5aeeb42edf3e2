//! Decompressing a message.

use flate2::{Decompress, FlushDecompress, Status};

use super::TAIL;
use crate::DecodeError;

/// What the output begins with, in bytes: most messages of a room are smaller.
const FIRST_OUTPUT: usize = 4 * 1024;

/// A final, empty block. A message whose last block is whole ends the stream with it; to one that was cut off it is
/// just more data.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

/// Decompresses messages, one after the other, of whichever connection: it remembers none of them.
///
/// It keeps its window of 32 KiB and the room of the largest message that it has made.
#[derive(Debug)]
pub struct Inflater {
    stream: Decompress,
    output: Vec<u8>,
    made: u64,
}

impl Inflater {
    /// An inflater that has made nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { stream: Decompress::new(false), output: Vec::new(), made: 0 }
    }

    /// All bytes that it has ever made, for whoever counts what a client's compressed messages become.
    #[must_use]
    pub fn made_bytes(&self) -> u64 {
        self.made
    }

    /// What the payload of a compressed message is, if it is at most `max` bytes. Memory for it stays
    /// within that, whatever the payload would become.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Inflate`] where the payload is not what a deflater makes, [`DecodeError::TooBig`] where it
    /// becomes larger than `max`.
    pub fn inflate(&mut self, payload: &[u8], max: usize) -> Result<&[u8], DecodeError> {
        self.stream.reset(false);
        self.output.clear();
        self.feed(payload, max)?;
        self.feed(&TAIL, max)?;
        match self.feed(&END, max)? {
            Status::StreamEnd => {
                self.made += self.output.len() as u64;
                Ok(&self.output)
            }
            Status::Ok | Status::BufError => Err(DecodeError::Inflate),
        }
    }

    /// Decompresses all of `input`. Where a final block ends the stream and more comes, it is a stream of its own, as
    /// RFC 7692 §7.2.3.5 has it.
    fn feed(&mut self, mut input: &[u8], max: usize) -> Result<Status, DecodeError> {
        loop {
            self.make_room(max);
            let before = self.stream.total_in();
            let status = self
                .stream
                .decompress_vec(input, &mut self.output, FlushDecompress::None)
                .map_err(|_| DecodeError::Inflate)?;
            if self.output.len() > max {
                return Err(DecodeError::TooBig { limit: max });
            }
            input = input.get((self.stream.total_in() - before) as usize..).unwrap_or_default();
            let is_full = self.output.len() == self.output.capacity();
            match status {
                Status::StreamEnd if input.is_empty() => return Ok(status),
                Status::StreamEnd => self.stream.reset(false),
                Status::Ok | Status::BufError if is_full => {}
                Status::Ok if !input.is_empty() => {}
                Status::Ok | Status::BufError => return Ok(status),
            }
        }
    }

    /// Room for at least one byte more, and for one more than `max` at most: that one tells a message too big.
    fn make_room(&mut self, max: usize) {
        if self.output.len() < self.output.capacity() {
            return;
        }
        let most = max.saturating_add(1);
        let wanted = self.output.capacity().saturating_mul(2).max(FIRST_OUTPUT).min(most);
        self.output.reserve_exact(wanted.saturating_sub(self.output.len()).max(1));
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7692 §7.2.3.
    #[test]
    fn a_message_may_be_made_in_many_ways() {
        let mut inflater = Inflater::new();
        for payload in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            // A block that is not compressed.
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            // A block that is called the last one.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            // Two blocks.
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] {
            assert_eq!(inflater.inflate(payload, 5), Ok(&b"Hello"[..]));
        }
        assert_eq!(inflater.made_bytes(), 20);
        let two_that_are_called_the_last =
            [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflater.inflate(&two_that_are_called_the_last, 10), Ok(&b"HelloHello"[..]));
        assert_eq!(inflater.inflate(&[0x00], 0), Ok(&b""[..]));
    }

    #[test]
    fn what_is_no_deflate_data_or_is_cut_off_is_refused() {
        let mut inflater = Inflater::new();
        for payload in [
            &[][..],
            &[0x07],
            &[0xf2, 0x48, 0xcd, 0xc9],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65],
            // So much is missing that all that a receiver adds could be of it.
            &[0x00, 0x64, 0x00, 0x9b, 0xff, 0x48, 0x65],
            // Something stands behind the last block.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x07],
            // Refers to what another message said.
            &[0xf2, 0x00, 0x11, 0x00, 0x00],
        ] {
            assert_eq!(inflater.inflate(payload, 100), Err(DecodeError::Inflate), "{payload:x?}");
        }
    }

    #[test]
    fn a_bomb_is_refused_and_costs_no_more_than_the_limit() {
        const LIMIT: usize = 10_000;
        let bomb = super::super::Deflater::new().deflate(&vec![0; 10_000_000]).unwrap().to_vec();
        let mut inflater = Inflater::new();
        assert_eq!(inflater.inflate(&bomb, LIMIT), Err(DecodeError::TooBig { limit: LIMIT }));
        assert_eq!(inflater.output.capacity(), LIMIT + 1);
        let fits = super::super::Deflater::new().deflate(&[0; LIMIT]).unwrap().to_vec();
        assert_eq!(inflater.inflate(&fits, LIMIT), Ok(&[0; LIMIT][..]));
        assert_eq!(inflater.inflate(&fits, LIMIT - 1), Err(DecodeError::TooBig { limit: LIMIT - 1 }));
    }
}
