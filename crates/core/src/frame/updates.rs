//! Presence updates as v1 is told them: all of a tick in one frame, which names each member by its number.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::Json;
use crate::number::Number;
use crate::room::Update;

/// What stands around the entries.
const AROUND: [&str; 2] = [r#"{"t":"updates","of":["#, "]}"];

/// What these members show now. What the server says of them is not in it.
#[must_use]
pub fn frame<'a>(updates: impl Iterator<Item = &'a Update> + Clone) -> Bytes {
    let entries: usize = updates.clone().map(|update| entry_bytes(update.number, update.state.as_ref()) + 1).sum();
    // To the byte, or `Bytes` would allocate once more.
    let mut frame = String::with_capacity(frame_bytes(entries));
    frame.push_str(AROUND[0]);
    for (i, update) in updates.enumerate() {
        if i > 0 {
            frame.push(',');
        }
        push_entry(&mut frame, update);
    }
    frame.push_str(AROUND[1]);
    frame.into()
}

/// One state as it stands in such a frame, for where it may be replaced before the frame is written.
#[must_use]
pub fn entry(update: &Update) -> Bytes {
    let mut entry = String::with_capacity(entry_bytes(update.number, update.state.as_ref()));
    push_entry(&mut entry, update);
    entry.into()
}

/// The frame that such entries are.
#[must_use]
pub fn frame_of(entries: &[Bytes]) -> Bytes {
    let bytes: usize = entries.iter().map(|entry| entry.len() + 1).sum();
    let mut frame = Vec::with_capacity(frame_bytes(bytes));
    frame.extend_from_slice(AROUND[0].as_bytes());
    for (i, entry) in entries.iter().enumerate() {
        if i > 0 {
            frame.push(b',');
        }
        frame.extend_from_slice(entry);
    }
    frame.extend_from_slice(AROUND[1].as_bytes());
    frame.into()
}

/// How long a frame is whose entries have so many bytes, each with a comma.
fn frame_bytes(entries: usize) -> usize {
    (AROUND[0].len() + entries + AROUND[1].len()).saturating_sub(1)
}

fn entry_bytes(number: Number, state: Option<&Json>) -> usize {
    let digits = number.0.checked_ilog10().unwrap_or(0) as usize + 1;
    "[]".len() + digits + state.map_or(0, |state| ",".len() + state.size())
}

fn push_entry(frame: &mut String, Update { number, state, .. }: &Update) {
    // A string takes whatever is written.
    let _infallible = write!(frame, "[{}", number.0);
    if let Some(state) = state {
        frame.push(',');
        frame.push_str(state.as_str());
    }
    frame.push(']');
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use crate::MemberId;
    use crate::room::News;

    fn update(number: u32, state: Option<&str>) -> Update {
        let state = state.map(|text| serde_json::from_str(text).unwrap());
        Update { member: MemberId::parse("a").unwrap(), number: Number(number), news: News::State, info: None, state }
    }

    #[test]
    fn states_are_told_by_number() {
        for (updates, expected) in [
            (vec![], r#"{"t":"updates","of":[]}"#),
            (vec![update(0, Some("null"))], r#"{"t":"updates","of":[[0,null]]}"#),
            (vec![update(4_294_967_295, None)], r#"{"t":"updates","of":[[4294967295]]}"#),
            (
                vec![update(9, None), update(10, Some(r#"{"x":[1,2]}"#)), update(7, Some(r#""\"]""#))],
                r#"{"t":"updates","of":[[9],[10,{"x":[1,2]}],[7,"\"]"]]}"#,
            ),
        ] {
            assert_eq!(frame(updates.iter()), expected);
            let entries: Vec<_> = updates.iter().map(entry).collect();
            assert_eq!(frame_of(&entries), expected, "of entries that waited");
            for (update, entry) in updates.iter().zip(&entries) {
                assert_eq!(entry.len(), entry_bytes(update.number, update.state.as_ref()));
            }
        }
    }

    /// Cursors as the benchmark moves them, each at its longest: in a full room, and alone.
    #[test]
    fn a_cursor_is_at_most_sixty_bytes_on_the_wire() {
        let cursor = |number| update(number, Some(r#"{"x":1919,"y":1079,"name":"~12345678abcde"}"#));
        let cursors: Vec<_> = (0..500).map(cursor).collect();
        // Up to 64 KiB a server's WebSocket message has four bytes before it.
        let bytes = frame(cursors.iter()).len() + 4;
        assert!(bytes <= cursors.len() * 51, "{bytes} bytes of {} cursors", cursors.len());
        assert!(frame(cursors[..1].iter()).len() < encode::update(&cursors[0].member, cursors[0].state.as_ref()).len());
    }
}
