//! The life of a member: every event in every state, and what holds whatever comes in whatever order.

mod always;
mod events;
mod table;
