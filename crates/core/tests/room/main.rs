//! The room engine, one input after another, with the exact frames that each leads to.
//!
//! A line stands for one effect, as the frames that are made of it: `ann <- FRAME` goes to one member, `all <- FRAME` and
//! `all but ann <- FRAME` to the room (`plain:` and `v1:` before it where the dialects differ), `update <- FRAME` to
//! everybody and may be conflated. `in is ann` says that she waits no longer, `user u came by ann` and `user u went` are what
//! the app is told of users, and `keep` is what a restored room is built from. `wake at` is no effect: the driver asks for the next wake after each input, and sets its timer anew.

mod away;
mod cluster;
mod cursors;
mod drain;
mod history;
mod info;
mod large;
mod membership;
mod messages;
mod numbers;
mod presence;
mod restore;
mod script;
mod users;
mod wakes;
