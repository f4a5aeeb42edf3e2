//! The frames of one room that go out together.
//!
//! They are encoded once for each kind of receiver, one behind the other, and everybody of that kind is sent the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use roomful_core::Dialect;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_runtime::{Shared, SharedFrames, SharedUpdates};
use roomful_websocket::deflate::{Deflater, MIN_PAYLOAD};
use roomful_websocket::{Opcode, encode};

/// What makes a room's frames smaller.
pub(super) struct Compression<'a> {
    pub(super) deflater: &'a mut Deflater,
    /// Frames of fewer bytes are left as they are.
    pub(super) from_bytes: usize,
}

/// A buffer that grew past this is not kept for the next tick.
const KEPT_BYTES: usize = 64 << 10;

/// What a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) dialect: Dialect,
    pub(super) deflate: bool,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self { dialect: Dialect::Plain, deflate: false },
        Self { dialect: Dialect::Plain, deflate: true },
        Self { dialect: Dialect::V1, deflate: false },
        Self { dialect: Dialect::V1, deflate: true },
    ];

    fn place(self) -> usize {
        2 * usize::from(self.dialect == Dialect::V1) + usize::from(self.deflate)
    }
}

/// How many receivers there are of each kind.
#[derive(Debug, Default)]
pub(super) struct Census([usize; 4]);

impl Census {
    pub(super) fn add(&mut self, kind: Kind) {
        self.0[kind.place()] += 1;
    }

    pub(super) fn remove(&mut self, kind: Kind) {
        self.0[kind.place()] -= 1;
    }
}

/// One frame, or one tick's presence.
#[derive(Debug)]
pub(super) enum Item {
    Frame(Arc<SharedFrames>),
    Updates(Arc<SharedUpdates>),
}

/// Items with the numbers from `first`, and their bytes for each kind.
#[derive(Debug, Default)]
pub(super) struct Tick {
    first: u64,
    items: Vec<Item>,
    encoded: [Encoded; 4],
    /// What the items were counted as where they waited.
    weight: usize,
}

#[derive(Debug, Default)]
struct Encoded {
    bytes: Vec<u8>,
    /// Where each item ends.
    ends: Vec<usize>,
}

impl Tick {
    /// The number that the next item gets.
    pub(super) fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Appends an item, for the kinds of whom there are any.
    pub(super) fn push(&mut self, item: Item, weight: usize, receivers: &Census, mut compression: Compression<'_>) {
        for kind in Kind::ALL {
            let encoded = &mut self.encoded[kind.place()];
            if receivers.0[kind.place()] > 0 {
                item.encode(kind, &mut compression, &mut encoded.bytes);
            }
            encoded.ends.push(encoded.bytes.len());
        }
        self.items.push(item);
        self.weight += weight;
    }

    /// The bytes of all items from this number on.
    pub(super) fn bytes_from(&self, number: u64, kind: Kind) -> &[u8] {
        let encoded = &self.encoded[kind.place()];
        encoded.bytes.get(encoded.start(self.index(number))..).unwrap_or_default()
    }

    /// Of what [`bytes_from`](Tick::bytes_from) gives, `sent` bytes are sent: the rest of the item that is sent in part, and
    /// the number of the first of which nothing is.
    pub(super) fn unsent(&self, number: u64, kind: Kind, sent: usize) -> (&[u8], u64) {
        let encoded = &self.encoded[kind.place()];
        let at = encoded.start(self.index(number)) + sent;
        let whole = encoded.ends.partition_point(|end| *end <= at);
        if encoded.start(whole) == at {
            return (&[], self.first + whole as u64);
        }
        let end = encoded.start(whole + 1);
        (encoded.bytes.get(at..end).unwrap_or_default(), self.first + whole as u64 + 1)
    }

    /// Puts the items from this number on where a slow reader's frames wait. `Ok(true)`: older states were replaced.
    pub(super) fn queue(&self, number: u64, dialect: Dialect, outbox: &mut Outbox) -> Result<bool, Overflow> {
        let mut conflated = false;
        for item in self.items.iter().skip(self.index(number)) {
            conflated |= item.queue(dialect, outbox)?;
        }
        Ok(conflated)
    }

    /// Takes the items out, and leaves an empty tick behind them that goes on counting.
    pub(super) fn take(&mut self) -> Tick {
        let next = Tick { first: self.end(), ..Tick::default() };
        std::mem::replace(self, next)
    }

    /// The memory of a tick that has landed, with nothing in it.
    pub(super) fn into_spare(mut self) -> Tick {
        self.items.clear();
        for Encoded { bytes, ends } in &mut self.encoded {
            bytes.clear();
            bytes.shrink_to(KEPT_BYTES);
            ends.clear();
        }
        Tick { first: 0, weight: 0, ..self }
    }

    /// Goes on with this memory. For an empty tick.
    pub(super) fn adopt(&mut self, spare: Tick) {
        *self = Tick { first: self.first, ..spare };
    }

    fn index(&self, number: u64) -> usize {
        usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl Encoded {
    fn start(&self, index: usize) -> usize {
        match index.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(self.bytes.len()),
        }
    }
}

impl Item {
    fn encode(&self, kind: Kind, compression: &mut Compression<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Frame(frames) => {
                if let Some(frame) = frames.get(kind.dialect) {
                    encode_shared(frame, kind.deflate, compression, out);
                }
            }
            Self::Updates(updates) => match kind.dialect {
                Dialect::Plain => {
                    updates.plain().iter().for_each(|frame| encode::push_message(out, Opcode::Text, frame));
                }
                Dialect::V1 => {
                    if let Some(frame) = updates.v1() {
                        encode_shared(frame, kind.deflate, compression, out);
                    }
                }
            },
        }
    }

    fn queue(&self, dialect: Dialect, outbox: &mut Outbox) -> Result<bool, Overflow> {
        match self {
            Self::Frame(frames) => frames.queue(dialect, outbox).map(|()| false),
            Self::Updates(updates) => updates.queue(dialect, outbox),
        }
    }
}

fn encode_shared(shared: &Shared, deflate: bool, compression: &mut Compression<'_>, out: &mut Vec<u8>) {
    let Compression { deflater, from_bytes } = compression;
    let frame = shared.frame();
    if deflate
        && frame.len() >= MIN_PAYLOAD.max(*from_bytes)
        && let Some(deflated) = shared.deflated(|frame| deflater.deflate(frame).map(Bytes::copy_from_slice))
    {
        return encode::push_compressed(out, Opcode::Text, deflated);
    }
    encode::push_message(out, Opcode::Text, &frame);
}

#[cfg(test)]
mod tests {
    use roomful_core::frame::encode::{batch, update};
    use roomful_core::frame::fanout::Spoken;
    use roomful_core::room::{News, Update};
    use roomful_core::roster::Number;
    use roomful_core::{Json, MemberId};

    use super::*;

    fn cursors() -> Vec<Update> {
        let mut random = 1_u32;
        let mut next = move || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random >> 8
        };
        let cursor = |number| {
            let member =
                MemberId::from_random(u128::from(next()) << 96 | u128::from(next()) << 32 | u128::from(number));
            let name = format!("~{:07x}{:06x}", next(), next() & 0xff_ffff);
            let state = serde_json::json!({ "x": next() % 1920, "y": next() % 1080, "name": name });
            Update { member, number: Number(number), news: News::State, info: None, state: Json::encode(&state).ok() }
        };
        (0..500).map(cursor).collect()
    }

    /// What a tick is on the wire for one kind of receiver.
    fn sent(updates: &[Update], kind: Kind) -> usize {
        let (mut tick, mut census, mut deflater) = (Tick::default(), Census::default(), Deflater::new());
        census.add(kind);
        let updates = SharedUpdates::new(updates.to_vec(), Spoken::one(kind.dialect));
        let compression = Compression { deflater: &mut deflater, from_bytes: 128 };
        tick.push(Item::Updates(Arc::new(updates)), 0, &census, compression);
        tick.bytes_from(0, kind).len()
    }

    #[test]
    fn a_tick_is_at_most_sixty_bytes_a_cursor_for_v1_and_smaller_compressed_too() {
        let cursors = cursors();
        let of = |dialect, deflate| sent(&cursors, Kind { dialect, deflate });
        let (plain, v1) = (of(Dialect::Plain, false), of(Dialect::V1, false));
        assert!(v1 <= 60 * cursors.len(), "{v1} bytes");
        assert!(2 * v1 < plain, "{v1} bytes, and {plain} with ids");
        let singly: Vec<_> = cursors.iter().map(|cursor| update(&cursor.member, cursor.state.as_ref())).collect();
        let with_ids = Deflater::new().deflate(&batch(singly.iter())).map(<[u8]>::len).unwrap();
        let compressed = of(Dialect::V1, true);
        assert!(3 * compressed < 2 * with_ids, "{compressed} bytes, and {with_ids} with ids");
        assert!(2 * compressed < v1, "{compressed} bytes, and {v1} as they are");
    }
}
