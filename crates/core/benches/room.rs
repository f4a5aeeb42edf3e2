//! What the engine costs, and the frames that are made of what it says, with no socket near it:
//! `cargo bench -p roomful-core`.
//!
//! Ids are UUIDs and states those of a cursor, because what is copied is what is paid for.

#![allow(missing_docs, reason = "criterion writes them without")]
#![allow(clippy::expect_used, reason = "what a benchmark makes itself is right, or the benchmark is wrong")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use roomful_core::frame::encode::{self, SnapshotFacts};
use roomful_core::frame::fanout::{self, Spoken};
use roomful_core::room::{Audience, Effect, Input, Newcomer, RoomConfig, RoomEngine};
use roomful_core::roster::Place;
use roomful_core::{Dialect, Json, Limits, MemberId, Millis, NodeId};

/// A room whose members all speak v1, and a clock that only this moves.
struct Bench {
    room: RoomEngine,
    members: Vec<MemberId>,
    now: Millis,
    effects: Vec<Effect>,
    limits: Arc<Limits>,
}

impl Bench {
    fn new(members: u64) -> Self {
        let limits = Arc::new(Limits::default());
        let config = RoomConfig {
            node: NodeId(0),
            cluster: None,
            epoch: "e".into(),
            last_seq: 0,
            may_be_put_away: false,
            first_place: Place(0),
            limits: Arc::clone(&limits),
        };
        let room = RoomEngine::restore(config, []);
        let mut bench = Self { room, members: Vec::new(), now: 1_000, effects: Vec::new(), limits };
        for n in 0..members {
            bench.next_tick();
            bench.give(join(n));
            bench.members.push(member(n));
        }
        bench.next_tick();
        bench
    }

    fn give(&mut self, input: Input) {
        self.effects.clear();
        self.room.handle(input, self.now, &mut self.effects).expect("nothing here is refused");
        self.effects.iter().for_each(|effect| self.encode(effect));
    }

    fn encode(&self, effect: &Effect) {
        let spoken = Spoken::one(Dialect::V1);
        match effect {
            Effect::Snapshot { to, listing, seq } => {
                let facts = SnapshotFacts { seq: *seq, epoch: self.room.epoch(), limits: &self.limits, session: None };
                black_box(encode::snapshot(Dialect::V1, to, &listing.v1, facts));
            }
            Effect::Membership { changes, .. } => {
                black_box(fanout::membership(changes, spoken));
            }
            Effect::Presence { updates } => {
                black_box(fanout::updates(updates, spoken));
            }
            Effect::Said { seq, from, msg, .. } => {
                black_box(fanout::said(from.as_ref(), msg, *seq, spoken));
            }
            _ => {}
        }
    }

    fn member(&self, n: u64) -> MemberId {
        self.members[n as usize % self.members.len()].clone()
    }

    /// The room is quiet again.
    fn next_tick(&mut self) {
        self.now += 2 * self.limits.presence_tick_ms;
    }
}

fn member(n: u64) -> MemberId {
    MemberId::from_random(u128::from(n) << 96 | 0x1234_5678_9abc_def0)
}

fn state(n: u64) -> Json {
    Json::encode(&serde_json::json!({ "x": n % 1_920, "y": n % 1_080, "name": "Ann" })).expect("a value is JSON")
}

fn join(n: u64) -> Input {
    Input::Join(Newcomer { state: Some(state(n)), ..Newcomer::new(member(n)) })
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
            bench.give(Input::Leave { member: member(9_999) });
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
            for n in 0..2_000 {
                bench.give(join(n));
            }
            while bench.room.roster().len() < 2_000 {
                bench.now += bench.limits.presence_tick_ms;
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
                for n in 0..500 {
                    moves += 1;
                    let (member, state) = (bench.member(n), Some(state(moves)));
                    bench.give(Input::SetPresence { member, state });
                }
                bench.next_tick();
                let began = Instant::now();
                bench.give(Input::Wake);
                took += began.elapsed();
                assert!(matches!(&*bench.effects, [Effect::Presence { updates }] if updates.len() >= 499));
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
            let (member, state) = (bench.member(moves), Some(state(moves)));
            bench.give(Input::SetPresence { member, state });
        });
    });
}

fn broadcast_500(c: &mut Criterion) {
    let mut bench = Bench::new(500);
    let msg = Json::encode(&"x".repeat(64)).expect("a text is JSON");
    c.bench_function("broadcast, room of 500", |b| {
        b.iter(|| {
            let from = bench.member(7);
            let to = Audience::AllBut(from.clone());
            bench.give(Input::Broadcast { from: Some(from), to, msg: msg.clone() });
        });
    });
}

criterion_group!(room, join_and_leave_2000, stampede_2000, presence_flush_500, set_presence_500, broadcast_500);
criterion_main!(room);
