//! What a listener hears, as server-sent events: the same stream for `EventSource`, `curl` and whatever cannot have a WebSocket.
//!
//! ```text
//! id: <epoch>.<seq>                       first of all, alone: where the listener is
//!
//! id: <epoch>.<seq>
//! event: gap                              something before what follows cannot be had
//! data: {"epoch":E,"seq":N}
//!
//! id: <epoch>.<seq>
//! event: event                            or `value`
//! data: <JSON>
//!
//! :                                       a comment, so that nobody in between takes the connection for idle
//!
//! retry: <ms>                             the server stops: come back after that
//! ```

use std::fmt::Display;

#[cfg(doc)]
use super::encode;
use super::feed::Heard;

/// The connection is alive.
pub const COMMENT: &[u8] = b":\n\n";

/// Where the listener is; it goes on from there when it is cut off.
#[must_use]
pub fn position(at: impl Display) -> Vec<u8> {
    format!("id: {at}\n\n").into()
}

/// Something is missing before what follows.
#[must_use]
pub fn gap(epoch: &str, seq: u64) -> Vec<u8> {
    format!("id: {epoch}.{seq}\nevent: gap\ndata: {{\"epoch\":\"{epoch}\",\"seq\":{seq}}}\n\n").into()
}

/// The server stops.
#[must_use]
pub fn retry(ms: u64) -> Vec<u8> {
    format!("retry: {ms}\n\n").into()
}

/// Appends what a v1 frame of a feed or of a live value says. `false`: it says nothing that is heard here.
pub fn push_heard(block: &mut Vec<u8>, epoch: &str, frame: &[u8]) -> bool {
    if let Some(seq) = gap_in(frame) {
        block.extend(gap(epoch, seq));
        return true;
    }
    let Some((what, payload, seq)) = read(frame) else { return false };
    for part in [b"id: ", epoch.as_bytes(), b".", seq, b"\nevent: ", what.as_str().as_bytes(), b"\ndata: "] {
        block.extend_from_slice(part);
    }
    // A line break is only between the tokens of JSON, and would end the line here.
    for byte in payload {
        match byte {
            b'\n' | b'\r' => block.extend_from_slice(b"\ndata: "),
            byte => block.push(*byte),
        }
    }
    block.extend_from_slice(b"\n\n");
    true
}

/// The number of a gap that [`encode::gap`] has told v1 of.
fn gap_in(frame: &[u8]) -> Option<u64> {
    let frame = std::str::from_utf8(frame.strip_prefix(br#"{"t":"gap","epoch":"#)?).ok()?;
    let (_, seq) = frame.strip_suffix('}')?.rsplit_once(r#","seq":"#)?;
    seq.parse().ok()
}

/// What is in a frame that [`heard`](super::feed::heard) has written for v1.
fn read(frame: &[u8]) -> Option<(Heard, &[u8], &[u8])> {
    const SEQ: &[u8] = br#","seq":"#;
    let of = |what, head: &[u8]| frame.strip_prefix(head).map(|rest| (what, rest));
    let (what, rest) =
        of(Heard::Event, br#"{"t":"event","event":"#).or(of(Heard::Value, br#"{"t":"value","value":"#))?;
    let rest = rest.strip_suffix(b"}")?;
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (payload, seq) = rest.split_at(rest.len() - digits);
    Some((what, payload.strip_suffix(SEQ)?, seq))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::Json;
    use crate::frame::fanout::Spoken;
    use crate::frame::feed::{failing, heard};

    fn block(what: Heard, payload: &Json, seq: u64) -> String {
        let frames = heard(what, payload, seq, Spoken { plain: true, v1: true });
        let mut block = Vec::new();
        assert!(!push_heard(&mut block, "e", &frames.plain.unwrap()), "a plain frame has no number");
        assert!(push_heard(&mut block, "e", &frames.v1.unwrap()));
        String::from_utf8(block).unwrap()
    }

    #[test]
    fn the_exact_bytes() {
        let payload = Json::encode(&[1]).unwrap();
        assert_eq!(block(Heard::Event, &payload, 7), "id: e.7\nevent: event\ndata: [1]\n\n");
        assert_eq!(block(Heard::Value, &payload, 0), "id: e.0\nevent: value\ndata: [1]\n\n");
        assert_eq!(position("e.4"), b"id: e.4\n\n");
        assert_eq!(gap("e", 4), b"id: e.4\nevent: gap\ndata: {\"epoch\":\"e\",\"seq\":4}\n\n");
        let mut told = Vec::new();
        assert!(push_heard(&mut told, "e", &crate::frame::encode::gap("e", 4)));
        assert_eq!(told, gap("e", 4));
        assert_eq!(retry(250), b"retry: 250\n\n");
        let mut none = Vec::new();
        for frame in [&failing()[..], br#"{"t":"pong"}"#, br#"{"t":"auth"}"#, b"", b"{", br#"{"t":"event","event":1}"#]
        {
            assert!(!push_heard(&mut none, "e", frame) && none.is_empty(), "{}", String::from_utf8_lossy(frame));
        }
    }

    #[test]
    fn a_line_break_in_json_ends_no_block() {
        let raw: &RawValue = serde_json::from_str("{\"a\":\r\n\n1}").unwrap();
        let block = block(Heard::Event, &Json::from(raw), 1);
        assert_eq!(block, "id: e.1\nevent: event\ndata: {\"a\":\ndata: \ndata: \ndata: 1}\n\n");
    }

    proptest! {
        /// As the standard reads a stream: lines, of which those of `data` are put together again.
        #[test]
        fn a_reader_of_the_standard_reads_what_was_written(text in ".{0,30}", inner in "(,\"seq\":[0-9]{1,3})?", seq: u64) {
            let payload = Json::encode(&format!("{text}{inner}")).unwrap();
            let block = block(Heard::Event, &payload, seq);
            let lines: Vec<_> = block.split(['\n', '\r']).collect();
            let of = |field: &str| lines.iter().filter_map(|line| line.strip_prefix(field)).collect::<Vec<_>>().join("\n");
            prop_assert_eq!(of("data: "), payload.as_str());
            prop_assert_eq!(of("id: "), format!("e.{seq}"));
            prop_assert!(block.ends_with("\n\n"));
            prop_assert_eq!(block.matches("\n\n").count(), 1);
        }

        #[test]
        fn no_frame_is_too_strange(frame in prop::collection::vec(any::<u8>(), 0..60)) {
            let _either_way = push_heard(&mut Vec::new(), "e", &frame);
        }
    }
}
