//! What a message to five hundred costs, on one thread and without TCP: `cargo bench -p roomful-axum --features bench`.
//!
//! Each part of its way alone, as `cargo xtask instructions` counts them, and then all of it, for bursts and for receivers
//! of every kind. Most of what writing takes is the kernel's.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, clippy::panic, reason = "a bench that does not do its work must stop")]

#[cfg(unix)]
mod world;

#[cfg(unix)]
mod measured {
    use std::ops::Range;
    use std::time::{Duration, Instant};

    use criterion::{Criterion, criterion_group};
    use roomful_core::Dialect;

    use crate::world::{Kind, World};

    const V1: &[Kind] = &[(Dialect::V1, false)];
    const EVERY_KIND: &[Kind] =
        &[(Dialect::Plain, false), (Dialect::Plain, true), (Dialect::V1, false), (Dialect::V1, true)];

    /// The listeners read after so many writes: a socket that takes no more would be measured too.
    const WRITES: u64 = 32;

    const PARTS: [fn(&mut World); 3] = [World::read, World::handle, World::write];
    const READ: Range<usize> = 0..1;
    const HANDLE: Range<usize> = 1..2;
    const WRITE: Range<usize> = 2..3;
    const ALL: Range<usize> = 0..3;

    fn parts(criterion: &mut Criterion) {
        let mut world = World::new(V1, 64);
        for (name, parts) in [("read", READ), ("handle", HANDLE), ("write", WRITE)] {
            measure(criterion, &format!("64 B to 500: {name}"), &mut world, (1, parts));
        }
    }

    fn whole(criterion: &mut Criterion) {
        measure(criterion, "16 at once of 64 B to 500", &mut World::new(V1, 64), (16, ALL));
        measure(criterion, "1 KiB to 500", &mut World::new(V1, 1_024), (1, ALL));
        // Of one letter, so that deflating costs little: `cargo bench -p roomful-websocket` has what it costs.
        measure(criterion, "1 KiB to 500, of every kind", &mut World::new(EVERY_KIND, 1_024), (1, ALL));
    }

    /// Bursts of so many messages: how long these parts of their way take.
    fn measure(criterion: &mut Criterion, name: &str, world: &mut World, (burst, parts): (usize, Range<usize>)) {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                let mut unread = 0;
                for nth in 1..=times {
                    world.say(burst);
                    for (at, part) in PARTS.iter().enumerate() {
                        let began = Instant::now();
                        part(world);
                        if parts.contains(&at) {
                            took += began.elapsed();
                        }
                    }
                    unread += burst;
                    if nth % WRITES == 0 || nth == times {
                        world.check(std::mem::take(&mut unread));
                    }
                }
                took
            });
        });
    }

    criterion_group!(fanout, parts, whole);
}

#[cfg(unix)]
criterion::criterion_main!(measured::fanout);

#[cfg(not(unix))]
fn main() {}
