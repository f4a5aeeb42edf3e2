//! What `behaviour` says of rooms and sockets, said of those that are `.inline()`: what a client sends is handled by whoever
//! reads it, up to where the hook waits, and nobody can tell.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]
#![allow(
    dead_code,
    reason = "not every test of `behaviour` is here, and some of what they share is for the others alone"
)]

#[path = "../behaviour/away.rs"]
mod away;
#[path = "../behaviour/bad_input.rs"]
mod bad_input;
#[path = "../behaviour/denials.rs"]
mod denials;
#[path = "../behaviour/drain.rs"]
mod drain;
#[path = "../behaviour/entering.rs"]
mod entering;
#[path = "../behaviour/expiry.rs"]
mod expiry;
#[path = "../behaviour/gives_way.rs"]
mod gives_way;
#[path = "../behaviour/guards.rs"]
mod guards;
#[path = "../behaviour/handle.rs"]
mod handle;
#[path = "../behaviour/hooks.rs"]
mod hooks;
#[path = "../behaviour/info.rs"]
mod info;
#[path = "../behaviour/inspection.rs"]
mod inspection;
#[path = "../behaviour/keeper.rs"]
mod keeper;
#[path = "../behaviour/kept.rs"]
mod kept;
#[path = "../behaviour/large.rs"]
mod large;
#[path = "../behaviour/large_numbers.rs"]
mod large_numbers;
#[path = "../behaviour/late.rs"]
mod late;
#[path = "../behaviour/lent.rs"]
mod lent;
#[path = "../behaviour/metrics.rs"]
mod metrics;
#[path = "../behaviour/moments.rs"]
mod moments;
#[path = "../behaviour/on_presence.rs"]
mod on_presence;
#[path = "../behaviour/order.rs"]
mod order;
#[path = "../behaviour/overload.rs"]
mod overload;
#[path = "../behaviour/race.rs"]
mod race;
#[path = "../behaviour/resume.rs"]
mod resume;
#[path = "../behaviour/scripted.rs"]
mod scripted;
#[path = "../behaviour/sockets/mod.rs"]
mod sockets;
#[path = "../behaviour/storm.rs"]
mod storm;
#[path = "../behaviour/tunnel.rs"]
mod tunnel;
#[path = "../behaviour/upgraded_anew.rs"]
mod upgraded_anew;
#[path = "../behaviour/users.rs"]
mod users;

const INLINE: bool = true;
