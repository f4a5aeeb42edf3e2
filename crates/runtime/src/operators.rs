//! Whether operators may look into this process.

/// Nobody can look into a Durable Object: what would be counted for them is left out there, and its code with it.
pub(crate) const MAY_LOOK_IN: bool = cfg!(not(target_family = "wasm"));
