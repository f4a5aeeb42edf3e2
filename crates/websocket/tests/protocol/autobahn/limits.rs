//! 9 (limits) and 10 (what an automatic fragmenter sends). Messages of category 9 have a 64th of their size, and come a
//! tenth as often.

use roomful_websocket::Event;

use super::{Case, MAX_MESSAGE, binary, text};
use crate::client::{BINARY, Frame, TEXT, fragments};
use crate::oracle::decode;

const KIB: usize = 1024;

/// Both kinds of message, each with its sub-category.
fn of_both_kinds(text_category: u32, binary_category: u32, case: u32, length: usize, check: impl Fn(Case, u8)) {
    let words = "BAsd7&jh23".repeat(length / 10 + 1)[..length].to_owned();
    let octets = vec![0xFE; length];
    let frames = [(TEXT, text_category, words.clone().into_bytes()), (BINARY, binary_category, octets.clone())];
    for ((opcode, category, payload), event) in frames.into_iter().zip([text(words), binary(octets)]) {
        check(Case::new(format!("9.{category}.{case}"), [Frame::new(opcode, payload)]).gives([event]), opcode);
    }
}

#[test]
fn case_9_1_and_9_2_messages_of_growing_size() {
    for (case, length) in (1..).zip([KIB, 4 * KIB, 16 * KIB, 64 * KIB, 128 * KIB, MAX_MESSAGE]) {
        of_both_kinds(1, 2, case, length, |case, _| case.check());
    }
}

#[test]
fn case_9_3_and_9_4_a_message_in_fragments_of_growing_size() {
    let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB];
    for (case, size) in (1..).zip(sizes) {
        of_both_kinds(3, 4, case, 64 * KIB, |case, opcode| {
            let frames = fragments(opcode, &case.frames[0].payload, size);
            Case { frames, ..case }.check();
        });
    }
}

#[test]
fn case_9_5_and_9_6_a_message_in_chops_of_growing_size() {
    for (case, size) in (1..).zip([64, 128, 256, 512, 1024, 2048]) {
        of_both_kinds(5, 6, case, 16 * KIB, |case, _| {
            let bytes = case.frames[0].to_bytes();
            case.check_cut(&format!("in chops of {size}"), bytes.chunks(size));
        });
    }
}

#[test]
fn case_9_7_and_9_8_many_messages() {
    for (case, length) in (1..).zip([0, 16, 64, 256, 1024, 4096]) {
        of_both_kinds(7, 8, case, length, |case, _| {
            let frames = vec![case.frames[0].clone(); 100];
            let expected: Vec<Event<'static>> = vec![case.expected[0].clone(); 100];
            Case { frames, expected, ..case }.check();
        });
    }
}

#[test]
fn a_message_of_one_byte_more_than_the_limit_is_too_big_however_it_comes() {
    let payload = vec![b'*'; MAX_MESSAGE + 1];
    for size in [64, 64 * KIB, payload.len()] {
        let bytes: Vec<u8> = fragments(TEXT, &payload, size).iter().flat_map(Frame::to_bytes).collect();
        let outcome = decode(bytes.chunks(4 * KIB), MAX_MESSAGE, false);
        assert_eq!(outcome.error.map(|error| error.close_code()), Some(1009));
    }
}

#[test]
fn case_10_1_1_an_automatic_fragmenter() {
    let payload = "*".repeat(65536);
    Case::new("10.1.1", fragments(TEXT, payload.as_bytes(), 1300)).gives([text(payload)]).check();
}
