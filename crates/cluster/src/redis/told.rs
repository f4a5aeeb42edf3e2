//! What a room's channel is told of what is kept: a mark, the run of numbers, the number, and what was said.

use crate::Kept;

/// As the script writes it, and nothing that a node says begins.
const MARK: &[u8] = b"rw ";

/// What a room's channel was told, where that is something that was kept.
pub(super) fn said(message: &[u8]) -> Option<(&str, Kept)> {
    let mut parts = message.strip_prefix(MARK)?.splitn(3, |byte| *byte == b' ');
    let (epoch, seq, word) = (parts.next()?, parts.next()?, parts.next()?);
    let seq: u64 = std::str::from_utf8(seq).ok()?.parse().ok()?;
    let kept = Kept { seq, after: seq.checked_sub(1)?, word: word.to_vec().into() };
    Some((std::str::from_utf8(epoch).ok()?, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_channel_is_told_is_read_and_rubbish_is_not() {
        let (epoch, kept) = said(b"rw abc 17 a word \xff").unwrap();
        assert_eq!((epoch, kept), ("abc", Kept { seq: 17, after: 16, word: b"a word \xff"[..].to_vec().into() }));
        for rubbish in [&b"rf\x01"[..], b"rw ", b"rw abc", b"rw abc x y", b"rw abc 0 y", b"rw \xff 1 y", b""] {
            assert!(said(rubbish).is_none(), "{rubbish:?}");
        }
    }
}
