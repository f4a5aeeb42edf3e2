//! What the server alone says: [feeds](Events) of events, and [live values](LiveValue) that are loaded anew when something may
//! have changed.
//!
//! Who listens is no member: nobody is held, and nothing is kept of a listener but that it listens. What makes one who lost its
//! socket miss nothing is a [`Position`], which it presents itself; what is kept for it is the feed's, and the same for all.

mod events;
mod live;
mod position;

pub use events::{Answer, Events, Numbered};
pub use live::{Effect, Input, LiveTerms, LiveValue, LoadId, Welcome};
pub use position::{FeedEpoch, InvalidPosition, Position};
