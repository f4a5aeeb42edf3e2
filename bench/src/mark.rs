//! What a message carries so that its delivery can be checked and timed: who sent it, as which of its messages, and when.
//!
//! A mark is 14 bytes of ASCII that stand in a JSON string as they are. It begins with `~`, which nothing else in a
//! message may contain, so a receiver finds it with `memchr` and parses no JSON.

/// Begins a mark.
pub const SIGN: u8 = b'~';
/// Bytes of a mark.
pub const LEN: usize = 1 + SENDER_DIGITS + SEQ_DIGITS + SENT_DIGITS;

const SENDER_DIGITS: usize = 3;
const SEQ_DIGITS: usize = 4;
/// 36 bits of microseconds: 19 hours.
const SENT_DIGITS: usize = 6;

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const NO_DIGIT: u8 = 0xff;
const VALUES: [u8; 256] = values();

/// One message of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which sender, below 2^18.
    pub sender: u32,
    /// Which of its messages, from 1, below 2^24.
    pub seq: u32,
    /// When it was due, in microseconds of the run's clock, below 2^36.
    pub sent: u64,
}

impl Mark {
    /// The mark's bytes.
    pub fn encode(self) -> [u8; LEN] {
        let mut bytes = [SIGN; LEN];
        let mut put = |from: usize, digits: usize, mut value: u64| {
            for at in (from..from + digits).rev() {
                bytes[at] = DIGITS[(value & 63) as usize];
                value >>= 6;
            }
        };
        put(1, SENDER_DIGITS, u64::from(self.sender));
        put(1 + SENDER_DIGITS, SEQ_DIGITS, u64::from(self.seq));
        put(1 + SENDER_DIGITS + SEQ_DIGITS, SENT_DIGITS, self.sent);
        bytes
    }

    /// The mark that these bytes begin with, or nothing when they begin with something else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let digits: &[u8; LEN] = bytes.first_chunk()?;
        let mut bad = digits[0] != SIGN;
        let mut number = |from: usize, len: usize| {
            digits[from..from + len].iter().fold(0_u64, |number, digit| {
                let value = VALUES[usize::from(*digit)];
                bad |= value == NO_DIGIT;
                number << 6 | u64::from(value & 63)
            })
        };
        let sender = number(1, SENDER_DIGITS) as u32;
        let seq = number(1 + SENDER_DIGITS, SEQ_DIGITS) as u32;
        let sent = number(1 + SENDER_DIGITS + SEQ_DIGITS, SENT_DIGITS);
        (!bad).then_some(Self { sender, seq, sent })
    }
}

const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut at = 0;
    while at < DIGITS.len() {
        values[DIGITS[at] as usize] = at as u8;
        at += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mark_is_read_as_it_was_written(sender in 0_u32..1 << 18, seq in 0_u32..1 << 24, sent in 0_u64..1 << 36) {
            let mark = Mark { sender, seq, sent };
            let mut bytes = mark.encode().to_vec();
            prop_assert_eq!(memchr::memrchr(SIGN, &bytes), Some(0), "the sign stands at the start alone");
            bytes.extend(b"\"}");
            prop_assert_eq!(Mark::decode(&bytes), Some(mark));
        }

        #[test]
        fn a_mark_that_was_cut_or_damaged_is_none(cut in 0..LEN, damage in 0..LEN) {
            let bytes = Mark { sender: 1, seq: 2, sent: 3 }.encode();
            prop_assert_eq!(Mark::decode(&bytes[..cut]), None);
            let mut damaged = bytes;
            damaged[damage] = b'"';
            prop_assert_eq!(Mark::decode(&damaged), None);
        }
    }
}
