//! What the engine itself costs, with no socket near it: `cargo bench -p roomful-core`.
//!
//! Ids are UUIDs and states those of a cursor, because what is copied is what is paid for.

#![allow(missing_docs, reason = "criterion writes them without")]
#![allow(clippy::expect_used, reason = "what a benchmark makes itself is right, or the benchmark is wrong")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use roomful_core::room::{Audience, Effect, Input, Room, RoomConfig};
use roomful_core::{ConnectionId, Dialect, Json, Limits, MemberId, Millis, NodeId};

/// A room, and a clock that only this moves.
struct Bench {
    room: Room,
    now: Millis,
    effects: Vec<Effect>,
    tick: Millis,
}

impl Bench {
    fn new(members: u64) -> Self {
        let limits = Limits::default();
        let tick = limits.presence_tick_ms;
        let config = RoomConfig {
            node: NodeId(0),
            epoch: "e".into(),
            last_seq: 0,
            may_be_put_away: false,
            limits: Arc::new(limits),
        };
        let mut bench = Self { room: Room::restore(config, []), now: 1_000, effects: Vec::new(), tick };
        for connection in 0..members {
            bench.next_tick();
            bench.give(join(connection));
        }
        bench.next_tick();
        bench
    }

    fn give(&mut self, input: Input) {
        self.effects.clear();
        self.room.handle(input, self.now, &mut self.effects).expect("nothing here is refused");
    }

    /// The room is quiet again.
    fn next_tick(&mut self) {
        self.now += 2 * self.tick;
    }
}

fn member(connection: u64) -> MemberId {
    MemberId::from_random(u128::from(connection) << 96 | 0x1234_5678_9abc_def0)
}

fn state(n: u64) -> Json {
    Json::encode(&serde_json::json!({ "x": n % 1_920, "y": n % 1_080, "name": "Ann" })).expect("a value is JSON")
}

fn join(connection: u64) -> Input {
    Input::Join {
        connection: ConnectionId(connection),
        dialect: Dialect::V1,
        member: member(connection),
        state: Some(state(connection)),
    }
}

/// One comes to a quiet room and goes again.
fn join_and_leave_2000(c: &mut Criterion) {
    let mut bench = Bench::new(2_000);
    c.bench_function("join and leave, room of 2,000", |b| {
        b.iter(|| {
            bench.next_tick();
            bench.give(join(9_999));
            black_box(&bench.effects);
            bench.next_tick();
            bench.give(Input::Leave { connection: ConnectionId(9_999) });
        });
    });
}

/// All of them come at once, and the ticks let them in. Each frame is dropped at once, as a socket that takes it does.
fn stampede_2000(c: &mut Criterion) {
    let mut group = c.benchmark_group("stampede");
    group.sample_size(10);
    group.bench_function("2,000 come at once", |b| {
        b.iter(|| {
            let mut bench = Bench::new(0);
            for connection in 0..2_000 {
                bench.give(join(connection));
            }
            while bench.room.roster().len() < 2_000 {
                bench.now += bench.tick;
                bench.give(Input::Wake);
            }
        });
    });
}

/// Every member has moved: one tick's frame of all of them. What moving costs is not in it.
fn presence_flush_500(c: &mut Criterion) {
    let mut bench = Bench::new(500);
    let mut moves = 0;
    c.bench_function("presence flush, all of 500", |b| {
        b.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                for connection in 0..500 {
                    moves += 1;
                    let state = Some(state(moves));
                    bench.give(Input::SetPresence { connection: ConnectionId(connection), state });
                }
                bench.next_tick();
                let began = Instant::now();
                bench.give(Input::Wake);
                took += began.elapsed();
                assert!(matches!(&*bench.effects, [Effect::Updates { each, .. }] if each.len() >= 499));
                bench.now += 1;
            }
            took
        });
    });
}

/// One member moves in a room that collects already.
fn set_presence_500(c: &mut Criterion) {
    let mut bench = Bench::new(500);
    let mut moves = 0;
    c.bench_function("set presence, room of 500", |b| {
        b.iter(|| {
            moves += 1;
            let (connection, state) = (ConnectionId(moves % 500), Some(state(moves)));
            bench.give(Input::SetPresence { connection, state });
        });
    });
}

fn broadcast_500(c: &mut Criterion) {
    let mut bench = Bench::new(500);
    let msg = Json::encode(&"x".repeat(64)).expect("a text is JSON");
    c.bench_function("broadcast, room of 500", |b| {
        b.iter(|| {
            let to = Audience::AllBut(ConnectionId(7));
            bench.give(Input::Broadcast { from: Some(member(7)), to, msg: msg.clone() });
        });
    });
}

criterion_group!(room, join_and_leave_2000, stampede_2000, presence_flush_500, set_presence_500, broadcast_500);
criterion_main!(room);
