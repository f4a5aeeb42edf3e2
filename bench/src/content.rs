//! What messages say: a mark, and as many bytes around it as a scenario wants.

use std::fmt::Write as _;

use crate::mark::Mark;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A JSON string of this many bytes, quotes and all; at least 16.
    Text(usize),
    /// A JSON document of this many bytes, as a note on a board would be; at least 64.
    Document(usize),
    /// Where a cursor is, and whose it is.
    Cursor,
}

impl Content {
    /// The message that carries this mark.
    pub fn with(self, mark: Mark) -> String {
        let mark = mark_text(mark);
        match self {
            Self::Text(bytes) => format!("\"{mark}{}\"", "x".repeat(bytes.saturating_sub(mark.len() + 2))),
            Self::Document(bytes) => document(&mark, bytes),
            Self::Cursor => {
                // Somewhere on a screen of 1,920 by 1,080, never the same place twice in a row.
                let place = mark.bytes().fold(7_u32, |place, byte| place.wrapping_mul(31) ^ u32::from(byte));
                format!(r#"{{"x":{},"y":{},"name":"{mark}"}}"#, place % 1920, place / 1920 % 1080)
            }
        }
    }
}

fn mark_text(mark: Mark) -> String {
    mark.encode().iter().map(|byte| char::from(*byte)).collect()
}

/// Shapes on a board: keys that repeat and numbers that do not, which is what compression meets in practice.
fn document(mark: &str, bytes: usize) -> String {
    const END: &str = r#"],"text":""}"#;
    let mut text = format!(r#"{{"id":"{mark}","kind":"update","shapes":["#);
    let mut number = mark.bytes().fold(1_u32, |number, byte| number.wrapping_mul(31) ^ u32::from(byte));
    let mut separator = "";
    loop {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y, hue) = (number >> 8 & 2047, number >> 20 & 1023, number & 0xff_ffff);
        let shape =
            format!(r##"{separator}{{"x":{x},"y":{y},"width":120,"height":80,"color":"#{hue:06x}","locked":false}}"##);
        if text.len() + shape.len() + END.len() > bytes {
            break;
        }
        text += &shape;
        separator = ",";
    }
    let filler = bytes.saturating_sub(text.len() + END.len());
    let words = "the quick brown fox jumps over the lazy dog ".chars().cycle().take(filler);
    // Writing to a string does not fail.
    let _ = write!(text, r#"],"text":"{}"}}"#, words.collect::<String>());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::mark;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_message_is_json_of_its_size_with_one_mark(
            bytes in 64_usize..3000, sender in 0_u32..500, seq in 1_u32..9999, sent in 0_u64..1 << 36,
        ) {
            let mark = Mark { sender, seq, sent };
            for (content, size) in
                [(Content::Text(bytes), Some(bytes)), (Content::Document(bytes), Some(bytes)), (Content::Cursor, None)]
            {
                let message = content.with(mark);
                prop_assert!(serde_json::from_str::<Value>(&message).is_ok(), "{}", message);
                prop_assert!(size.is_none_or(|size| message.len() == size), "{} B: {}", message.len(), message);
                let signs: Vec<usize> = memchr::memchr_iter(mark::SIGN, message.as_bytes()).collect();
                prop_assert_eq!(signs.len(), 1);
                prop_assert_eq!(Mark::decode(&message.as_bytes()[signs[0]..]), Some(mark));
            }
        }
    }
}
