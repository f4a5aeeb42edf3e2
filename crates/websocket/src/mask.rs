//! Taking a client's mask off.

/// What a client has mixed into its payload, so that no middlebox takes it for something else (RFC 6455 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask(pub(crate) [u8; 4]);

impl Mask {
    /// Takes the mask off a payload, or off a part of it that begins `offset` bytes into it.
    ///
    /// Eight bytes at a time: the compiler makes the widest instructions there are of it.
    pub(crate) fn remove(self, payload: &mut [u8], offset: usize) {
        let [a, b, c, d] = self.starting_at(offset);
        let key = [a, b, c, d, a, b, c, d];
        let word = u64::from_ne_bytes(key);
        let (words, rest) = payload.as_chunks_mut::<8>();
        for bytes in words {
            *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key) {
            *byte ^= key;
        }
    }

    fn starting_at(self, offset: usize) -> [u8; 4] {
        let mut key = self.0;
        key.rotate_left(offset % 4);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_mixed_with_the_key_byte_of_its_place() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        for length in 0..40 {
            for offset in 0..9 {
                let plain: Vec<u8> = (0..length).collect();
                let mut payload: Vec<u8> =
                    plain.iter().enumerate().map(|(at, byte)| byte ^ key[(at + offset) % 4]).collect();
                Mask(key).remove(&mut payload, offset);
                assert_eq!(payload, plain, "{length} bytes at {offset}");
            }
        }
    }
}
