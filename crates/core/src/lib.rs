//! The rooms protocol as a state machine: no I/O, no clock, no randomness.
