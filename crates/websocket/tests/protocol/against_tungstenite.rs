//! The decoder beside tungstenite's, on the same bytes. [`crate::oracle`] names the rules in which they differ.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::client::{CLOSE, Frame, TEXT, close_payload};
use crate::oracle::{assert_agreement, decode, decode_with_tungstenite};
use crate::streams::{MAX_MESSAGE, streams};

/// What happens to a stream on its way into a test.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Replace(Index, u8),
    Remove(Index),
    Insert(Index, u8),
    CutOff(Index),
    /// Some bytes stand twice.
    Repeat(Index, Index),
    /// Changes the first two bytes of a frame, where most of the rules are.
    Head(Index, u8, u8),
}

fn mutations() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        (index(), 0u32..8).prop_map(|(at, bit)| Mutation::Flip(at, 1 << bit)),
        (index(), any::<u8>()).prop_map(|(at, octet)| Mutation::Replace(at, octet)),
        index().prop_map(Mutation::Remove),
        (index(), any::<u8>()).prop_map(|(at, octet)| Mutation::Insert(at, octet)),
        index().prop_map(Mutation::CutOff),
        (index(), index()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
        (index(), any::<u8>(), prop_oneof![Just(0), any::<u8>()])
            .prop_map(|(at, first, second)| Mutation::Head(at, first, second)),
    ]
}

fn mutate(frames: &[Frame], mutations: Vec<Mutation>) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = frames.iter().map(Frame::to_bytes).collect();
    for mutation in &mutations {
        if let (Mutation::Head(at, first, second), false) = (mutation, parts.is_empty()) {
            let at = at.index(parts.len());
            parts[at][0] ^= first;
            parts[at][1] ^= second;
        }
    }
    let mut bytes = parts.concat();
    for mutation in mutations.into_iter() {
        let length = bytes.len();
        if length == 0 {
            break;
        }
        match mutation {
            Mutation::Flip(at, bit) => bytes[at.index(length)] ^= bit,
            Mutation::Replace(at, octet) => bytes[at.index(length)] = octet,
            Mutation::Remove(at) => _ = bytes.remove(at.index(length)),
            Mutation::Insert(at, octet) => bytes.insert(at.index(length), octet),
            Mutation::CutOff(at) => bytes.truncate(at.index(length)),
            Mutation::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
            Mutation::Head(..) => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn both_read_a_legal_stream_alike(stream in streams(false)) {
        let bytes = stream.to_bytes();
        prop_assert_eq!(decode([&bytes[..]], MAX_MESSAGE, false).events, stream.events);
        assert_agreement(&bytes, MAX_MESSAGE);
    }

    #[test]
    fn both_refuse_the_same(stream in streams(false), mutations in vec(mutations(), 1..4)) {
        assert_agreement(&mutate(&stream.frames, mutations), MAX_MESSAGE);
    }

    #[test]
    fn both_have_the_same_limit(stream in streams(false), limit in 0usize..400) {
        assert_agreement(&stream.to_bytes(), limit);
    }

    #[test]
    fn both_make_the_same_of_noise(bytes in vec(any::<u8>(), 0..60)) {
        assert_agreement(&bytes, MAX_MESSAGE);
    }
}

/// The differences that the oracle allows are there: a newer tungstenite may close one, and the oracle is to forget it then.
#[test]
fn the_rules_in_which_they_differ() {
    let long_form = [0x81, 0x80 | 126, 0, 1, 0, 0, 0, 0, b'a'];
    let long_ping = [0x89, 0x80 | 126, 0, 1, 0, 0, 0, 0, b'a'];
    let unsent_code = Frame::new(CLOSE, close_payload(1005, b"")).to_bytes();
    let half_a_frame = &Frame::new(TEXT, b"\xff and more".to_vec()).to_bytes()[..8];
    for bytes in [&long_form[..], &long_ping, &unsent_code, half_a_frame] {
        assert!(decode([bytes], MAX_MESSAGE, false).error.is_some());
        assert!(decode_with_tungstenite(bytes, MAX_MESSAGE).error.is_none());
        assert_agreement(bytes, MAX_MESSAGE);
    }
    let newer_code = Frame::new(CLOSE, close_payload(1014, b"")).to_bytes();
    assert_ne!(
        decode([&newer_code[..]], MAX_MESSAGE, false).events,
        decode_with_tungstenite(&newer_code, MAX_MESSAGE).events
    );
    assert_agreement(&newer_code, MAX_MESSAGE);
}
