//! 6: text is UTF-8, and what is not is refused at the octet that shows it.

use super::{Case, MAX_MESSAGE, check, text};
use crate::client::{CONTINUATION, Frame, TEXT, fragments};
use crate::oracle::decode;

const GREEK: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

fn valid(id: impl Into<String>, frames: impl IntoIterator<Item = Frame>) -> Case {
    let frames: Vec<Frame> = frames.into_iter().collect();
    let payload = frames.iter().flat_map(|frame| frame.payload.iter().copied()).collect();
    Case::new(id, frames).gives([text(String::from_utf8(payload).unwrap())])
}

#[test]
fn case_6_1_parts_without_a_payload() {
    let empty = || Frame::new(CONTINUATION, "");
    check([
        valid("6.1.1", [Frame::new(TEXT, "")]),
        valid("6.1.2", [Frame::new(TEXT, "").unfinished(), empty().unfinished(), empty()]),
        valid(
            "6.1.3",
            [Frame::new(TEXT, "").unfinished(), Frame::new(CONTINUATION, "middle frame payload").unfinished(), empty()],
        ),
    ]);
}

#[test]
fn case_6_2_characters_may_be_cut_by_frames() {
    let [one, two] = ["Hello-µ@ßöä", "üàá-UTF-8!!"];
    check([
        valid("6.2.1", [Frame::new(TEXT, [one, two].concat())]),
        valid("6.2.2", [Frame::new(TEXT, one).unfinished(), Frame::new(CONTINUATION, two)]),
        valid("6.2.3", fragments(TEXT, [one, two].concat().as_bytes(), 1)),
        valid("6.2.4", fragments(TEXT, GREEK, 1)),
    ]);
}

#[test]
fn case_6_3_what_is_no_text_is_refused_however_it_is_cut() {
    let payload = [GREEK, b"\xed\xa0\x80", b"edited"].concat();
    check([
        Case::new("6.3.1", [Frame::new(TEXT, payload.clone())]).fails(1007),
        Case::new("6.3.2", fragments(TEXT, &payload, 1)).fails(1007),
    ]);
}

/// The second of three parts is refused before the third is there.
#[test]
fn case_6_4_what_is_no_text_is_refused_at_once() {
    let payload = [GREEK, b"\xf4\x90\x80\x80", b"edited"].concat();
    let in_frames = |at: usize, to: usize| {
        [
            Frame::new(TEXT, &payload[..at]).unfinished().to_bytes(),
            Frame::new(CONTINUATION, &payload[at..to]).unfinished().to_bytes(),
        ]
    };
    let in_chops = |at: usize, to: usize| {
        let bytes = Frame::new(TEXT, &payload[..]).to_bytes();
        let head = bytes.len() - payload.len();
        [bytes[..head + at].to_vec(), bytes[head + at..head + to].to_vec()]
    };
    for (id, [first, second]) in [
        ("6.4.1", in_frames(11, 15)),
        ("6.4.2", in_frames(12, 13)),
        ("6.4.3", in_chops(11, 15)),
        ("6.4.4", in_chops(12, 13)),
    ] {
        assert_eq!(decode([&first[..]], MAX_MESSAGE, false).error, None, "case {id}");
        let outcome = decode([&first[..], &second[..]], MAX_MESSAGE, false);
        assert_eq!(outcome.error.map(|error| error.close_code()), Some(1007), "case {id}");
    }
}

#[test]
fn case_6_5_to_6_23_every_form_of_character() {
    for (category, sequences) in (5..).zip(sequences()) {
        for (case, (is_valid, payload)) in (1..).zip(sequences) {
            let (id, frame) = (format!("6.{category}.{case}"), Frame::new(TEXT, payload));
            if is_valid {
                valid(id, [frame]).check();
            } else {
                check_fails_at_once(&id, &frame);
                Case::new(id, [frame]).fails(1007).check();
            }
        }
    }
}

/// Sent octet by octet, text is refused at the one with which it can no longer become UTF-8, or at its end.
fn check_fails_at_once(id: &str, frame: &Frame) {
    let (bytes, payload) = (frame.to_bytes(), &frame.payload);
    let cannot_become_text = |length: &usize| {
        let error = str::from_utf8(&payload[..*length]).err();
        *length == payload.len() || error.is_some_and(|error| error.error_len().is_some())
    };
    let first = (1..=payload.len()).find(cannot_become_text).unwrap();
    let end = bytes.len() - payload.len() + first;
    assert_eq!(decode(bytes[..end - 1].chunks(1), MAX_MESSAGE, false).error, None, "case {id}");
    let outcome = decode(bytes[..end].chunks(1), MAX_MESSAGE, false);
    assert_eq!(outcome.error.map(|error| error.close_code()), Some(1007), "case {id}");
}

/// By sub-category from 6.5 on: octets, and whether they are UTF-8. They are those of
/// <https://www.cl.cam.ac.uk/~mgk25/ucs/examples/UTF-8-test.txt>.
fn sequences() -> Vec<Vec<(bool, Vec<u8>)>> {
    let all = |is_valid: bool, sequences: &[&[u8]]| -> Vec<(bool, Vec<u8>)> {
        sequences.iter().map(|sequence| (is_valid, sequence.to_vec())).collect()
    };
    let cut_off: [&[u8]; 10] = [
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    vec![
        // 6.5: some text.
        all(
            true,
            &[
                b"hello\x24world",
                b"hello\xc2\xa2world",
                b"hello\xe2\x82\xacworld",
                b"hello\xf0\xa4\xad\xa2world",
                GREEK,
            ],
        ),
        // 6.6: all prefixes of a text.
        (1..=GREEK.len()).map(|length| ([2, 5, 7, 9, 11].contains(&length), GREEK[..length].to_vec())).collect(),
        // 6.7 and 6.8: the first of each length.
        all(true, &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        all(false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        // 6.9 and 6.10: the last of each length.
        all(true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        all(false, &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        // 6.11: other boundaries.
        [
            all(true, &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
            all(false, &[b"\xf4\x90\x80\x80"]),
        ]
        .concat(),
        // 6.12: continuation of nothing.
        [
            all(false, &[b"\x80", b"\xbf"]),
            (2..=6).map(|length| (false, b"\x80\xbf\x80\xbf\x80\xbf"[..length].to_vec())).collect(),
            vec![(false, (0x80..0xbf).collect())],
        ]
        .concat(),
        // 6.13: beginnings alone.
        [0xc0..0xdf, 0xe0..0xef, 0xf0..0xf7, 0xf8..0xfb, 0xfc..0xfd]
            .map(|range| (false, range.flat_map(|first| [first, b' ']).collect()))
            .to_vec(),
        // 6.14 and 6.15: without the last octet.
        all(false, &cut_off),
        vec![(false, cut_off.concat())],
        // 6.16: octets that are never there.
        all(false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        // 6.17 to 6.19: longer than need be.
        all(
            false,
            &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"],
        ),
        all(
            false,
            &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"],
        ),
        all(
            false,
            &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"],
        ),
        // 6.20 and 6.21: halves of UTF-16 pairs, alone and together.
        all(
            false,
            &[
                b"\xed\xa0\x80",
                b"\xed\xad\xbf",
                b"\xed\xae\x80",
                b"\xed\xaf\xbf",
                b"\xed\xb0\x80",
                b"\xed\xbe\x80",
                b"\xed\xbf\xbf",
            ],
        ),
        all(
            false,
            &[
                b"\xed\xa0\x80\xed\xb0\x80",
                b"\xed\xa0\x80\xed\xbf\xbf",
                b"\xed\xad\xbf\xed\xb0\x80",
                b"\xed\xad\xbf\xed\xbf\xbf",
                b"\xed\xae\x80\xed\xb0\x80",
                b"\xed\xae\x80\xed\xbf\xbf",
                b"\xed\xaf\xbf\xed\xb0\x80",
                b"\xed\xaf\xbf\xed\xbf\xbf",
            ],
        ),
        // 6.22: code points that are no characters are UTF-8 all the same.
        (0..=0x10)
            .flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff])
            .map(|point| (true, encode(point)))
            .collect(),
        // 6.23: the specials.
        (0xfff9..=0xffff).map(|point| (true, encode(point))).collect(),
    ]
}

fn encode(point: u32) -> Vec<u8> {
    char::from_u32(point).unwrap().to_string().into_bytes()
}
