//! Rooms as an app sees them, driven in memory by the test kit.

mod bad_input;
mod drain;
mod guards;
mod hooks;
mod order;
mod scripted;
