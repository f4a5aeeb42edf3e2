//! Typed WebSocket rooms with a presence roster.
