//! 7: closing.

use roomful_websocket::Event;

use super::{Case, check, close, text};
use crate::client::{CLOSE, CONTINUATION, Frame, PING, TEXT, close_payload};

fn close_frame(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    Frame::new(CLOSE, close_payload(code, reason.as_ref()))
}

#[test]
fn case_7_1_nothing_counts_after_a_close() {
    let hello = || Frame::new(TEXT, "Hello World!");
    let normal = || close_frame(1000, "");
    let long = "BAsd7&jh23".repeat(256 * 1024 / 10);
    check([
        Case::new("7.1.1", [hello(), normal()]).gives([text("Hello World!"), close(1000, "")]),
        Case::new("7.1.2", [normal(), normal()]).gives([close(1000, "")]),
        Case::new("7.1.3", [normal(), Frame::new(PING, "")]).gives([close(1000, "")]),
        Case::new("7.1.4", [normal(), hello()]).gives([close(1000, "")]),
        Case::new(
            "7.1.5",
            [Frame::new(TEXT, "fragment1").unfinished(), normal(), Frame::new(CONTINUATION, "fragment2")],
        )
        .gives([close(1000, "")]),
        Case::new("7.1.6", [Frame::new(TEXT, long.clone()), hello(), normal(), Frame::new(PING, "")]).gives([
            text(long),
            text("Hello World!"),
            close(1000, ""),
        ]),
    ]);
}

#[test]
fn case_7_3_the_form_of_a_close() {
    check([
        Case::new("7.3.1", [Frame::new(CLOSE, "")]).gives([Event::Close(None)]),
        Case::new("7.3.2", [Frame::new(CLOSE, "a")]).fails(1002),
        Case::new("7.3.3", [close_frame(1000, "")]).gives([close(1000, "")]),
        Case::new("7.3.4", [close_frame(1000, "Hello World!")]).gives([close(1000, "Hello World!")]),
        Case::new("7.3.5", [close_frame(1000, "*".repeat(123))]).gives([close(1000, "*".repeat(123))]),
        Case::new("7.3.6", [close_frame(1000, "*".repeat(124))]).fails(1002),
    ]);
}

#[test]
fn case_7_5_a_reason_is_text() {
    let reason = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    Case::new("7.5.1", [close_frame(1000, reason)]).fails(1007).check();
}

#[test]
fn case_7_7_to_7_13_codes() {
    let valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (at, code) in valid.into_iter().enumerate() {
        Case::new(format!("7.7.{}", at + 1), [close_frame(code, "")]).gives([close(code, "")]).check();
    }
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    for (at, code) in invalid.into_iter().enumerate() {
        Case::new(format!("7.9.{}", at + 1), [close_frame(code, "")]).fails(1002).check();
    }
    // Undefined by the RFC, so the suite only watches.
    check([
        Case::new("7.13.1", [close_frame(5000, "")]).fails(1002),
        Case::new("7.13.2", [close_frame(65535, "")]).fails(1002),
    ]);
}
