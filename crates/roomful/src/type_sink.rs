//! A stand-in for what collects types: without the feature `typescript` nobody does.

/// There is never a value of it.
pub struct TypeSink(());
