//! One frame from a socket to five hundred, for `cargo xtask instructions`, which runs this under callgrind and has it
//! count what happens in [`read`], [`handle`] and [`write`], in one of them each time.
//!
//! Its one word is how many frames are to be counted. Those before them, which grow buffers and fill caches, are not.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench that does not do its work must stop")]

#[cfg(unix)]
mod world;

#[cfg(unix)]
fn main() {
    use roomful_core::Dialect;
    use world::World;

    const NOT_COUNTED: usize = 8;
    // `cargo bench` has words of its own, which are no number.
    let counted = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1);
    let mut world = World::new(&[(Dialect::V1, false)], 64);
    for _ in 0..NOT_COUNTED {
        world.say(1);
        world.read();
        world.handle();
        world.write();
    }
    for _ in 0..counted {
        world.say(1);
        read(&mut world);
        handle(&mut world);
        write(&mut world);
    }
    world.check(NOT_COUNTED + counted);
    println!("{} were sent each of {counted} frames", world::LISTENERS);
}

/// What was read becomes a job for the hook.
#[cfg(unix)]
#[inline(never)]
fn read(world: &mut world::World) {
    world.read();
    std::hint::black_box(world);
}

/// The job becomes a frame of the room's.
#[cfg(unix)]
#[inline(never)]
fn handle(world: &mut world::World) {
    world.handle();
    std::hint::black_box(world);
}

/// The frame is written to everybody.
#[cfg(unix)]
#[inline(never)]
fn write(world: &mut world::World) {
    world.write();
    std::hint::black_box(world);
}

#[cfg(not(unix))]
fn main() {}
