//! 5: messages in parts.

use super::{Case, check, ping, text};
use crate::client::{CONTINUATION, Frame, PING, PONG, TEXT};

fn first(payload: &str) -> Frame {
    Frame::new(TEXT, payload).unfinished()
}

fn middle(payload: &str) -> Frame {
    Frame::new(CONTINUATION, payload).unfinished()
}

fn last(payload: &str) -> Frame {
    Frame::new(CONTINUATION, payload)
}

/// The cases that differ only in how the bytes are cut, which is tried with every case.
fn cut_three_ways(ids: [&'static str; 3], case: impl Fn(&str) -> Case) {
    check(ids.map(case));
}

#[test]
fn case_5_1_to_5_2_a_control_frame_is_never_in_parts() {
    check([
        Case::new("5.1", [Frame::new(PING, "fragment1").unfinished(), last("fragment2")]).fails(1002),
        Case::new("5.2", [Frame::new(PONG, "fragment1").unfinished(), last("fragment2")]).fails(1002),
    ]);
}

#[test]
fn case_5_3_to_5_8_two_parts_and_a_ping_between_them() {
    cut_three_ways(["5.3", "5.4", "5.5"], |id| {
        Case::new(id, [first("fragment1"), last("fragment2")]).gives([text("fragment1fragment2")])
    });
    cut_three_ways(["5.6", "5.7", "5.8"], |id| {
        Case::new(id, [first("fragment1"), Frame::new(PING, "ping payload"), last("fragment2")])
            .gives([ping("ping payload"), text("fragment1fragment2")])
    });
}

#[test]
fn case_5_9_to_5_14_nothing_to_continue() {
    cut_three_ways(["5.9", "5.10", "5.11"], |id| {
        Case::new(id, [last("non-continuation payload"), Frame::new(TEXT, "Hello, world!")]).fails(1002)
    });
    cut_three_ways(["5.12", "5.13", "5.14"], |id| {
        Case::new(id, [middle("non-continuation payload"), Frame::new(TEXT, "Hello, world!")]).fails(1002)
    });
}

#[test]
fn case_5_15_to_5_18_parts_out_of_place() {
    let pair = || [first("fragment1"), last("fragment2")];
    let twice = |frame: Frame| {
        let [first, last] = pair();
        [frame.clone(), first.clone(), last.clone(), frame, first, last]
    };
    check([
        Case::new("5.15", pair().into_iter().chain([middle("fragment3"), Frame::new(TEXT, "fragment4")]))
            .gives([text("fragment1fragment2")])
            .fails(1002),
        Case::new("5.16", twice(middle("fragment1"))).fails(1002),
        Case::new("5.17", twice(last("fragment1"))).fails(1002),
        Case::new("5.18", [first("fragment1"), Frame::new(TEXT, "fragment2")]).fails(1002),
    ]);
}

#[test]
fn case_5_19_to_5_20_a_ping_is_told_before_the_message_is_whole() {
    for id in ["5.19", "5.20"] {
        Case::new(
            id,
            [
                first("fragment1"),
                middle("fragment2"),
                Frame::new(PING, "pongme 1!"),
                middle("fragment3"),
                middle("fragment4"),
                Frame::new(PING, "pongme 2!"),
                last("fragment5"),
            ],
        )
        .gives([ping("pongme 1!"), ping("pongme 2!"), text("fragment1fragment2fragment3fragment4fragment5")])
        .check();
    }
}
