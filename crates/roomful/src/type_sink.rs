//! What the derives tell their types to where nobody asks: see the `typescript` feature.

/// Never made.
pub struct TypeSink(());
