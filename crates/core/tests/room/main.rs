//! The room engine, one input after another, with the exact frames that each leads to.
//!
//! A line stands for one effect: `1 <- FRAME` goes to connection 1, `all <- FRAME` and `all but 1 <- FRAME` to the room
//! (`plain:` and `v1:` before it where the dialects differ), `update <- FRAME` to everybody and may be conflated,
//! `in is 1` says that connection 1 waits no longer,
//! `keep` is what a restored room is built from, and `wake at` asks to be woken.

mod cursors;
mod large;
mod membership;
mod messages;
mod presence;
mod restore;
mod script;
