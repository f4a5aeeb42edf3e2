//! What `permessage-deflate` compressed, read again.

use flate2::{Decompress, FlushDecompress, Status};

use crate::failure::Failure;

/// Inflates messages that were compressed without context takeover.
///
/// A broadcast reaches hundreds of receivers as the same bytes. They are inflated once and compared afterwards, which costs the
/// load generator next to nothing, and still every delivery is read.
#[derive(Debug)]
pub struct Inflater {
    stream: Decompress,
    newest: Vec<u8>,
    text: Vec<u8>,
}

/// What RFC 7692, 7.2.1 has the sender take away.
pub(crate) const TAIL: &[u8] = &[0, 0, 0xff, 0xff];
/// As long as the longest message a fleet reads.
const LONGEST: usize = 4 << 20;

impl Default for Inflater {
    fn default() -> Self {
        Self { stream: Decompress::new(false), newest: Vec::new(), text: Vec::new() }
    }
}

impl Inflater {
    /// The message that these bytes are.
    ///
    /// # Errors
    ///
    /// When they are none, or one that is too long.
    pub fn inflate(&mut self, compressed: &[u8]) -> Result<&[u8], Failure> {
        if self.newest.is_empty() || self.newest != compressed {
            self.newest.clear();
            self.inflate_anew(compressed)?;
            self.newest.extend_from_slice(compressed);
        }
        Ok(&self.text)
    }

    fn inflate_anew(&mut self, compressed: &[u8]) -> Result<(), Failure> {
        let wrong = |what: String| Failure::Violation(format!("a compressed message cannot be read: {what}"));
        self.stream.reset(false);
        self.text.clear();
        let input = [compressed, TAIL].concat();
        loop {
            if self.text.len() == self.text.capacity() {
                self.text.reserve(self.text.len().max(4096));
            }
            let taken = usize::try_from(self.stream.total_in()).unwrap_or(input.len());
            let status = self
                .stream
                .decompress_vec(&input[taken..], &mut self.text, FlushDecompress::Sync)
                .map_err(|error| wrong(error.to_string()))?;
            if self.text.len() > LONGEST {
                return Err(wrong("it is too long".to_owned()));
            }
            let all_taken = usize::try_from(self.stream.total_in()).is_ok_and(|taken| taken == input.len());
            let room_left = self.text.len() < self.text.capacity();
            if status == Status::StreamEnd || (all_taken && room_left) {
                return Ok(());
            }
            if status == Status::BufError && room_left {
                return Err(wrong("it ends too early".to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    use super::*;

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() * 2 + 64);
        let mut stream = Compress::new(Compression::fast(), false);
        stream.compress_vec(text, &mut bytes, FlushCompress::Sync).expect("it fits");
        assert!(bytes.ends_with(TAIL));
        bytes.truncate(bytes.len() - TAIL.len());
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_message_is_read_as_it_was_written(text in "[a-f ]{0,9000}", other in "[a-z]{0,300}") {
            let mut inflater = Inflater::default();
            for text in [&text, &text, &other, &text] {
                let compressed = deflate(text.as_bytes());
                prop_assert_eq!(inflater.inflate(&compressed).expect("it was compressed"), text.as_bytes());
            }
        }
    }

    #[test]
    fn what_was_never_compressed_is_a_violation() {
        assert!(Inflater::default().inflate(b"\xff\xff\xff").is_err());
    }
}
